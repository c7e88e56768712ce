//! What both policies decide.

use admit::cases::{Case, Expectation};
use serde_json::{Map, Value};

/// Claims, facts, settings and time, with where they come from.
pub(super) struct Input {
    /// Where it comes from; for a generated one, where the input comes from that it was made from.
    pub(super) origin: Origin,
    /// For a generated one, how it was made.
    pub(super) made: Option<Made>,
    pub(super) request: Request,
}

#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) number: u32,
    /// The place of the input that it was made from.
    pub(super) start: usize,
}

#[derive(Clone)]
pub(super) enum Origin {
    Case {
        file: String,
        name: String,
    },
    /// A line of the log, from 1.
    Line {
        line: usize,
        id: Option<String>,
    },
}

/// What is decided.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) claims: Map<String, Value>,
    pub(super) facts: Map<String, Value>,
    /// All settings, also those that one of the policies does not have.
    pub(super) settings: Map<String, Value>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Request {
    /// The request of a case; what the case expects is left behind.
    pub(super) fn of(case: Case) -> Self {
        let settings = case.settings.unwrap_or_default();
        Self { claims: case.claims, facts: case.facts, settings, now: case.now }
    }

    /// The request as a case with other settings. What it expects is never looked at.
    pub(super) fn to_case(&self, settings: Map<String, Value>) -> Case {
        Case {
            name: String::new(),
            line: 0,
            claims: self.claims.clone(),
            facts: self.facts.clone(),
            settings: Some(settings),
            now: self.now,
            expect: Expectation::Allow { identity: Default::default() },
            max_fuel: None,
        }
    }
}
