//! Whether requests should be sent to this server, or to one of its gates.
//!
//! The server is ready when decisions can be asked for at all: at least one gate decides, none is being
//! started, and nothing stops the whole server. What is wrong with one gate or one cloud besides is said,
//! and takes no other gate out of a load balancer. A client of one gate asks for that gate.

use std::collections::HashMap;

use admit_api::health::FailingCheck;
use admit_api::status::GateState;

use super::App;
use super::state::why_none;
use crate::gates::Gate;
use crate::metrics::{GateNow, ServerNow};

/// A condition of readiness.
pub struct Check {
    /// Its name, for example `gate.windows-mdm`.
    pub name: String,
    /// Why it fails; absent when it does not.
    pub problem: Option<String>,
    /// Whether nothing should be sent to the server while it fails.
    stops_all: bool,
}

/// Whether requests should be sent, and what fails.
#[derive(Debug)]
pub enum Readiness {
    /// They should: nothing fails.
    Ready,
    /// They should, but not everything can be decided.
    Degraded(Vec<FailingCheck>),
    /// They should not.
    NotReady(Vec<FailingCheck>),
}

impl Readiness {
    /// Whether requests should be sent.
    pub fn is_ready(&self) -> bool {
        !matches!(self, Self::NotReady(_))
    }
}

impl App {
    /// Whether requests should be sent to this server.
    pub fn readiness(&self) -> Readiness {
        let checks = self.checks();
        let is_stopped = checks.iter().any(|check| check.stops_all && check.problem.is_some());
        let keys = self.keys_problems();
        let decides = self.gates.values().any(|gate| gate_problems(gate, &keys).is_empty());
        let failing: Vec<_> = checks.into_iter().filter_map(Check::failing).collect();
        match failing.is_empty() {
            true => Readiness::Ready,
            false if is_stopped || !decides => Readiness::NotReady(failing),
            false => Readiness::Degraded(failing),
        }
    }

    /// Whether requests should be sent to one gate: it has a release, and there are keys for its cloud.
    /// A store that cannot be written stops no decision.
    pub fn readiness_of(&self, gate: &Gate) -> Readiness {
        let server = self.serving_checks().into_iter().filter_map(Check::failing);
        let gate = gate_problems(gate, &self.keys_problems());
        let failing: Vec<_> = server.chain(gate).collect();
        if failing.is_empty() { Readiness::Ready } else { Readiness::NotReady(failing) }
    }

    /// Every check: `draining`; `decision_log` when decisions hang on it; `store` when nothing can be
    /// stored; `gate.NAME` while it starts, and without a release that it should have; `gates` when none
    /// has one; `keys.CLOUD` when a gate has a release and there are no keys that are young enough.
    ///
    /// A gate that was never configured does not count while another one decides: most servers use
    /// one of the bundled gates only.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = self.serving_checks();
        checks.push(Check::of_all("store", self.store.problem()));
        for gate in self.gates.values() {
            let view = gate.view();
            let counts = view.state() != GateState::Unconfigured;
            let problem = view.problem().filter(|_| counts).map(str::to_owned);
            let stops_all = view.state() == GateState::Starting;
            checks.push(Check { name: format!("gate.{}", gate.name()), problem, stops_all });
        }
        let serving =
            || self.gates.values().filter(|gate| gate.view().state() == GateState::Serving);
        let none = serving().next().is_none().then(|| "no gate has a release".to_owned());
        checks.push(Check::of_all("gates", none));
        let mut problems = self.keys_problems();
        for cloud in self.keys.keys().map(|cloud| cloud.name()) {
            let is_used = serving().any(|gate| gate.verification().cloud().name() == cloud);
            let problem = problems.remove(cloud).filter(|_| is_used);
            checks.push(Check { name: format!("keys.{cloud}"), problem, stops_all: false });
        }
        checks
    }

    /// The checks that concern every decision.
    pub(super) fn serving_checks(&self) -> Vec<Check> {
        let draining = self.is_draining().then(|| "the server is about to end".to_owned());
        let log = self.log.as_ref().map(|log| Check::of_all("decision_log", log.hangs()));
        [Check::of_all("draining", draining)].into_iter().chain(log).collect()
    }

    /// Why there are no keys to use, by cloud.
    pub(super) fn keys_problems(&self) -> HashMap<String, String> {
        let states = self.keys_state().into_iter();
        let none = states.filter(|keys| keys.usable == 0);
        none.map(|keys| {
            let why = why_none(&keys);
            (keys.cloud, why)
        })
        .collect()
    }
}

/// Why a gate cannot decide, whatever it was meant for.
pub(super) fn gate_problems(gate: &Gate, keys: &HashMap<String, String>) -> Vec<FailingCheck> {
    let cloud = gate.verification().cloud().name();
    let view = gate.view();
    let problem = view.problem().map(|reason| (format!("gate.{}", gate.name()), reason.to_owned()));
    let keys = keys.get(cloud).map(|reason| (format!("keys.{cloud}"), reason.clone()));
    let failing = problem.into_iter().chain(keys);
    failing.map(|(check, reason)| FailingCheck { check, reason }).collect()
}

impl Check {
    fn of_all(name: &str, problem: Option<String>) -> Self {
        Self { name: name.to_owned(), problem, stops_all: true }
    }

    fn failing(self) -> Option<FailingCheck> {
        let Self { name: check, problem, .. } = self;
        problem.map(|reason| FailingCheck { check, reason })
    }
}

impl App {
    /// The state for the metrics.
    pub fn now(&self) -> ServerNow {
        let (checks, keys) = (self.checks().into_iter(), self.keys_problems());
        let is_stopped = self.serving_checks().iter().any(|check| check.problem.is_some());
        let is_ready = |gate| !is_stopped && gate_problems(gate, &keys).is_empty();
        ServerNow {
            is_ready: self.readiness().is_ready(),
            checks: checks.map(|check| (check.name, check.problem.is_some())).collect(),
            gates: self.gates.values().map(|gate| self.gate_now(gate, is_ready(gate))).collect(),
        }
    }

    fn gate_now(&self, gate: &Gate, is_ready: bool) -> GateNow {
        // INVARIANT: one view, so that what is shown goes together.
        let view = gate.view();
        GateNow {
            gate: gate.name().to_owned(),
            state: view.state(),
            is_ready,
            not_counting: view.not_counting().len(),
            taken_back: view.taken_back().len(),
            source: self.sources.get(gate.name()).map(|source| source.seen().state),
        }
    }
}
