//! From the bytes of a document to a tree of its values.

use std::borrow::Cow;

use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Location, MessageFormatter, Options, UserMessageFormatter};

use super::problem::{Problem, ProblemKind};
use super::tree::{Node, Origin};
use crate::document;
use crate::text::error_line;

/// What aliases may repeat, in names and values; some ten times what a large file needs.
const MAX_ALIAS_EVENTS: usize = 20_000;

/// Lists and names inside one another; a good file has five.
const MAX_DEPTH: usize = 16;

/// A kind of document.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called, with its article: `a case file`.
    pub file: &'static str,
    /// Whether keys of the whole document that start with [`NOTE`](super::NOTE) mean nothing: a place for anchors.
    pub has_notes: bool,
    /// Whether a number, `yes` or `no` may stand where a text is expected, values may lie deep, and nothing
    /// at all is as good as no key. Case files were read so from the beginning, and components carry them.
    pub is_lenient: bool,
}

impl Kind {
    /// Of a strict kind a text stays a text: neither `yes` nor `1_000` nor `007` becomes something else.
    ///
    /// Both entries of a repeated key arrive: the reader refuses them, and names the key and both places.
    fn options(&self) -> Options {
        if self.is_lenient {
            return serde_saphyr::options! {
                alias_limits: serde_saphyr::alias_limits! {
                    max_total_replayed_events: MAX_ALIAS_EVENTS,
                },
                duplicate_keys: DuplicateKeyPolicy::PassThrough,
            };
        }
        serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
            alias_limits: serde_saphyr::alias_limits! {
                max_total_replayed_events: MAX_ALIAS_EVENTS,
            },
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            strict_booleans: true,
            reject_unsupported_tags: true,
        }
    }
}

/// The text of one document, without a byte order mark, and the values in it.
///
/// # Errors
///
/// What is no text, no YAML, has tags, or more levels or aliases than a document may have.
pub fn parse<'d>(kind: &Kind, document: &'d [u8]) -> Result<(&'d str, Node), Problem> {
    let text = document::text(document).map_err(|error| {
        let (line, column) = error.place().unwrap_or_default();
        Problem::new(Origin::File { line, column }, ProblemKind::NotText(error))
    })?;
    match serde_saphyr::from_str_with_options(text, kind.options()) {
        Ok(tree) => Ok((text, tree)),
        Err(error) => {
            let origin = error.location().unwrap_or(Location::UNKNOWN).into();
            let said = error_line(&said(innermost(&error), kind));
            Err(Problem::new(origin, ProblemKind::Syntax(said)).explained_on_line(text))
        }
    }
}

fn said<'e>(error: &'e Error, kind: &Kind) -> Cow<'e, str> {
    match error {
        Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
        Error::NullIntoString { .. } => "nothing before the colon; expected a key".into(),
        Error::Unexpected { expected: "string scalar", .. } => {
            "a key that is no text; expected `name: value`".into()
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            format!("more values, levels or aliases than {} may have", kind.file).into()
        }
        Error::UnknownAnchor { .. } => "an alias of something that is not there".into(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "an alias of something that holds it".into()
        }
        _ => UserMessageFormatter.format_message(error),
    }
}

/// The error without what the parser laid around it.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => innermost(error),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::strict::{any, read};

    const KIND: Kind = Kind { file: "a file", has_notes: false, is_lenient: false };

    fn value(text: &str) -> Value {
        let text = format!("{{a: {text}\n}}");
        read(&KIND, text.as_bytes(), |section| section.value("a", &any())).unwrap().unwrap()
    }

    #[test]
    fn what_looks_like_a_text_is_one() {
        for (text, expected) in [
            ("[yes, no, on, off]", json!(["yes", "no", "on", "off"])),
            ("[true, false]", json!([true, false])),
            ("[007, 1_000]", json!(["007", "1_000"])),
            ("[7, -1]", json!([7, -1])),
            (r#"{"a": ["b", null]}"#, json!({"a": ["b", null]})),
            ("{a: &one [b], c: *one}", json!({"a": ["b"], "c": ["b"]})),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_file_may_not_have_is_refused() {
        let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        value(&deep(15));
        let laughs = |lines| {
            let line =
                |level| format!(", &a{} [{}]", level + 1, vec![format!("*a{level}"); 10].join(","));
            format!("[&a0 x{}]", (0..lines).map(line).collect::<String>())
        };
        value(&laughs(3));
        for text in
            [deep(17), laughs(5), "a: !custom b".into(), "a: 1\n---\nb: 2".into(), "a: [".into()]
        {
            assert!(parse(&KIND, text.as_bytes()).is_err(), "{text}");
        }
    }
}
