//! One case, ready to be played.

use serde_json::{Map, Value};

use crate::base;
use crate::error::shown;
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

/// The claims that the host reads, whatever the policy asks for.
const OF_THE_HOST: [&str; 7] = ["aud", "exp", "iat", "iss", "nbf", "tid", "ver"];

impl Case {
    /// Says which claims of the case change nothing: neither the host reads them, nor are they among
    /// those that the policy asks for. Absent when there are none; those of the built-in sets do not
    /// count.
    ///
    /// To be said with a failure: a claim that is missing in the policy's list may be its cause.
    pub fn not_asked_for(&self, asked_for: &[impl AsRef<str>]) -> Option<String> {
        let is_asked_for = |name: &str| asked_for.iter().any(|asked| asked.as_ref() == name);
        let idle = |(name, value): &(&String, &Value)| {
            !OF_THE_HOST.contains(&name.as_str())
                && !is_asked_for(name)
                && !base::is_built_in(name, value)
        };
        let names: Vec<_> =
            self.claims.iter().filter(idle).map(|(name, _)| format!("`{}`", shown(name))).collect();
        let listed = match names.get(..MAX_LISTED) {
            Some(first) if names.len() > MAX_LISTED => {
                format!("{} and {} more", first.join(", "), names.len() - MAX_LISTED)
            }
            _ => names.join(", "),
        };
        let said = format!("claims of the case that the policy does not ask for: {listed}");
        (!names.is_empty()).then_some(said)
    }
}

/// Most names that are listed.
const MAX_LISTED: usize = 12;

/// The cases of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSet {
    /// The file's name.
    pub file: String,
    /// Its cases.
    pub cases: Vec<Case>,
}
