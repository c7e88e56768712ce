//! What each gate decides with: one series per gate, replaced when that changes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use admit::decision::PolicyRef;
use admit::lock::Lock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

/// The active policy of every gate.
#[derive(Debug, Default)]
pub(super) struct Releases(Lock<BTreeMap<Arc<str>, PolicyRef>>);

impl Releases {
    pub(super) fn set(&self, gate: &Arc<str>, policy: &PolicyRef) {
        let mut active = self.0.lock();
        active.insert(Arc::clone(gate), policy.clone());
    }

    pub(super) fn remove(&self, gate: &str) {
        let mut active = self.0.lock();
        active.remove(gate);
    }
}

impl Collector for Releases {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let active = self.0.lock();
        if active.is_empty() {
            return Ok(());
        }
        let help = "The policy that a gate decides with.";
        let mut encoder =
            encoder.encode_descriptor("gate_release", help, None, MetricType::Info)?;
        for (gate, policy) in &*active {
            encoder.encode_info(&[
                ("gate", &**gate),
                ("policy", &policy.name),
                ("version", &policy.version),
                ("digest", &policy.digest),
            ])?;
        }
        Ok(())
    }
}
