//! From a file to a tree.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use admit::cases::yaml::{Problem, Words, read_yaml};
use admit::input;
use serde_saphyr::Error;

use super::problem::{ConfigError, ProblemKind};
use super::tree::{Node, Origin};

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
    read_yaml(text).map_err(|error| {
        let Problem { line, column, text } = WORDS.problem(text, &error);
        (Origin::File { line, column }, ProblemKind::Syntax(text))
    })
}

const WORDS: Words = Words { file: "a configuration", own: said, is_complete: |_| false };

fn said(error: &Error) -> Option<String> {
    match error {
        Error::NullIntoString { .. } => Some("nothing before the colon; expected a key".to_owned()),
        Error::Unexpected { expected: "string scalar", .. } => {
            Some("a key that is no text; expected `name: value`".to_owned())
        }
        _ => None,
    }
}
