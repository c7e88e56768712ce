//! Hostile values in the log: escaped, cut, and on the one line of their decision.

use admit_tests::fixture::{claims, issuer};
use serde_json::json;

use super::run::{DECIDE, Folder, Run};

/// Decides a token with this `kid`, with the log at its most talkative.
fn with_kid(folder: &Folder, kid: &str) -> Run {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid});
    let token = issuer().sign_parts(header.to_string(), claims().to_string());
    folder.write("hostile.jwt", token);
    let arguments = format!("{DECIDE} --output json hostile.jwt");
    Run::of(folder.command(&arguments).env("ADMIT_LOG", "trace"))
}

/// The one line about the refusal.
fn refusal(run: &Run) -> &str {
    let refusals: Vec<_> = run.err.lines().filter(|line| line.contains("token refused")).collect();
    let [line] = refusals[..] else { panic!("not one refusal: {run:?}") };
    line
}

#[test]
fn b3_a_hostile_key_id_stays_in_its_quotes_and_on_its_line() {
    let folder = Folder::new();
    let lines = with_kid(&folder, "harmless").err.lines().count();
    let cut = format!("{}…", "k".repeat(64));
    for (kid, shown) in [
        ("x\r\n2026-01-01T00:00:00Z  INFO forged", r"x\r\n2026-01-01T00:00:00Z  INFO forged"),
        ("\u{1b}[2J\u{1b}[31mred", r"\u{1b}[2J\u{1b}[31mred"),
        ("\u{9b}31mred", r"\u{9b}31mred"),
        ("\u{202e}gnp.exe", r"\u{202e}gnp.exe"),
        ("\u{2066}a\u{2069}", r"\u{2066}a\u{2069}"),
        ("a\u{85}b\u{2028}c\u{2029}d", r"a\u{85}b\u{2028}c\u{2029}d"),
        ("a\0b\u{8}\u{7f}", r"a\0b\u{8}\u{7f}"),
        ("a` in the JWK Set", r"a\u{60} in the JWK Set"),
        (&"k".repeat(256), &cut),
    ] {
        let run = with_kid(&folder, kid);
        assert_eq!(run.decision(1)["reason"], "token.key", "{kid:?}");
        let line = refusal(&run);
        assert!(line.contains(&format!("no key `{shown}` in")), "{kid:?}: {line:?}");
        assert!(line.chars().count() < 600, "{kid:?}: {line:?}");
        assert_eq!(run.err.lines().count(), lines, "{kid:?}: {:?}", run.err);
        let hostile = |c: char| {
            (c.is_control() && c != '\n') || ('\u{2000}'..='\u{206f}').contains(&c) && c != '…'
        };
        assert!(!run.err.contains(hostile), "{kid:?}: {:?}", run.err);
    }
}

#[test]
fn b3_a_key_id_of_64_kib_does_not_reach_the_log() {
    let folder = Folder::new();
    for (length, reason) in [(64 * 1_024, "token.too_large"), (16 * 1_024, "token.header")] {
        let run = with_kid(&folder, &"k".repeat(length));
        assert_eq!(run.decision(1)["reason"], reason);
        assert!(!refusal(&run).contains("kkkk"), "{run:?}");
        assert!(run.err.len() < 2_000, "{}", run.err.len());
    }
}
