//! From a file to a tree.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use admit::cases::placeholder::Unfilled;
use admit::input;
use admit::text::{Shown, error_line};
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
    let text = input::text(bytes).map_err(|error| {
        let place = |(line, column)| Origin::File { line, column };
        (error.place().map_or(WHOLE, place), ProblemKind::NotText(error))
    })?;
    read_yaml(text).map_err(|error| syntax(text, &error))
}

fn syntax(text: &str, error: &Error) -> (Origin, ProblemKind) {
    let said = error_line(&ForOperators.format_message(error));
    let Some(place) = error.location() else {
        return (WHOLE, ProblemKind::Syntax(said));
    };
    match Unfilled::on(text, place.line(), place.column()) {
        None => (place.into(), ProblemKind::Syntax(said)),
        Some(Unfilled { line, column, text }) => {
            let found = Shown::new(text);
            let said = format!(
                "`{found}` looks like a placeholder that nothing filled in (as YAML: {said})"
            );
            (Origin::File { line, column }, ProblemKind::Syntax(said))
        }
    }
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
