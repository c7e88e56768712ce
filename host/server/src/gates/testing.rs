//! A gate for tests.

use std::sync::Arc;
use std::time::Duration;

use admit::claims::Verification;
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use serde_json::{Map, Value};

use super::{Counters, Gate, GateOptions};
use crate::faults::FaultOptions;
use crate::metrics::Metrics;
use crate::shadow::ShadowOptions;
use crate::store::Store;

/// A gate that was not started, has no keys and these settings, and is reverted after three faults.
pub(crate) fn gate(
    name: &str,
    settings: Map<String, Value>,
    runtime: &Runtime,
    store: &Store,
) -> Arc<Gate> {
    let shadow =
        ShadowOptions { queue_entries: 1, queue_bytes: 1, examples: 0, claims: Vec::new() };
    let options = GateOptions {
        name: name.to_owned(),
        verification: Verification::default(),
        settings,
        cases: None,
        faults: FaultOptions { faults: 3, within: Duration::from_mins(5) },
        shadow,
    };
    let keys = Arc::new(Keys::fixed(KeySet::default()));
    let counters = Counters { metrics: Metrics::new(0).gate(name), log: None };
    Arc::new(Gate::new(options, runtime.clone(), keys, store.clone(), counters))
}
