//! From a file to a tree.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

use super::problem::{ConfigError, ProblemKind};
use super::tree::{Node, Origin};
use super::yaml::read_yaml;

/// The most bytes a configuration file may have.
pub const MAX_CONFIG_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Not a place in the file, but the file.
const WHOLE: Origin = Origin::File { line: 0, column: 0 };

/// Reads a file.
///
/// # Errors
///
/// One problem: the file cannot be read, is no text, or no YAML.
pub(super) fn read(path: &Path) -> Result<Node, ConfigError> {
    let failed = |kind| ConfigError::one(path, WHOLE, kind);
    let file = File::open(path).map_err(|error| failed(ProblemKind::Unreadable(error)))?;
    let mut bytes = Vec::new();
    let limit = MAX_CONFIG_FILE_BYTES as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(ProblemKind::Unreadable(error)))?;
    if bytes.len() > MAX_CONFIG_FILE_BYTES {
        return Err(failed(ProblemKind::TooLarge));
    }
    parse(&bytes).map_err(|(origin, kind)| ConfigError::one(path, origin, kind))
}

fn parse(bytes: &[u8]) -> Result<Node, (Origin, ProblemKind)> {
    if is_utf_16(bytes) {
        return Err((WHOLE, ProblemKind::Utf16));
    }
    let bytes = admit::input::document(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| (end_of(bytes, error.valid_up_to()), ProblemKind::NotText))?;
    read_yaml(text).map_err(|error| syntax(&error))
}

/// By its mark, or by the zero in each character of ordinary text.
fn is_utf_16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..])
}

/// The place after so many bytes, which are text.
fn end_of(bytes: &[u8], length: usize) -> Origin {
    let before = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
    let line = before.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    Origin::File { line, column: last.chars().count() as u64 + 1 }
}

fn syntax(error: &Error) -> (Origin, ProblemKind) {
    let origin = error.location().map_or(WHOLE, Origin::from);
    (origin, ProblemKind::Syntax(one_line(&ForOperators.format_message(error))))
}

/// Without what a terminal would obey, and not too long.
fn one_line(text: &str) -> String {
    const MAX: usize = 300;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX).collect()
}

/// Messages for people who write configurations, not for those who call the parser.
struct ForOperators;

impl MessageFormatter for ForOperators {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        match error {
            Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => {
                self.format_message(error)
            }
            Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
            Error::NullIntoString { .. } => "nothing before the colon; expected a key".into(),
            Error::Unexpected { expected: "string scalar", .. } => {
                "a key that is no text; expected `name: value`".into()
            }
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                "more values, levels or aliases than a configuration may have".into()
            }
            Error::UnknownAnchor { .. } => "an alias of something that is not there".into(),
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                "an alias of something that holds it".into()
            }
            _ => UserMessageFormatter.format_message(error),
        }
    }
}
