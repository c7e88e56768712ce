//! Log lines that a stranger can cause at will: bad tokens, bad requests.
//!
//! Their senders must not fill the log. So of each kind one line is written at once, and then one
//! a minute, with how many there were and one of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::lock::Lock;

/// How long those of a kind are only counted after a line.
const MINUTE: Duration = Duration::from_secs(60);

/// Kinds that are counted apart at a time. A policy describes 128 reasons at most, and the host has some 30.
const MAX_KINDS: usize = 256;

/// What was logged lately, and what was only counted since.
///
/// Beyond 256 kinds in a minute, others are neither logged nor counted: a kind should be one of few, and
/// nothing that was received.
#[derive(Debug)]
pub struct Repeats<K, E>(Lock<HashMap<K, Counted<E>>>);

/// Those of a kind since its last line.
#[derive(Debug)]
struct Counted<E> {
    /// When the last line was written.
    at: Instant,
    count: u64,
    /// The first of them.
    example: Option<E>,
}

impl<K, E> Default for Repeats<K, E> {
    fn default() -> Self {
        Self(Lock::default())
    }
}

impl<K: Eq + Hash, E> Repeats<K, E> {
    /// Counts one. Returns how many a line stands for if one is due with this one; otherwise keeps it
    /// as the example of those that were counted, if it is the first.
    pub fn count(&self, kind: K, now: Instant, example: impl FnOnce() -> E) -> Option<u64> {
        let mut kinds = self.0.lock();
        if let Some(counted) = kinds.get_mut(&kind) {
            counted.count += 1;
            if now.saturating_duration_since(counted.at) < MINUTE {
                counted.example.get_or_insert_with(example);
                return None;
            }
            let count = counted.count;
            *counted = Counted { at: now, count: 0, example: None };
            return Some(count);
        }
        if kinds.len() >= MAX_KINDS {
            return None;
        }
        kinds.insert(kind, Counted { at: now, count: 0, example: None });
        Some(1)
    }

    /// The lines that are due at `now` with nothing new: an example, and how many it stands for. Kinds of
    /// which there was none for a minute are forgotten.
    pub fn due(&self, now: Instant) -> Vec<(E, u64)> {
        self.take(Some(now))
    }

    /// As [`Repeats::due`], when there is no later: all that was counted.
    pub fn all(&self) -> Vec<(E, u64)> {
        self.take(None)
    }

    fn take(&self, now: Option<Instant>) -> Vec<(E, u64)> {
        let mut due = Vec::new();
        self.0.lock().retain(|_, counted| {
            let is_due = now.is_none_or(|now| now.saturating_duration_since(counted.at) >= MINUTE);
            if !is_due {
                return true;
            }
            let Some(example) = counted.example.take() else { return false };
            due.push((example, std::mem::take(&mut counted.count)));
            counted.at = now.unwrap_or(counted.at);
            true
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_a_line_and_then_one_a_minute() {
        let (repeats, start) = (Repeats::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let count = |number, seconds| repeats.count("expired", at(seconds), || number);
        assert_eq!(count(0, 0), Some(1));
        assert_eq!(count(1, 1), None);
        for number in 2..=1_001 {
            assert_eq!(count(number, 59), None);
        }
        assert_eq!(repeats.due(at(59)), []);
        assert_eq!(repeats.due(at(60)), [(1, 1_001)]);
        assert_eq!(repeats.due(at(60)), []);
        assert_eq!(count(2_000, 61), None);
        // Without a timer that asks, the next one says all.
        assert_eq!(count(2_001, 130), Some(2));
        assert_eq!(count(2_002, 131), None);
        assert_eq!(repeats.all(), [(2_002, 1)]);
        // After a minute without any, the next one has a line again.
        assert_eq!(repeats.due(at(1_000)), []);
        assert_eq!(count(3_000, 1_001), Some(1));
    }

    #[test]
    fn kinds_are_counted_apart_and_bounded() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let mut lines = 0;
        for round in 0..2 {
            for kind in 0..1_000 {
                lines += u64::from(repeats.count(kind, now, || kind).is_some());
            }
            assert_eq!((lines, repeats.0.lock().len()), (256, MAX_KINDS), "{round}");
        }
        assert_eq!(repeats.all().len(), MAX_KINDS);
    }
}
