//! From a file to a tree.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use admit::cases::strict::{Node, Origin, Problem, ProblemKind, Problems, parse};

use super::KIND;

/// The most bytes a configuration file may have.
pub const MAX_CONFIG_FILE_BYTES: usize = 8 * 1024 * 1024;

/// The text of a file, and the values in it.
///
/// # Errors
///
/// One problem: the file cannot be read, is no text, or no YAML.
pub(super) fn read(path: &Path) -> Result<(String, Node), Problems> {
    // Not a place in the file, but the file.
    let failed = |kind| Problem::new(Origin::File { line: 0, column: 0 }, kind);
    let unreadable = |error| failed(ProblemKind::Unreadable(error));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_CONFIG_FILE_BYTES {
        return Err(failed(ProblemKind::TooLarge(MAX_CONFIG_FILE_BYTES)).into());
    }
    let (text, tree) = parse(&KIND, &bytes)?;
    Ok((text.to_owned(), tree))
}
