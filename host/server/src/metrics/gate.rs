//! Decisions and activations of a gate. The labels come from its configuration and from the
//! descriptions of its policies, never from a request.

use std::sync::Arc;

use admit::decision::{Decision, Outcome, PolicyRef};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::DurationHistogram;
use super::reasons::{HostReasons, PolicyReasons};
use super::releases::Releases;

/// Upper bounds in microseconds.
const BOUNDS_US: &[u64] = &[
    10, 20, 30, 40, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000,
    100_000, 250_000, 500_000, 1_000_000,
];

/// The metrics of one gate. Clones count together.
#[derive(Clone, Debug)]
pub struct GateMetrics(Arc<Resolved>);

#[derive(Debug)]
struct Resolved {
    gate: Arc<str>,
    allow: Counter,
    ask: Counter,
    deny: PolicyReasons,
    invalid: HostReasons,
    failed: HostReasons,
    duration: DurationHistogram,
    generation: Gauge,
    activations: Family<ActivationLabels, Counter>,
    releases: Arc<Releases>,
}

impl GateMetrics {
    /// Counts one decision. Only a refusal by the policy takes a lock, and shares it.
    pub fn decided(&self, decision: &Decision) {
        let gate = &*self.0;
        let reason = decision.reason().unwrap_or_default();
        match decision.outcome() {
            Outcome::Allow => gate.allow.inc(),
            Outcome::Ask => gate.ask.inc(),
            Outcome::Deny => gate.deny.count(reason),
            Outcome::Invalid => gate.invalid.count(reason),
            Outcome::Failed => gate.failed.count(reason),
        };
        gate.duration.observe_us(decision.duration_us);
    }

    /// Counts an activation, and takes note of what decides from now on: the policy, the gate's
    /// generation, and the reason codes that the policy describes.
    pub fn activated<'a>(
        &self,
        policy: &PolicyRef,
        generation: u64,
        codes: impl IntoIterator<Item = &'a str>,
    ) {
        let gate = &*self.0;
        gate.deny.describe(codes);
        gate.releases.set(&gate.gate, policy);
        gate.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.count_attempt("activated", "");
    }

    /// Takes note that the gate decides with nothing any more.
    pub fn withdrawn(&self) {
        self.0.releases.remove(&self.0.gate);
    }

    /// Counts an activation that failed at `step`.
    pub fn refused(&self, step: &'static str) {
        self.count_attempt("refused", step);
    }

    /// Counts an activation that was not refused but changed nothing: `unchanged`, `checked` or
    /// `candidate`.
    pub fn changed_nothing(&self, result: &'static str) {
        self.count_attempt(result, "");
    }

    fn count_attempt(&self, result: &'static str, step: &'static str) {
        let gate = Arc::clone(&self.0.gate);
        self.0.activations.get_or_create(&ActivationLabels { gate, result, step }).inc();
    }
}

/// A decision's labels; `reason` is empty when there is none.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
pub(super) struct DecisionLabels {
    pub(super) gate: Arc<str>,
    pub(super) outcome: &'static str,
    pub(super) reason: Arc<str>,
}

/// An attempt's labels; `step` is empty unless one refused it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ActivationLabels {
    gate: Arc<str>,
    result: &'static str,
    step: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct GateLabels {
    gate: Arc<str>,
}

#[derive(Debug)]
pub(super) struct Families {
    decisions: Family<DecisionLabels, Counter>,
    duration: Family<GateLabels, DurationHistogram, fn() -> DurationHistogram>,
    generation: Family<GateLabels, Gauge>,
    activations: Family<ActivationLabels, Counter>,
    releases: Arc<Releases>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            decisions: Family::default(),
            duration: Family::new_with_constructor(|| DurationHistogram::new(BOUNDS_US)),
            generation: Family::default(),
            activations: Family::default(),
            releases: Arc::default(),
        };
        registry.register("decisions", "Decisions", families.decisions.clone());
        registry.register_with_unit(
            "decision_duration",
            "Time from token text to decision",
            Unit::Seconds,
            families.duration.clone(),
        );
        registry.register(
            "activations",
            "Attempts to change a gate, with the step that refused them",
            families.activations.clone(),
        );
        registry.register(
            "gate_generation",
            "Number of the gate's last activation",
            families.generation.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&families.releases)));
        families
    }

    pub(super) fn gate(&self, gate: &str) -> GateMetrics {
        let gate: Arc<str> = gate.into();
        let labels = GateLabels { gate: Arc::clone(&gate) };
        let reasonless = |outcome: Outcome| {
            self.decisions.get_or_create_owned(&DecisionLabels {
                gate: Arc::clone(&gate),
                outcome: outcome.as_str(),
                reason: "".into(),
            })
        };
        GateMetrics(Arc::new(Resolved {
            allow: reasonless(Outcome::Allow),
            ask: reasonless(Outcome::Ask),
            deny: PolicyReasons::new(&self.decisions, &gate),
            invalid: HostReasons::new(&self.decisions, &gate, Outcome::Invalid),
            failed: HostReasons::new(&self.decisions, &gate, Outcome::Failed),
            duration: self.duration.get_or_create_owned(&labels),
            generation: self.generation.get_or_create_owned(&labels),
            activations: self.activations.clone(),
            releases: Arc::clone(&self.releases),
            gate,
        }))
    }
}
