//! How much cases may come to: a small file with a large matrix repeats its values in every case.

use serde_json::{Map, Value};

use crate::error::CaseError;

/// The most cases a file, or all files of a component, may come to.
pub(crate) const MAX_CASES: usize = 10_000;

/// The most room that names and values of the cases may take, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What a name or a value takes besides its text.
const NODE: usize = 64;

/// What may still be made, for one file or all files of a component.
pub(crate) struct Budget {
    cases: usize,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { cases: MAX_CASES, bytes: MAX_BYTES }
    }

    /// Takes `cases` cases out of it.
    pub(crate) fn take_cases(&mut self, cases: usize, line: u64) -> Result<(), CaseError> {
        let left = self.cases.checked_sub(cases);
        self.cases = left.ok_or(CaseError::TooMany { line, limit: MAX_CASES })?;
        Ok(())
    }

    /// Takes room out of it, before anything of that size is made.
    pub(crate) fn take_bytes(&mut self, bytes: usize, line: u64) -> Result<(), CaseError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(CaseError::TooMuch { line })?;
        Ok(())
    }
}

/// Roughly the room that a text takes.
pub(crate) fn text(text: &str) -> usize {
    NODE + text.len()
}

/// Roughly the room that an object takes, and the work of copying it.
pub(crate) fn members(object: &Map<String, Value>) -> usize {
    object.iter().map(|(name, member)| text(name) + value(member)).sum()
}

fn value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NODE,
        Value::String(string) => text(string),
        Value::Array(items) => NODE + items.iter().map(self::value).sum::<usize>(),
        Value::Object(object) => NODE + members(object),
    }
}
