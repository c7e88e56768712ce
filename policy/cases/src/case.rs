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

/// The cases of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSet {
    /// The file's name.
    pub file: String,
    /// Its cases.
    pub cases: Vec<Case>,
}
