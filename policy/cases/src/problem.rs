//! What is wrong with a text that is no case file, said to its author.

use std::borrow::Cow;

use serde_saphyr::{Error, MessageFormatter, SnippetMode, UserMessageFormatter};

use crate::error::{CaseError, shown};
use crate::placeholder::Unfilled;
use crate::text::error_line;

/// The reader's error of a text, with its place.
pub(crate) fn problem(text: &str, error: &Error) -> CaseError {
    let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
    let problem = said(error);
    match Unfilled::on(text, line, column).filter(|_| !is_about_names(error)) {
        None => CaseError::Form { line, column, problem },
        Some(Unfilled { line, column, text }) => {
            let problem = format!(
                "`{}` looks like a placeholder that nothing filled in (as YAML: {problem})",
                shown(text)
            );
            CaseError::Form { line, column, problem }
        }
    }
}

/// Whether it says all there is to say: a name is unknown, or there twice.
fn is_about_names(error: &Error) -> bool {
    match error {
        Error::WithSnippet { error, .. } => is_about_names(error),
        _ => matches!(error, Error::SerdeUnknownField { .. } | Error::DuplicateMappingKey { .. }),
    }
}

fn said(error: &Error) -> String {
    let options = serde_saphyr::render_options! {
        formatter: &ForAuthors,
        snippets: SnippetMode::Off,
    };
    one_line(&error.render_with_options(options))
}

/// The text without the place, which is said once, and without what a terminal would obey.
fn one_line(text: &str) -> String {
    let end = text.rfind(" at line ").unwrap_or(text.len());
    error_line(text.get(..end).unwrap_or_default())
}

/// Messages for people who write case files, not for those who call the reader.
struct ForAuthors;

impl MessageFormatter for ForAuthors {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        match error {
            Error::WithSnippet { error, .. } => self.format_message(error),
            Error::Eof { .. } => "the file ends here; expected `policy` and `cases`".into(),
            Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
            Error::Unexpected { expected, .. } => format!("expected {}", wanted(expected)).into(),
            Error::NullIntoString { .. } => "nothing here; expected a text".into(),
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("`{}` is there twice", shown(key)).into()
            }
            Error::DuplicateMappingKey { .. } => "the same key is there twice".into(),
            Error::InvalidScalar { ty, .. } => format!("expected {}", wanted(ty)).into(),
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                format!("unknown `{}`; expected one of {}", shown(variant), expected.join(", "))
                    .into()
            }
            Error::SerdeUnknownField { field, expected, .. } => {
                format!("unknown field `{}`; expected one of {}", shown(field), expected.join(", "))
                    .into()
            }
            Error::SerdeInvalidType { unexpected, expected, .. }
            | Error::SerdeInvalidValue { unexpected, expected, .. } => {
                format!("{}; expected {}", shown(unexpected), shown(expected)).into()
            }
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                "more values, levels or aliases than a case file may have".into()
            }
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                "an alias of something that holds it".into()
            }
            _ => UserMessageFormatter.format_message(error),
        }
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
