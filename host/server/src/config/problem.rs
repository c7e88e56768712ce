//! What is wrong with a configuration, and where.

use std::fmt;

use super::file::MAX_CONFIG_FILE_BYTES;
use super::tree::{Node, Origin};

/// Why there is no configuration: at least one problem, in the order of the file; those of
/// variables and flags come last.
#[derive(Debug)]
pub struct ConfigError(pub(super) Vec<Problem>);

/// One problem: where it is, and what it is. Its text is one line.
#[derive(Debug)]
pub struct Problem {
    /// The file as it was named; only used for what was given there.
    pub(super) file: String,
    pub(super) origin: Origin,
    pub(super) kind: ProblemKind,
}

/// What is wrong. Keys are named by their path, such as `service.listen`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file cannot be read.
    #[error("failed to read the file: {0}")]
    Unreadable(std::io::Error),
    /// More bytes than a configuration may have.
    #[error("the file has more than {MAX_CONFIG_FILE_BYTES} bytes; expected at most that many")]
    TooLarge,
    /// Not UTF-8, or with more than one byte order mark.
    #[error("{0}")]
    NotText(admit::input::NotText),
    /// Not YAML.
    #[error("{0}")]
    Syntax(String),
    /// A key that is there twice.
    #[error("`{path}` is there twice, first on line {first}")]
    Twice {
        /// The key.
        path: String,
        /// The line where it was first.
        first: u64,
    },
    /// A key that means nothing.
    #[error("`{path}` is unknown; {hint}")]
    Unknown {
        /// The key.
        path: String,
        /// A key that was perhaps meant, or those there are.
        hint: String,
    },
    /// A variable that means nothing.
    #[error("unknown variable; {hint}")]
    UnknownVariable {
        /// A variable that was perhaps meant, or what to do instead.
        hint: String,
    },
    /// A value of another type, or out of range.
    #[error("`{path}` is {came}; expected {expected}")]
    Value {
        /// The key.
        path: String,
        /// What came, bounded.
        came: String,
        /// What was expected.
        expected: String,
    },
    /// A key that must be there.
    #[error("`{path}` is missing; expected {expected}")]
    Missing {
        /// The key.
        path: String,
        /// What was expected.
        expected: String,
    },
    /// A value that cannot be used, for a reason of its own or together with another.
    #[error("`{path}`: {reason}")]
    Refused {
        /// The key.
        path: String,
        /// Why; bounded.
        reason: String,
    },
}

/// The places of a configuration's values: what is found wrong after it was read is shown there.
#[derive(Clone, Debug)]
pub struct Places {
    pub(super) file: String,
    pub(super) tree: Node,
}

impl Places {
    /// What is wrong with the value at a path, such as `gates.windows-mdm.cases`. Where nothing is
    /// configured there, the place is that of what it would belong to.
    pub fn problem(&self, path: &str, reason: impl Into<String>) -> Problem {
        let (path, reason) = (path.to_owned(), reason.into());
        let origin = self.tree.nearest(&path).origin.clone();
        Problem { file: self.file.clone(), origin, kind: ProblemKind::Refused { path, reason } }
    }
}

impl ConfigError {
    pub(super) fn one(file: &std::path::Path, origin: Origin, kind: ProblemKind) -> Self {
        Self(vec![Problem { file: file.display().to_string(), origin, kind }])
    }

    /// Every problem that was found, 50 at most.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl Problem {
    /// What is wrong.
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }
}

/// The first problem, and how many more there are.
impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            first.fmt(formatter)?;
        }
        match self.0.len() {
            0 | 1 => Ok(()),
            all => write!(formatter, " (and {} more)", all - 1),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, origin, kind } = self;
        match origin {
            Origin::File { line: 0, .. } => write!(formatter, "`{file}`: {kind}"),
            Origin::File { line, column } => {
                write!(formatter, "`{file}`, line {line}, column {column}: {kind}")
            }
            Origin::Variable(name) => write!(formatter, "`{name}`: {kind}"),
            Origin::Flag(name) => write!(formatter, "`{name}`: {kind}"),
            Origin::Nowhere => write!(formatter, "configuration: {kind}"),
        }
    }
}
