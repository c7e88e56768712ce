//! Decisions by reason code, where only described codes have a series.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

use admit::decision::Outcome;
use admit::lock::held;
use admit::reason::{HOST_REASONS, of_host};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::gate::DecisionLabels;

/// What a code is counted as that no description has.
const OTHER: &str = "other";

/// Most codes of policies that a gate has series for. A policy describes at most 128; those of the
/// policies before it stay until there is no room.
const MAX_POLICY_CODES: usize = 256;

/// The series of one gate and outcome.
#[derive(Debug)]
struct Series {
    decisions: Family<DecisionLabels, Counter>,
    gate: Arc<str>,
    outcome: Outcome,
}

impl Series {
    fn new(decisions: &Family<DecisionLabels, Counter>, gate: &Arc<str>, outcome: Outcome) -> Self {
        Self { decisions: decisions.clone(), gate: Arc::clone(gate), outcome }
    }

    fn labels(&self, code: &str) -> DecisionLabels {
        DecisionLabels {
            gate: Arc::clone(&self.gate),
            outcome: self.outcome.as_str(),
            reason: code.into(),
        }
    }

    fn resolve(&self, code: &str) -> Counter {
        self.decisions.get_or_create_owned(&self.labels(code))
    }
}

/// The host's own codes of one outcome: they never change.
#[derive(Debug)]
pub(super) struct HostReasons {
    known: HashMap<&'static str, Counter>,
    other: Counter,
}

impl HostReasons {
    pub(super) fn new(
        decisions: &Family<DecisionLabels, Counter>,
        gate: &Arc<str>,
        outcome: Outcome,
    ) -> Self {
        let series = Series::new(decisions, gate, outcome);
        let codes = HOST_REASONS.iter().map(|reason| reason.code);
        let of_outcome =
            codes.filter(|code| code.starts_with("token.") == (outcome == Outcome::Invalid));
        Self {
            known: of_outcome.map(|code| (code, series.resolve(code))).collect(),
            other: series.resolve(OTHER),
        }
    }

    pub(super) fn count(&self, code: &str) -> u64 {
        self.known.get(code).unwrap_or(&self.other).inc()
    }
}

/// The codes that the policies of a gate describe for their refusals.
#[derive(Debug)]
pub(super) struct PolicyReasons {
    series: Series,
    known: RwLock<HashMap<Arc<str>, Counter>>,
    other: Counter,
}

impl PolicyReasons {
    pub(super) fn new(decisions: &Family<DecisionLabels, Counter>, gate: &Arc<str>) -> Self {
        let series = Series::new(decisions, gate, Outcome::Deny);
        let other = series.resolve(OTHER);
        Self { series, known: RwLock::default(), other }
    }

    /// Gives each of these codes a series. When there is no room, those of earlier policies end.
    ///
    /// A code of the host, which a policy may describe as well, is never one of a refusal.
    pub(super) fn describe<'a>(&self, codes: impl IntoIterator<Item = &'a str>) {
        let own = codes.into_iter().filter(|code| of_host(code).is_none());
        let described: HashSet<&str> = own.take(MAX_POLICY_CODES).collect();
        let mut known = held(self.known.write());
        let added = described.iter().filter(|code| !known.contains_key(**code)).count();
        if known.len() + added > MAX_POLICY_CODES {
            known.retain(|code, _| described.contains(&**code) || self.end(code));
        }
        for code in described {
            known.entry(code.into()).or_insert_with(|| self.series.resolve(code));
        }
    }

    /// Removes a code's series; false, for [`HashMap::retain`].
    fn end(&self, code: &str) -> bool {
        self.series.decisions.remove(&self.series.labels(code));
        false
    }

    pub(super) fn count(&self, code: &str) -> u64 {
        let known = held(self.known.read());
        known.get(code).unwrap_or(&self.other).inc()
    }
}
