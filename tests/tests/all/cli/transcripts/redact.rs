//! What differs from run to run or from build to build has a name in a transcript. A name stands for one
//! form, so that a value of another form shows as a difference.

use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::sandbox::Sandbox;

/// Names and forms, in the order in which they are looked for; a group `v` is the part that is named.
const FORMS: [(&str, &str); 17] = [
    ("digest", r"sha256:(?<v>[0-9a-f]{64})\b"),
    ("short digest", r"sha256:(?<v>[0-9a-f]{12})\b"),
    ("decision", r"\b(?<v>[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\b"),
    ("n", r#"(?<v>\b[0-9]+) us$|"?duration_us"?[:=] ?(?<w>[0-9]+)"#),
    ("milliseconds", r#""duration_ms": ?(?<v>[0-9]+)|time="(?<w>[0-9]+\.[0-9]{3})""#),
    ("time", r" in (?<v>[0-9.]+ m?s)\b"),
    ("port", r"\b127\.0\.0\.1:(?<v>[1-9][0-9]{3,4})\b"),
    (
        "now",
        r"\b(?<v>20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z)",
    ),
    ("size", r#"(?<v>\b[0-9]{6}) bytes|"size_bytes": ?(?<w>[0-9]{6})\b"#),
    ("fuel", r#"(?<v>\b[0-9]{4,6}) fuel\b|"fuel": ?(?<w>[0-9]{4,6})\b"#),
    ("version", r"\badmit (?<v>[0-9]+\.[0-9]+\.[0-9]+)\b"),
    ("access token", r"\b(?<v>admit_[A-Za-z0-9_-]{8}_[A-Za-z0-9_-]{43})\b"),
    ("token", r"\b(?<v>eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{342})"),
    ("os error", r"\(os error (?<v>[0-9]{1,3})\)"),
    ("temporary", r"/\.tmp(?<v>[A-Za-z0-9]{6})\b"),
    ("modulus", r#""n": ?"(?<v>[A-Za-z0-9_-]{342})""#),
    ("kid", r#""kid": ?"(?<v>[A-Za-z0-9_-]{20,43})""#),
];

/// The fixture's tokens are of this hour, in the same form in each run.
const FIXED: [&str; 2] = ["2025-12-31T23:", "2026-01-01T0"];

/// The text with names in the place of values.
pub(super) fn redacted(text: &str, sandbox: &Sandbox) -> String {
    static PATTERNS: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| {
        let multi_line = |form: &str| Regex::new(&format!("(?m){form}")).unwrap();
        FORMS.map(|(name, form)| (name, multi_line(form))).to_vec()
    });
    let text = sandbox
        .names()
        .iter()
        .fold(text.to_owned(), |text, (value, name)| text.replace(value, name));
    patterns.iter().fold(text, |text, (name, pattern)| {
        let named = |found: &Captures<'_>| {
            let value = found.name("v").or_else(|| found.name("w")).unwrap();
            let (all, value) = (&found[0], value.as_str());
            if FIXED.iter().any(|fixed| value.starts_with(fixed)) {
                all.to_owned()
            } else {
                all.replacen(value, &format!("[{name}]"), 1)
            }
        };
        pattern.replace_all(&text, named).into_owned()
    })
}
