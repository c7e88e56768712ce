//! The state of the server, of each gate, and of what it watches.

use std::fmt;

use admit_api::status::{GateState, SourceState};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;

#[derive(Clone, Debug, Default)]
pub struct ServerNow {
    /// Whether requests should be sent to it.
    pub is_ready: bool,
    /// Its checks by name, and whether each fails.
    pub checks: Vec<(String, bool)>,
    pub gates: Vec<GateNow>,
}

#[derive(Clone, Debug)]
pub struct GateNow {
    pub gate: String,
    /// Whether it decides.
    pub state: GateState,
    /// Whether requests should be sent to it.
    pub is_ready: bool,
    /// Settings that are configured and do not count.
    pub not_counting: usize,
    /// Releases that are known to fail.
    pub taken_back: usize,
    /// What came of its source; absent when nothing is watched for it.
    pub source: Option<SourceState>,
}

/// Writes one gauge with its samples.
fn encode_gauge<L: EncodeLabelSet>(
    (name, help): (&str, &str),
    samples: &[(L, u64)],
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    if samples.is_empty() {
        return Ok(());
    }
    let mut encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    samples
        .iter()
        .try_for_each(|(labels, value)| encoder.encode_family(labels)?.encode_gauge(value))
}

/// The state of everything.
pub(super) fn encode_now(now: &ServerNow, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "1 while requests should be sent here, as /health/ready says; else 0.";
    encoder
        .encode_descriptor("ready", help, None, MetricType::Gauge)?
        .encode_gauge(&u64::from(now.is_ready))?;
    let checks = now.checks.iter().map(|(name, fails)| ([("check", &**name)], u64::from(*fails)));
    let help = "1 while a check of /health/ready fails, else 0.";
    encode_gauge(("check_failing", help), &checks.collect::<Vec<_>>(), encoder)?;
    let help = "1 for what the gate is, 0 for what it is not.";
    let of_gates = now
        .gates
        .iter()
        .flat_map(|gate| states(&gate.gate, gate.state, GateState::ALL, GateState::as_str));
    encode_gauge(("gate_state", help), &of_gates.collect::<Vec<_>>(), encoder)?;
    let help = "1 while requests should be sent to the gate, as /health/ready/{gate} says; else 0.";
    let ready = |gate: &GateNow| u64::from(gate.is_ready);
    encode_of_gates(("gate_ready", help), &now.gates, ready, encoder)?;
    let help = "Settings that are configured and do not count.";
    let settings = |gate: &GateNow| number(gate.not_counting);
    encode_of_gates(("gate_settings_not_counting", help), &now.gates, settings, encoder)?;
    let help = "Releases of the gate that are known to fail, and that nobody forced since.";
    let taken_back = |gate: &GateNow| number(gate.taken_back);
    encode_of_gates(("gate_releases_taken_back", help), &now.gates, taken_back, encoder)?;
    let help = "1 for what the watched source of the gate is, 0 for what it is not.";
    let sources = now.gates.iter().filter_map(|gate| Some((&gate.gate, gate.source?)));
    let of_sources = sources
        .flat_map(|(gate, state)| states(gate, state, SourceState::ALL, SourceState::as_str));
    encode_gauge(("source_state", help), &of_sources.collect::<Vec<_>>(), encoder)
}

fn encode_of_gates(
    described: (&str, &str),
    gates: &[GateNow],
    value: impl Fn(&GateNow) -> u64,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let samples = gates.iter().map(|gate| ([("gate", &*gate.gate)], value(gate)));
    encode_gauge(described, &samples.collect::<Vec<_>>(), encoder)
}

/// The labels of a sample of a state, and its value.
type Sample<'a> = ([(&'static str, &'a str); 2], u64);

/// A sample for each state that a gate, or its source, may be in.
fn states<'a, T: Copy + PartialEq>(
    gate: &'a str,
    state: T,
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl Iterator<Item = Sample<'a>> {
    all.iter().map(move |one| ([("gate", gate), ("state", name(*one))], u64::from(*one == state)))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
