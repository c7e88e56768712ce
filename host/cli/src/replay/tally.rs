//! Agreements and changes, counted while the log is read.

use std::collections::{BTreeMap, BTreeSet};

use admit::cases::Came;
use admit_api::comparison::{Decided, Kind};
use admit_api::log::Decision;
use admit_api::replay::Example;

use super::request::Skip;
use crate::diff::compare::decided;

/// The changes that a log can show.
pub(super) const KINDS: [Kind; 3] = [Kind::Narrowing, Kind::Widening, Kind::Other];

/// Examples that are kept of each change.
const EXAMPLES: usize = 3;

/// The names of policies and gates that are kept.
const NAMES: usize = 8;

/// Where a line stands: the number of the log among those that are replayed, and of the line.
pub(super) type Place = (usize, u64);

/// What came of all lines.
#[derive(Default)]
pub(super) struct Tally {
    groups: BTreeMap<Key, Group>,
    pub(super) skipped: BTreeMap<Skip, Skipped>,
    pub(super) releases: u64,
    /// Decisions of other gates or times than was asked for.
    pub(super) not_wanted: u64,
    pub(super) of_other_gates: u64,
    /// When the first and the last decision was made, seconds since 1970; absent without any.
    pub(super) times: Option<(u64, u64)>,
    /// The policies and the gates that decided.
    pub(super) policies: BTreeSet<String>,
    pub(super) gates: BTreeSet<String>,
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
    pub(super) old: Decided,
    pub(super) new: Decided,
    /// What the host found, of the first of them.
    pub(super) detail: Option<String>,
    /// The first of them; none names its log.
    pub(super) examples: Vec<(Place, Example)>,
}

/// Lines that were not replayed, for one reason.
pub(super) struct Skipped {
    pub(super) count: u64,
    /// The first.
    pub(super) first: Place,
}

impl Tally {
    /// Notes whose decisions a log has, and when they were made, in seconds since 1970.
    pub(super) fn note(&mut self, decision: &Decision, at: u64) {
        if let Some(policy) = &decision.policy {
            keep(&mut self.policies, &policy.name);
        }
        keep(&mut self.gates, &decision.gate);
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first.min(at), last.max(at)));
    }

    pub(super) fn count(&mut self, place: Place, decision: &Decision, came: Came) {
        let (reason, asks) = (decision.reason.clone(), decision.asks.clone());
        let old = Decided { outcome: decision.outcome, reason, asks };
        let new = decided(&came);
        let group = self.groups.entry([&old, &new].map(summary)).or_insert_with(|| Group {
            // Who was admitted is not in the log, so there is nothing to compare it with.
            kind: Kind::of(&old, &new, true),
            count: 0,
            old,
            new,
            detail: came.detail,
            examples: Vec::new(),
        });
        group.count += 1;
        // The first ones, although a decision that waited for its release comes late.
        let at = group.examples.partition_point(|(before, _)| *before < place);
        if at < EXAMPLES {
            let (decision_id, id) = (decision.decision_id, decision.id.clone());
            let example = Example { log: None, line: place.1, decision_id, id };
            group.examples.insert(at, (place, example));
            group.examples.truncate(EXAMPLES);
        }
    }

    /// Counts a line that was not replayed.
    pub(super) fn skip(&mut self, place: Place, skip: Skip) {
        let skipped = self.skipped.entry(skip).or_insert(Skipped { count: 0, first: place });
        skipped.count += 1;
        skipped.first = skipped.first.min(place);
    }

    /// Why lines were not replayed, what was counted most first.
    pub(super) fn by_count(&self) -> Vec<(&Skip, &Skipped)> {
        let mut skipped: Vec<_> = self.skipped.iter().collect();
        skipped.sort_by_key(|(_, skipped)| std::cmp::Reverse(skipped.count));
        skipped
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

    pub(super) fn changed(&self, kind: Kind) -> u64 {
        self.of(Some(kind)).iter().map(|group| group.count).sum()
    }

    /// The groups of a kind, or the agreements, the most frequent first.
    pub(super) fn of(&self, kind: Option<Kind>) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.values().filter(|group| group.kind == kind).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }

    pub(super) fn changes(&self) -> Vec<(Kind, &Group)> {
        let of = |kind: Kind| self.of(Some(kind)).into_iter().map(move |group| (kind, group));
        KINDS.into_iter().flat_map(of).collect()
    }
}

fn keep(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < NAMES && !names.contains(name) {
        names.insert(name.to_owned());
    }
}

fn summary(decided: &Decided) -> Summary {
    (decided.outcome.as_str(), decided.reason.clone(), decided.asks.clone())
}
