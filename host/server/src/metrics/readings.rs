//! What other parts count themselves, read when it is scraped.

mod keys;
mod candidates;
mod now;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use admit::keys::Keys;
use admit::lock::Lock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

pub use now::{GateNow, ServerNow};

use crate::shadow::Report;

/// What became of the lines of the decision log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LogLines {
    pub written: u64,
    /// Dropped, since the buffer was full.
    pub dropped: u64,
    /// Lost to an error of file or disk.
    pub failed: u64,
    /// Decisions whose answer waits for the log.
    pub waiting: usize,
}

type Read<T> = Box<dyn Fn() -> T + Send + Sync>;

/// What is read at each scrape.
#[derive(Default)]
pub(super) struct Readings(pub(super) Lock<Watched>);

#[derive(Default)]
pub(super) struct Watched {
    pub(super) keys: BTreeMap<&'static str, Arc<Keys>>,
    pub(super) candidates: BTreeMap<Arc<str>, Read<Option<Report>>>,
    pub(super) decision_log: Option<Read<LogLines>>,
    pub(super) server: Option<Read<Option<ServerNow>>>,
}

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").finish_non_exhaustive()
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let watched = self.0.lock();
        if let Some(now) = watched.server.as_ref().and_then(|read| read()) {
            now::encode_now(&now, &mut encoder)?;
        }
        keys::encode_keys(&watched.keys, &mut encoder)?;
        candidates::encode_candidates(&watched.candidates, &mut encoder)?;
        match &watched.decision_log {
            Some(read) => encode_decision_log(read(), &mut encoder),
            None => Ok(()),
        }
    }
}

fn encode_decision_log(lines: LogLines, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let LogLines { written, dropped, failed, waiting } = lines;
    let help = "Lines of the decision log.";
    let mut counts =
        encoder.encode_descriptor("decision_log_lines", help, None, MetricType::Counter)?;
    for (result, count) in [("written", written), ("dropped", dropped), ("failed", failed)] {
        counts
            .encode_family(&[("result", result)])?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
    }
    let help = "Decisions whose answer waits for the decision log.";
    let name = "decision_log_waiting";
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&waiting)
}
