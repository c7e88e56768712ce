//! Bounds on requests.

use std::time::Duration;

use super::read::Section;
use super::values;

/// Bounds on requests. What a policy may use is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Bytes of a request to the service listener, 1024 to 67108864; 524288 (512 KiB) by default.
    /// Uploads to the admin listener have 4 MiB.
    pub body_bytes: usize,
    /// Time in which the header of a request must have come, from its first byte, or from the start of
    /// the connection. Whole seconds, 1 to 300; 10 by default.
    pub header: Duration,
    /// Time that a connection may wait for its next request. Whole seconds, 1 to 3600; 75 by default,
    /// longer than the 60 for which most balancers keep a connection that they may use again.
    pub idle: Duration,
    /// Time in which the body of a request must have come. Whole seconds, 1 to 300; 10 by default.
    pub body: Duration,
    /// Connections of each listener, 1 to 65536; 400 by default, since a process may have 1024 files
    /// open on most systems.
    pub connections: usize,
    /// Decisions in flight, 1 to 256; 128 by default. More are answered with 503.
    pub decisions: usize,
    /// Requests in one batch, 1 to 1000; 100 by default.
    pub batch: usize,
    /// Time in which a server that stops says that it is not ready, and answers all the same, so that
    /// nobody sends it more. Whole seconds, 0 to 300; 0 by default.
    pub unready: Duration,
    /// Time that requests in flight have to end when the server stops. Whole seconds, 0 to 3600; 30
    /// by default.
    pub drain: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            body_bytes: 512 * 1024,
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(10),
            connections: 400,
            decisions: 128,
            batch: 100,
            unready: Duration::ZERO,
            drain: Duration::from_secs(30),
        }
    }
}

impl LimitsConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let usual = Self::default();
        let body_bytes = values::count(1_024..=64 * 1024 * 1024);
        Self {
            body_bytes: section.value_or("body_bytes", usual.body_bytes, body_bytes),
            header: section.value_or("header_seconds", usual.header, values::seconds(1..=300)),
            idle: section.value_or("idle_seconds", usual.idle, values::seconds(1..=3_600)),
            body: section.value_or("body_seconds", usual.body, values::seconds(1..=300)),
            connections: section.value_or(
                "connections",
                usual.connections,
                values::count(1..=65_536),
            ),
            decisions: section.value_or("decisions", usual.decisions, values::count(1..=256)),
            batch: section.value_or("batch", usual.batch, values::count(1..=1_000)),
            unready: section.value_or("unready_seconds", usual.unready, values::seconds(0..=300)),
            drain: section.value_or("drain_seconds", usual.drain, values::seconds(0..=3_600)),
        }
    }
}
