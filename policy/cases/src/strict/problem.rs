//! What is wrong with a document, and where.

use std::fmt;

use super::tree::Origin;
use crate::document::NotText;
use crate::placeholder::Unfilled;
use crate::text::Shown;

/// The problems of a document, at least one, in its order; those of variables and flags come last.
#[derive(Debug)]
pub struct Problems {
    before: Vec<Problem>,
    last: Box<Problem>,
}

/// One problem: where it is, and what it is. Its text is one line.
#[derive(Debug)]
pub struct Problem {
    /// The file as it was named; empty where the place alone is said.
    file: String,
    origin: Origin,
    kind: ProblemKind,
}

/// What is wrong. Keys are named by their path, such as `service.listen`; what came is bounded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum ProblemKind {
    #[error("failed to read the file: {0}")]
    Unreadable(std::io::Error),
    #[error("the file has more than {0} bytes; expected at most that many")]
    TooLarge(usize),
    #[error("{0}")]
    NotText(NotText),
    /// Not YAML.
    #[error("{0}")]
    Syntax(String),
    #[error("`{path}` is there twice, first on line {first}")]
    Twice { path: String, first: u64 },
    /// A key that means nothing. The hint is a key that was perhaps meant, or those there are.
    #[error("`{path}` is unknown; {hint}")]
    Unknown { path: String, hint: String },
    #[error("unknown variable; {hint}")]
    UnknownVariable { hint: String },
    /// A value of another type, or out of range.
    #[error("`{path}` is {came}; expected {expected}")]
    Value { path: String, came: String, expected: String },
    #[error("`{path}` is missing; expected {expected}")]
    Missing { path: String, expected: String },
    /// A value that cannot be used, for a reason of its own or together with another.
    #[error("`{path}`: {reason}")]
    Refused { path: String, reason: String },
    /// A value that a template should have filled in.
    #[error("`{found}` looks like a placeholder that nothing filled in (as YAML: {problem})")]
    Placeholder { found: String, problem: String },
}

impl Problem {
    /// A problem at a place.
    pub fn new(origin: Origin, kind: ProblemKind) -> Self {
        Self { file: String::new(), origin, kind }
    }

    /// The same, in this file.
    pub fn in_file(self, file: &str) -> Self {
        Self { file: file.to_owned(), ..self }
    }

    /// What is wrong.
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }

    /// The same, or, where a template should have filled something in at its place, that.
    pub(super) fn explained(self, text: &str) -> Self {
        self.explained_by(|line, column| Unfilled::at(text, line, column))
    }

    /// As [`Problem::explained`], for nothing at all: `#{NAME}` is a comment, and leaves nothing.
    pub(super) fn explained_by_comment(self, text: &str) -> Self {
        let is_comment = |found: &Unfilled<'_>| found.text.starts_with('#');
        self.explained_by(|line, column| Unfilled::on(text, line, column).filter(is_comment))
    }

    /// As [`Problem::explained`], for anything on its line.
    pub(super) fn explained_on_line(self, text: &str) -> Self {
        self.explained_by(|line, column| Unfilled::on(text, line, column))
    }

    fn explained_by<'t>(self, find: impl FnOnce(u64, u64) -> Option<Unfilled<'t>>) -> Self {
        let Origin::File { line, column } = self.origin else { return self };
        let Some(found) = find(line, column) else { return self };
        let origin = Origin::File { line: found.line, column: found.column };
        let (found, problem) = (Shown::new(found.text).to_string(), self.kind.to_string());
        Self { origin, kind: ProblemKind::Placeholder { found, problem }, ..self }
    }

    /// Whether it says that this key is missing.
    pub(super) fn says_missing(&self, key: &str) -> bool {
        matches!(&self.kind, ProblemKind::Missing { path, .. } if path == key)
    }

    /// What to sort by: line and column, where there are any; then what is wrong before what is missing.
    pub(super) fn place(&self) -> (u64, u64, bool) {
        let is_missing = matches!(self.kind, ProblemKind::Missing { .. });
        match self.origin {
            Origin::File { line, column } => (line, column, is_missing),
            _ => (u64::MAX, u64::MAX, is_missing),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, origin, kind } = self;
        match origin {
            Origin::File { line: 0, .. } if file.is_empty() => write!(formatter, "{kind}"),
            Origin::File { line: 0, .. } => write!(formatter, "`{file}`: {kind}"),
            Origin::File { line, column } => {
                if !file.is_empty() {
                    write!(formatter, "`{file}`, ")?;
                }
                write!(formatter, "line {line}, column {column}: {kind}")
            }
            Origin::Named(name) => write!(formatter, "`{name}`: {kind}"),
            Origin::Nowhere => write!(formatter, "configuration: {kind}"),
        }
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for Problems {
    fn from(last: Problem) -> Self {
        Self { before: Vec::new(), last: Box::new(last) }
    }
}

impl Problems {
    /// All of them; absent when there is none.
    pub(super) fn all(mut problems: Vec<Problem>) -> Option<Self> {
        let last = Box::new(problems.pop()?);
        Some(Self { before: problems, last })
    }

    /// Every problem that was found, 50 at most.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.before.iter().chain([&*self.last])
    }

    /// The last problem, and those before it.
    pub fn into_last(self) -> (Vec<Problem>, Problem) {
        (self.before, *self.last)
    }

    /// The same, in this file.
    pub fn in_file(self, file: &str) -> Self {
        let before = self.before.into_iter().map(|problem| problem.in_file(file)).collect();
        Self { before, last: Box::new(self.last.in_file(file)) }
    }
}

/// The first problem, and how many more there are.
impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.first().unwrap_or(&self.last).fmt(formatter)?;
        match self.before.len() {
            0 => Ok(()),
            more => write!(formatter, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Problems {}
