//! How much of something is under way.

use prometheus_client::metrics::gauge::Gauge;

/// How many of something there are now. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Level(pub(super) Gauge);

impl Level {
    pub fn count(&self) -> i64 {
        self.0.get()
    }

    /// Counts one more, until the value returned is dropped.
    #[must_use = "what is dropped at once is not counted"]
    pub fn hold(&self) -> Held {
        self.0.inc();
        Held(self.0.clone())
    }
}

/// One that is counted as long as this lives.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}
