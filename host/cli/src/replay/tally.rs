//! Agreements and changes, counted while the log is read.

use std::collections::BTreeMap;

use admit::cases::Came;
use serde_json::Map;

use super::log::Decision;
use super::request::Skip;
use crate::diff::compare::{Kind, is_same};

/// The changes that a log can show.
pub(super) const KINDS: [Kind; 3] = [Kind::Narrowing, Kind::Widening, Kind::Other];

/// Examples that are kept of each change.
const EXAMPLES: usize = 3;

/// What came of all lines.
#[derive(Default)]
pub(super) struct Tally {
    groups: BTreeMap<Key, Group>,
    pub(super) skipped: BTreeMap<Skip, Skipped>,
}

/// A summary of the old decision and of the new one.
type Key = [Summary; 2];

/// Outcome, reason and question.
type Summary = (&'static str, Option<String>, Vec<String>);

/// Decisions with the same summaries.
pub(super) struct Group {
    /// Absent for an agreement.
    pub(super) kind: Option<Kind>,
    pub(super) count: u64,
    /// The first of them.
    pub(super) old: Came,
    pub(super) new: Came,
    pub(super) examples: Vec<Example>,
}

/// Where a decision is found.
pub(super) struct Example {
    pub(super) line: u64,
    pub(super) decision_id: String,
    pub(super) id: Option<String>,
}

/// Lines that were not replayed, for one reason.
#[derive(Default)]
pub(super) struct Skipped {
    pub(super) count: u64,
    /// The number of the first.
    pub(super) first: u64,
}

impl Tally {
    /// Counts a decision that was made again.
    pub(super) fn count(&mut self, line: u64, decision: &Decision, new: Came) {
        let old = Came {
            outcome: decision.outcome.as_str(),
            reason: decision.reason.clone(),
            asks: decision.asks.clone(),
            identity: Map::new(),
            ..Came::default()
        };
        let kind = (!is_same(&old, &new)).then(|| Kind::of(&old, &new));
        let group = self.groups.entry([&old, &new].map(summary)).or_insert_with(|| Group {
            kind,
            count: 0,
            old,
            new,
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let (decision_id, id) = (decision.decision_id.clone(), decision.id.clone());
            group.examples.push(Example { line, decision_id, id });
        }
    }

    /// Counts a line that was not replayed.
    pub(super) fn skip(&mut self, line: u64, skip: Skip) {
        let skipped = self.skipped.entry(skip).or_insert(Skipped { count: 0, first: line });
        skipped.count += 1;
    }

    /// Decisions that were made again.
    pub(super) fn replayed(&self) -> u64 {
        self.groups.values().map(|group| group.count).sum()
    }

    /// Lines that were not replayed.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.values().map(|skipped| skipped.count).sum()
    }

    /// Decisions that came out as they were.
    pub(super) fn agreed(&self) -> u64 {
        self.of(None).iter().map(|group| group.count).sum()
    }

    /// Changes of this kind.
    pub(super) fn changed(&self, kind: Kind) -> u64 {
        self.of(Some(kind)).iter().map(|group| group.count).sum()
    }

    /// The groups of a kind, or the agreements, the most frequent first.
    pub(super) fn of(&self, kind: Option<Kind>) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.values().filter(|group| group.kind == kind).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    /// The groups of all kinds of change.
    pub(super) fn changes(&self) -> Vec<(Kind, &Group)> {
        let of = |kind: Kind| self.of(Some(kind)).into_iter().map(move |group| (kind, group));
        KINDS.into_iter().flat_map(of).collect()
    }
}

fn summary(came: &Came) -> Summary {
    (came.outcome, came.reason.clone(), came.asks.clone())
}
