//! Decisions that wait for their release: each log is read once, and may have it later.

use std::collections::HashMap;

use super::releases::Key;
use super::tally::Place;

/// The most bytes of lines that wait.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A line, and where it stands.
type Kept = (Place, Box<[u8]>);

/// The lines that wait, by the release that they wait for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: HashMap<Key, Vec<Kept>>,
    bytes: usize,
}

impl Waiting {
    /// Keeps the line of a decision; says whether there was room.
    pub(super) fn keep(&mut self, key: Key, place: Place, line: &[u8]) -> bool {
        let has_room = self.bytes + line.len() <= MAX_BYTES;
        if has_room {
            self.bytes += line.len();
            self.lines.entry(key).or_default().push((place, line.into()));
        }
        has_room
    }

    /// Takes the lines that wait for this release.
    pub(super) fn take(&mut self, key: &Key) -> Vec<Kept> {
        let lines = self.lines.remove(key).unwrap_or_default();
        self.bytes -= lines.iter().map(|(_, line)| line.len()).sum::<usize>();
        lines
    }

    /// Takes all lines, in the order in which they were read.
    pub(super) fn take_all(&mut self) -> Vec<Kept> {
        self.bytes = 0;
        let mut lines: Vec<_> = self.lines.drain().flat_map(|(_, lines)| lines).collect();
        lines.sort_unstable_by_key(|(place, _)| *place);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_has_a_bound_and_what_is_taken_makes_room() {
        let mut waiting = Waiting::default();
        let key = |gate: &str| (gate.to_owned(), 1);
        let quarter = vec![b' '; MAX_BYTES / 4];
        for number in 0..4 {
            assert!(waiting.keep(key(["a", "b"][number % 2]), (0, number as u64), &quarter));
        }
        assert!(!waiting.keep(key("a"), (0, 4), b"x"));
        assert_eq!(waiting.take(&key("a")).len(), 2);
        assert!(waiting.keep(key("a"), (0, 5), &quarter));
        let places: Vec<_> = waiting.take_all().iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [(0, 1), (0, 3), (0, 5)]);
        assert!((0..4).all(|number| waiting.keep(key("a"), (0, number), &quarter)));
    }
}
