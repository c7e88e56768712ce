//! YAML and JSON of files that people write, read strictly; and what is wrong with one, said to its author.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Location, MessageFormatter, UserMessageFormatter};

use crate::error::shown;
use crate::placeholder::Unfilled;
use crate::suggest::hint;
use crate::text::{Shown, error_line};

/// What aliases may repeat, in names and values.
const MAX_ALIAS_EVENTS: usize = 20_000;

/// Lists and names inside one another; a good file has five.
const MAX_DEPTH: usize = 16;

/// Reads a file that operators write: the configuration of a server, or gates for `admit apply`.
///
/// `text` is what [`crate::document::text`] made of the file. One document. A text stays a text: neither
/// `yes` nor `1_000` nor `007` becomes something else.
/// Both entries of a repeated key arrive: the reader has to refuse them, and can name the key and
/// both places.
///
/// # Errors
///
/// What is no YAML, has tags, or more levels or aliases than a file may have; and what `T` refuses.
pub fn read_yaml<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_EVENTS,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
        reject_unsupported_tags: true,
    };
    serde_saphyr::from_str_with_options(text, options)
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{text}", place(*.line, *.column))]
pub struct Problem {
    /// The line, from 1; 0 when it is not known.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What came and what was expected, in one line.
    pub text: String,
}

impl Problem {
    /// What is wrong at a place.
    pub fn at(place: Location, text: impl Into<String>) -> Self {
        Self { line: place.line(), column: place.column(), text: text.into() }
    }

    /// The same, or, where a template should have filled something in, that.
    pub fn explained(self, text: &str) -> Self {
        let Some(found) = Unfilled::on(text, self.line, self.column) else {
            return self;
        };
        let (name, problem) = (Shown::new(found.text), self.text);
        let text = format!(
            "`{name}` looks like a placeholder that nothing filled in (as YAML: {problem})"
        );
        Self { line: found.line, column: found.column, text }
    }
}

/// What stands before a problem at a place; nothing when that is not known.
pub(crate) fn place(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}

/// How a kind of file is spoken of.
pub struct Words {
    /// The kind, with its article: `a case file`.
    pub file: &'static str,
    /// What of this kind is said otherwise than of any file.
    pub own: fn(&Error) -> Option<String>,
    /// Whether an error says all there is to say, as of a name that is unknown: a placeholder beside it is
    /// not the reason.
    pub is_complete: fn(&Error) -> bool,
}

impl Words {
    /// What is wrong with a text, by the reader's error.
    pub fn problem(&self, text: &str, error: &Error) -> Problem {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let error = innermost(error);
        let problem = Problem::at(place, error_line(&self.say(error)));
        if (self.is_complete)(error) { problem } else { problem.explained(text) }
    }

    fn say<'e>(&self, error: &'e Error) -> Cow<'e, str> {
        match (self.own)(error) {
            Some(own) => own.into(),
            None => self.of_any_file(error),
        }
    }

    fn of_any_file<'e>(&self, error: &'e Error) -> Cow<'e, str> {
        match error {
            Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
            Error::NullIntoString { .. } => "nothing here; expected a text".into(),
            Error::Unexpected { expected, .. } | Error::InvalidScalar { ty: expected, .. } => {
                format!("expected {}", wanted(expected)).into()
            }
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("`{}` is there twice", shown(key)).into()
            }
            Error::DuplicateMappingKey { .. } => "the same key is there twice".into(),
            Error::SerdeUnknownField { field, expected, .. } => {
                format!("`{}` is unknown; {}", shown(field), hint(field, expected)).into()
            }
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                format!("unknown `{}`; {}", shown(variant), hint(variant, expected)).into()
            }
            Error::SerdeInvalidType { unexpected, expected, .. }
            | Error::SerdeInvalidValue { unexpected, expected, .. } => {
                let came = unexpected.replace("unit value", "nothing");
                format!("{}; expected {}", shown(&came), shown(expected)).into()
            }
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                format!("more values, levels or aliases than {} may have", self.file).into()
            }
            Error::UnknownAnchor { .. } => "an alias of something that is not there".into(),
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                "an alias of something that holds it".into()
            }
            _ => UserMessageFormatter.format_message(error),
        }
    }
}

/// The error without what the reader laid around it.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => innermost(error),
        _ => error,
    }
}

/// What the reader wanted, in words of the form.
fn wanted(expected: &str) -> &str {
    match expected {
        "mapping start" => "names with values (`name: value`)",
        "sequence start" => "a list (`[…]` or lines that start with `-`)",
        "string scalar" | "scalar" => "a text",
        "u64" | "i64" => "a whole number, not negative",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read_yaml;

    #[test]
    fn what_looks_like_a_text_is_one() {
        for (text, expected) in [
            ("[yes, no, on, off]", json!(["yes", "no", "on", "off"])),
            ("[true, false]", json!([true, false])),
            ("[007, 1_000]", json!(["007", "1_000"])),
            ("[7, -1]", json!([7, -1])),
            (r#"{"a": ["b", null]}"#, json!({"a": ["b", null]})),
            ("{a: &one [b], c: *one}", json!({"a": ["b"], "c": ["b"]})),
            // The last one counts for a reader that does not refuse it.
            ("{a: 1, a: 2}", json!({"a": 2})),
        ] {
            assert_eq!(read_yaml::<Value>(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_a_file_may_not_have_is_refused() {
        let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        read_yaml::<Value>(&deep(16)).unwrap();
        let laughs = |lines| {
            let line = |level| {
                format!("- &a{} [{}]\n", level + 1, vec![format!("*a{level}"); 10].join(","))
            };
            format!("- &a0 x\n{}", (0..lines).map(line).collect::<String>())
        };
        read_yaml::<Value>(&laughs(3)).unwrap();
        for text in
            [deep(17), laughs(5), "a: !custom b".into(), "a: 1\n---\nb: 2".into(), "a: [".into()]
        {
            assert!(read_yaml::<Value>(&text).is_err(), "{text}");
        }
    }
}
