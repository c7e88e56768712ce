//! Results for people. Values from tokens are escaped: the sender of the token chose them.

use std::io::{Result, Write};

use admit::decision::{Decision, Identity, Outcome, PolicyRef, Presentation, Retry};
use serde::Serialize;
use serde_json::Value;

/// A text that somebody else wrote, as people may see it: characters that do not show are escaped.
pub(crate) use admit::text::visible_line as clean;

use crate::terminal;

/// Columns of prose; values and codes are never broken.
const WIDTH: usize = 100;

/// Columns before what a label says.
const INDENT: usize = 13;

/// Prints a decision: what was decided, why, what to change, which policy.
pub(crate) fn decision(decision: &Decision, out: &mut dyn Write) -> Result<()> {
    headline(decision, out)?;
    why(decision, out)?;
    if let Some(identity) = decision.identity() {
        self::identity(identity, out)?;
    }
    if !decision.asks().is_empty() {
        let asks: Vec<_> = decision.asks().iter().map(|fact| clean(fact)).collect();
        entry(out, "wanted", &format!("facts {}", asks.join(", ")))?;
    }
    evidence(decision, out)?;
    if let Some(remedy) = decision.remedy() {
        prose(out, "remedy", remedy)?;
    }
    if let Some(presentation) = decision.presentation() {
        self::presentation(presentation, out)?;
    }
    for step in &decision.trace {
        entry(out, "rule", &format!("{:<8} {}", step.outcome, clean(&step.rule)))?;
    }
    footer(decision, out)
}

fn headline(decision: &Decision, out: &mut dyn Write) -> Result<()> {
    let outcome = terminal::outcome(&decision.outcome().as_str().to_uppercase());
    let reason = decision.reason().map(clean).unwrap_or_default();
    let unsigned = if decision.signature.is_some() { "  (SIGNATURE NOT VERIFIED)" } else { "" };
    writeln!(out, "{}{unsigned}", format!("{outcome} {reason}").trim_end())
}

fn why(decision: &Decision, out: &mut dyn Write) -> Result<()> {
    if decision.outcome() == Outcome::Ask {
        let what = "The token is good, but nobody is admitted yet: the policy wants to know more \
                    about the account.";
        prose(out, "what", what)?;
    }
    if let Some(title) = decision.title() {
        prose(out, "what", title)?;
    }
    match decision.detail() {
        Some(detail) => prose(out, "found", detail),
        None => Ok(()),
    }
}

fn evidence(decision: &Decision, out: &mut dyn Write) -> Result<()> {
    for observed in decision.observed() {
        let (kind, name) = match (&observed.claim, &observed.fact) {
            (Some(name), _) => ("claim", clean(name)),
            (_, name) => ("fact", clean(name.as_deref().unwrap_or_default())),
        };
        let held = bounded(observed.value.as_ref(), observed.entries, observed.cut, "missing");
        entry(out, "came", &format!("{kind} {name} = {held}"))?;
    }
    for expected in decision.expected() {
        let (value, entries, cut) = (expected.value.as_ref(), expected.entries, expected.cut);
        let configured = bounded(value, entries, cut, "not configured");
        entry(out, "configured", &format!("{} = {configured}", clean(&expected.setting)))?;
    }
    Ok(())
}

fn identity(identity: &Identity, out: &mut dyn Write) -> Result<()> {
    let user = match (&identity.user_name, &identity.user_name_claim) {
        (Some(name), Some(claim)) => format!("{} (a label, from {})", clean(name), clean(claim)),
        _ => "no name in the token".to_owned(),
    };
    entry(out, "user", &user)?;
    entry(out, "object id", &clean(&identity.object_id))?;
    entry(out, "tenant id", &clean(&identity.tenant_id))?;
    let others = [
        ("name", &identity.display_name),
        ("email", &identity.email),
        ("device id", &identity.device_id),
    ];
    for (label, other) in others {
        if let Some(other) = other {
            entry(out, label, &clean(other))?;
        }
    }
    Ok(())
}

