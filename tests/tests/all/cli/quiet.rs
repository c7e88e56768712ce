//! No part of a token, and no name of a person, reaches standard error.

use admit_tests::fixture::{CLIENT, claims, issuer, with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::run::{DECIDE, DECIDE_MAM, Folder, Run};

/// Letters in a row that nothing but the token itself has.
const PART: usize = 12;

fn assert_quiet(run: &Run, tokens: &[&str]) {
    let err = &run.err;
    for token in tokens {
        let segments = token.split('.').map(str::as_bytes);
        for part in segments.flat_map(|segment| segment.windows(PART.min(segment.len().max(1)))) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(!err.contains(part), "`{part}` in {err}");
        }
    }
    let lower = err.to_lowercase();
    for name in ["adele", "vance", "contoso"] {
        assert!(!lower.contains(name), "`{name}` in {err}");
    }
    assert!(!err.contains("panicked"), "{err}");
}

fn traced(folder: &Folder, arguments: &str) -> Run {
    Run::of(folder.command(arguments).env("ADMIT_LOG", "trace"))
}

#[test]
fn the_log_of_every_outcome_is_quiet() {
    let folder = Folder::new();
    let good = folder.token("good.jwt", json!({}));
    let denied = folder.token("denied.jwt", json!({"aud": "https://other.example"}));
    let unnamed = folder.token("unnamed.jwt", json!({"preferred_username": "adele\u{202e}vance"}));
    let ask = folder.token("mam.jwt", json!({"scp": "login.mattermost"}));
    let claims_invalid = folder.token("invalid.jwt", json!({"upn": ["adele.vance"]}));
    let forged = forged(&good);
    folder.write("forged.jwt", &forged);
    let cut = &good[..good.len() / 2];
    folder.write("cut.jwt", cut);
    let unknown = admit::issuer::Issuer::generate().unwrap().sign(&claims());
    folder.write("unknown.jwt", &unknown);
    let down = DECIDE.replace("keys.json", "http://127.0.0.1:1/keys");
    for (arguments, token, code, outcome, logged) in [
        (format!("{DECIDE} good.jwt"), &*good, 0, "allow", "decided"),
        (format!("{DECIDE_MAM} mam.jwt"), &*ask, 1, "ask", "decided"),
        (format!("{DECIDE} denied.jwt"), &*denied, 1, "deny", "token refused"),
        (format!("{DECIDE} unnamed.jwt"), &*unnamed, 1, "deny", "token refused"),
        (format!("{DECIDE} invalid.jwt"), &*claims_invalid, 1, "invalid", "token refused"),
        (format!("{DECIDE} forged.jwt"), &*forged, 1, "invalid", "token refused"),
        (format!("{DECIDE} cut.jwt"), cut, 1, "invalid", "token refused"),
        (format!("{DECIDE} unknown.jwt"), &*unknown, 1, "invalid", "token refused"),
        (format!("{down} good.jwt"), &*good, 1, "failed", "no decision"),
    ] {
        let run = traced(&folder, &format!("{arguments} --output json"));
        assert_eq!(run.decision(code)["outcome"], outcome, "{arguments}");
        assert!(run.err.contains(logged), "{arguments}: {}", run.err);
        assert_quiet(&run, &[token]);
        assert_quiet(&traced(&folder, &format!("{arguments} --trace")), &[token]);
    }
}

/// The token with another signature.
fn forged(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    // The last letter of a segment has spare bits; keep it in place.
    format!("{input}.A{}", &turned[1..turned.len() - 1].to_owned())
        + &signature[signature.len() - 1..]
}

#[test]
fn other_forms_and_streams_are_quiet() {
    let folder = Folder::new();
    let good = folder.token("good.jwt", json!({}));
    let wrapped = STANDARD.encode(&good);
    folder.write("good.bst", &wrapped);
    folder.write("claims.json", with(claims(), json!({"aud": CLIENT})).to_string());
    folder.write("bad.xml", format!("<a b='{wrapped}'><{good}>"));
    let tokens = [&*good, &*wrapped];
    for arguments in [
        "--format binary-security-token good.bst",
        "--format jwt good.bst",
        "--format soap good.jwt",
        "--format soap bad.xml",
        "--format claims claims.json",
        "--format claims good.jwt",
    ] {
        assert_quiet(&traced(&folder, &format!("{DECIDE} {arguments}")), &tokens);
    }
    let lines = [
        json!({"id": good, "token": good}).to_string(),
        json!({"token": wrapped}).to_string(),
        json!({"claims": claims()}).to_string(),
        json!({good.as_str(): 1}).to_string(),
        format!("{{\"{good}\": 1, \"{good}\": 2}}"),
        json!({"token": "x", "facts": {good.as_str(): null}}).to_string(),
        json!({"token": good, "facts": {"account.exists": good}}).to_string(),
        json!({"token": good, "now": good}).to_string(),
        good.clone(),
        format!("{{\"token\": \"{good}"),
    ];
    folder.write("lines.jsonl", lines.join("\n"));
    let run = traced(&folder, &format!("{DECIDE_MAM} --jsonl lines.jsonl"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert_quiet(&run, &tokens);
}

#[test]
fn a_token_in_the_place_of_another_file_is_not_shown() {
    let folder = Folder::new();
    let good = folder.token("good.jwt", json!({}));
    for (file, other) in [
        ("windows-mdm", "./good.jwt"),
        ("windows.json", "good.jwt"),
        ("keys.json", "good.jwt"),
        ("1767225600", "1767225600 --facts good.jwt"),
    ] {
        let run = traced(&folder, &format!("{} good.jwt", DECIDE.replace(file, other)));
        assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{run:?}");
        assert_quiet(&run, &[&good]);
    }
    folder.write("named.json", json!({good.as_str(): []}).to_string());
    let run =
        traced(&folder, &format!("{} good.jwt", DECIDE.replace("windows.json", "named.json")));
    assert_eq!(run.code, Some(3));
    assert_quiet(&run, &[&good]);
    let run = traced(&folder, "issuer keys --key good.jwt");
    assert_eq!(run.code, Some(3));
    assert_quiet(&run, &[&good]);
}

#[test]
fn a_token_in_the_argument_list_is_refused_and_not_shown() {
    let folder = Folder::new();
    let good = issuer().sign(&claims());
    let wrapped = STANDARD.encode(&good);
    let signature = good.rsplit('.').next().unwrap();
    for arguments in [
        format!("{DECIDE} {good}"),
        format!("{DECIDE} good.jwt {good}"),
        format!("{DECIDE} --token {good}"),
        format!("{DECIDE} --token={good}"),
        format!("{DECIDE} --{good}"),
        format!("{DECIDE} {wrapped}"),
        format!("{DECIDE} {signature}"),
        format!("{DECIDE} Bearer {good}"),
        format!("{DECIDE} --jsonl {good}"),
        format!("{DECIDE} --jsonl {}", json!({"token": good})),
        DECIDE.replace("windows-mdm", &good),
        DECIDE.replace("windows.json", &good),
        DECIDE.replace("keys.json", &good),
        DECIDE.replace("1767225600", &good),
        format!("{DECIDE} --cloud {good} good.jwt"),
        format!("inspect {good}"),
        format!("issuer token --aud {good}"),
        good.clone(),
    ] {
        let run = traced(&folder, &arguments);
        assert_eq!(
            run.refusal(2),
            "an argument looks like a token; a token is never taken from the argument list, where \
             other users of this machine can see it: name a file, or pipe the token in"
        );
        assert_quiet(&run, &[&good, &wrapped]);
    }
}
