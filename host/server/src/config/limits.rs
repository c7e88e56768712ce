//! Bounds on requests.

use std::time::Duration;

use admit::cases::shape;
use admit::cases::strict::{count, seconds};

shape! {
    /// Bounds on requests.
    pub struct LimitsConfig (Copy, Eq): Default {
        /// Bytes of a request to the service listener; uploads to the admin listener have 4 MiB.
        pub body_bytes: usize = "body_bytes", count(1_024..=64 * 1024 * 1024).or(512 * 1024);
        /// Time in which the header of a request must have come, from its first byte, or from the start of the
        /// connection.
        pub header: Duration = "header_seconds", seconds(1..=300).or(Duration::from_secs(10));
        /// Time that a connection may wait for its next request; longer than a balancer in front keeps it.
        // Most balancers keep a connection that they may use again for 60 s.
        pub idle: Duration = "idle_seconds", seconds(1..=3_600).or(Duration::from_secs(75));
        /// Time in which the body of a request must have come.
        pub body: Duration = "body_seconds", seconds(1..=300).or(Duration::from_secs(10));
        /// Connections at the same time.
        // For each listener: a process may have 1024 files open on most systems.
        pub connections: usize = "connections", count(1..=65_536).or(400);
        /// Decisions in flight; more are answered with 503.
        pub decisions: usize = "decisions", count(1..=256).or(128);
        /// Requests in one batch.
        pub batch: usize = "batch", count(1..=1_000).or(100);
        /// Time in which a server that stops says that it is not ready, and answers all the same, so that
        /// no balancer sends it more.
        pub unready: Duration = "unready_seconds", seconds(0..=300).or(Duration::ZERO);
        /// Time that requests in flight have to end when the server stops.
        pub drain: Duration = "drain_seconds", seconds(0..=3_600).or(Duration::from_secs(30));
    }
}
