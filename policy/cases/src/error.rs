//! What is wrong with a case file, and where.

use crate::file::MAX_CASE_FILE_BYTES;
use crate::strict::Problems;
use crate::text::visible_line;

/// Why a case file cannot be used. Lines and columns count from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum CaseError {
    /// More bytes than a case file may have.
    #[error("{size} bytes; expected at most {MAX_CASE_FILE_BYTES}")]
    TooLarge { size: usize },
    /// No text, no YAML, or not of the form of a case file.
    #[error("{0}")]
    Form(Problems),
    /// A case that cannot be made.
    #[error("line {line}: case `{case}`: {problem}")]
    Case { line: u64, case: String, problem: String },
    /// A set of claims that cannot be made.
    #[error("base `{base}`: {problem}")]
    Base { base: String, problem: String },
    /// A matrix that makes more cases than a file may have.
    #[error("line {line}: the matrices make more than {limit} cases")]
    TooMany {
        /// The line of the case that was one too many.
        line: u64,
        limit: usize,
    },
    /// Cases with too many repeated values to fit into memory.
    #[error("line {line}: up to here names and values of the cases count for more than 64 MiB")]
    TooMuch {
        /// The line of the case that was too much.
        line: u64,
    },
}

/// A received name in a message: without what a terminal would obey, and not too long.
pub(crate) fn shown(name: &str) -> String {
    const MAX: usize = 120;
    let mut shown = visible_line(name);
    if let Some((end, _)) = shown.char_indices().nth(MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}
