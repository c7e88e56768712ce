//! What the metrics show of a running server, read at each scrape.

use super::App;
use super::readiness::gate_problems;
use crate::gates::ServedGate;
use crate::metrics::{GateNow, ServerNow};

impl App {
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

    fn gate_now(&self, gate: &ServedGate, is_ready: bool) -> GateNow {
        // INVARIANT: one view, so that what is shown goes together.
        let view = gate.view();
        GateNow {
            gate: gate.name().to_owned(),
            state: view.state(),
            is_ready,
            not_counting: view.selected().map_or(0, |selected| selected.not_counting().len()),
            taken_back: view.taken_back().len(),
            source: self.sources.get(gate.name()).map(|source| source.seen().state),
        }
    }
}
