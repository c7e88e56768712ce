//! When the release of a gate is written again.
//!
//! A log is cut without a signal to the server: by a collector of standard output, by `tail`, by a
//! rotation that copies and truncates. A piece of it can be replayed alone if the releases come
//! again now and then.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a gate decides before its release is written again.
const AFTER: Duration = Duration::from_secs(10 * 60);

/// After this many bytes of the log it is written again, however soon.
const BYTES: u64 = 1024 * 1024;

/// A release that is written again is at most this part of what was written since.
const SHARE: u64 = 8;

/// What was written of each gate, and when.
#[derive(Debug)]
pub(super) struct Again {
    after: Duration,
    bytes: u64,
    /// Bytes of all lines.
    passed: u64,
    releases: HashMap<String, Mark>,
}

/// The last line of a gate's release.
#[derive(Debug)]
struct Mark {
    at: Instant,
    /// Bytes of all lines until then.
    passed: u64,
    size: u64,
}

impl Default for Again {
    fn default() -> Self {
        Self::every(AFTER, BYTES)
    }
}

impl Again {
    /// After this time, or this many bytes.
    pub(super) fn every(after: Duration, bytes: u64) -> Self {
        Self { after, bytes, passed: 0, releases: HashMap::new() }
    }

    /// Notes that the release of a gate is written, in a line of `bytes` bytes.
    pub(super) fn release(&mut self, gate: &str, bytes: usize) {
        self.passed(bytes);
        let mark = Mark { at: Instant::now(), passed: self.passed, size: bytes as u64 };
        self.releases.insert(gate.to_owned(), mark);
    }

    /// Notes that another line is written.
    pub(super) fn passed(&mut self, bytes: usize) {
        self.passed += bytes as u64;
    }

    /// Whether the gate's release is to be written before its next decision.
    pub(super) fn is_due(&self, gate: &str) -> bool {
        let Some(mark) = self.releases.get(gate) else { return false };
        let since = self.passed - mark.passed;
        let is_long_ago = since >= self.bytes || mark.at.elapsed() >= self.after;
        is_long_ago && since >= mark.size * SHARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_due_after_a_time_or_some_bytes_at_a_share_of_them() {
        let (never, at_once) = (Duration::MAX, Duration::ZERO);
        for (after, bytes, size, passed, expected) in [
            (never, 1_000, 10, 999, false),
            (never, 1_000, 10, 1_000, true),
            (never, 1_000, 200, 1_599, false),
            (never, 1_000, 200, 1_600, true),
            (at_once, 1_000, 10, 79, false),
            (at_once, 1_000, 10, 80, true),
        ] {
            let mut again = Again::every(after, bytes);
            again.release("a", size);
            again.passed(passed);
            assert_eq!(again.is_due("a"), expected, "{after:?} {bytes} {size} {passed}");
            assert!(!again.is_due("b"), "a gate without a release");
            again.release("a", size);
            assert!(!again.is_due("a"), "written just now");
        }
    }
}
