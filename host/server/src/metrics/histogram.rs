//! A histogram of durations that takes no lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

const MICROS_PER_SECOND: f64 = 1e6;

/// Durations, counted in whole microseconds and shown in seconds. Clones share their counts.
///
/// The crate's own histogram holds a lock while it counts.
#[derive(Clone, Debug)]
pub(super) struct DurationHistogram(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// Upper bounds in microseconds, rising; what is above the last one has a bucket of its own.
    bounds: &'static [u64],
    /// INVARIANT: one more than `bounds`.
    buckets: Box<[AtomicU64]>,
    sum_us: AtomicU64,
}

impl DurationHistogram {
    /// An empty histogram with these upper bounds in microseconds, rising.
    pub(super) fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Counts { bounds, buckets, sum_us: AtomicU64::new(0) }))
    }

    /// Counts one duration.
    pub(super) fn observe(&self, took: Duration) {
        self.observe_us(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts one duration in microseconds.
    pub(super) fn observe_us(&self, took_us: u64) {
        let counts = &*self.0;
        let bucket = counts.bounds.partition_point(|bound| *bound < took_us);
        if let Some(count) = counts.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
            counts.sum_us.fetch_add(took_us, Ordering::Relaxed);
        }
    }
}

impl EncodeMetric for DurationHistogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let counts = &*self.0;
        let bounds = counts.bounds.iter().map(|bound| seconds(*bound));
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(counts.buckets.iter().map(|count| count.load(Ordering::Relaxed)))
            .collect();
        // The count is that of the buckets just read: it equals the last bucket at any moment.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(counts.sum_us.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for DurationHistogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 285 years in microseconds")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / MICROS_PER_SECOND
}