pub(crate) fn presentation(presentation: &Presentation, out: &mut dyn Write) -> Result<()> {
    let mut parts =
        vec![format!("HTTP {}", presentation.http_status), clean(&presentation.error_id)];
    if presentation.retry == Retry::Once {
        parts.push("retry once".to_owned());
    }
    parts.extend(presentation.fallback.iter().map(|way| format!("fallback {}", clean(way))));
    if let Some(fault) = &presentation.mdm_fault {
        parts.push(format!("MDM fault {} {}", clean(&fault.subcode), fault.code));
    }
    entry(out, "answer", &parts.join(", "))?;
    if presentation.user_message.is_empty() {
        return Ok(());
    }
    prose(out, "user sees", &presentation.user_message)
}

fn footer(decision: &Decision, out: &mut dyn Write) -> Result<()> {
    let mut parts = Vec::new();
    parts.extend(decision.policy.as_ref().map(policy));
    parts.extend(decision.generation.map(|generation| format!("generation {generation}")));
    parts.extend(decision.token_version.as_ref().map(|version| format!("v{version} token")));
    parts.push(format!("{} us", decision.duration_us));
    entry(out, "decided by", &parts.join(", "))
}

/// A policy in a few words: name, version and the start of its digest.
pub(crate) fn policy(policy: &PolicyRef) -> String {
    let digest: String = policy.digest.chars().take("sha256:".len() + 12).collect();
    clean(&format!("{} {} ({digest})", policy.name, policy.version))
}

pub(crate) fn entry(out: &mut dyn Write, label: &str, text: &str) -> Result<()> {
    writeln!(out, "  {label:<10} {text}")
}

/// Labelled prose, on as many lines as it takes.
pub(crate) fn prose(out: &mut dyn Write, label: &str, text: &str) -> Result<()> {
    entry(out, label, &wrapped(text, INDENT))
}

/// Prose for people, cleaned, whose lines after the first start at column `indent`.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut column = indent;
    for word in clean(text).split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

/// A JSON document for people and programs, in which every character shows.
pub(crate) fn json_lines(out: &mut dyn Write, document: &impl Serialize) -> Result<()> {
    writeln!(out, "{}", admit::json::to_lines(document)?)
}

/// A JSON document on one line, in which every character shows.
pub(crate) fn json_line(out: &mut dyn Write, document: &impl Serialize) -> Result<()> {
    writeln!(out, "{}", admit::json::to_line(document)?)
}

pub(crate) fn value(value: Option<&Value>, missing: &str) -> String {
    value.map_or_else(|| missing.to_owned(), |value| cut(&clean(&value.to_string())))
}

/// Text that people read, and of a longer one the beginning and its length.
pub(crate) fn cut(text: &str) -> String {
    const MAX: usize = 500;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

/// A value of which only a part may be there, and of a longer list how many entries it has.
pub(crate) fn bounded(
    shown: Option<&Value>,
    entries: Option<usize>,
    is_cut: bool,
    missing: &str,
) -> String {
    let text = value(shown, if is_cut { "not shown, since it is too long" } else { missing });
    match entries {
        Some(entries) => format!("{text} and more, {entries} entries"),
        None => text,
    }
}

/// A noun as the number before it wants it.
pub(crate) fn plural(noun: &str, number: usize) -> String {
    if number == 1 { noun.to_owned() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_carries_cannot_steer_a_terminal() {
        assert_eq!(wrapped("a\u{1b}\r\n b", 2), "a\\u{1b}\\r\\n b");
    }

    #[test]
    fn prose_is_broken_between_words_before_the_last_column() {
        let text = "four ".repeat(40);
        let lines: Vec<_> = wrapped(&text, 13).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].len() + 13, 97);
        assert!(lines[1].starts_with("             four") && lines[1].len() == 97);
        assert_eq!(wrapped(&"x".repeat(200), 13).lines().count(), 1);
    }
}
