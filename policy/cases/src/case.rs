//! One case, ready to be played.

use serde_json::{Map, Value};

use crate::expect::Expectation;

/// Claims, facts and settings with what must come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    /// Where it stands in its file, from 1; 0 for one that comes from no file.
    pub line: u64,
    /// The claims set of a token. An `iss` of [`ISSUER`](crate::ISSUER) stands for the right one.
    pub claims: Map<String, Value>,
    /// The facts passed with it.
    pub facts: Map<String, Value>,
    /// The settings; those of the release it is played on when absent.
    pub settings: Option<Map<String, Value>>,
    /// The time of the decision, seconds since 1970.
    pub now: u64,
    /// What must come out.
    pub expect: Expectation,
    /// The most fuel that the decision may cost, in Wasmtime's units; without trace.
    pub max_fuel: Option<u64>,
}

impl Case {
    /// Roughly the room that its values take, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let settings = self.settings.as_ref().map_or(0, members);
        members(&self.claims) + members(&self.facts) + settings
    }
}

/// What a name or a value takes besides its text.
const NODE: usize = 64;

fn members(object: &Map<String, Value>) -> usize {
    object.iter().map(|(name, value)| NODE + name.len() + weight(value)).sum()
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NODE,
        Value::String(text) => NODE + text.len(),
        Value::Array(items) => NODE + items.iter().map(weight).sum::<usize>(),
        Value::Object(object) => NODE + members(object),
    }
}

/// The cases of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSet {
    /// The file's name.
    pub file: String,
    /// Its cases.
    pub cases: Vec<Case>,
}
