//! Agreements and changes, counted while the log is read.

use std::collections::BTreeSet;

use admit::cases::Came;
use admit_api::comparison::{Decided, Group, Groups, Kind};
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
    groups: Groups<Key, Kept>,
    /// Why lines were not replayed, and the first of each.
    pub(super) skipped: Groups<Skip, Place>,
    pub(super) releases: u64,
    /// Decisions of other gates or times than the arguments name.
    pub(super) not_wanted: u64,
    pub(super) of_other_gates: u64,
    /// When the first and the last decision was made, seconds since 1970; absent without any.
    pub(super) times: Option<(u64, u64)>,
    /// The policies and the gates that decided.
    pub(super) policies: BTreeSet<String>,
    pub(super) gates: BTreeSet<String>,
}

/// The direction of a change, absent for an agreement; the old decision and the new one.
pub(super) type Key = (Option<Kind>, [Decided; 2]);

/// An example, which does not name its log, and what the host found.
pub(super) type Kept = (Place, Example, Option<String>);

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

    /// Counts a decision that was made again.
    pub(super) fn count(&mut self, place: Place, decision: &Decision, came: Came) {
        let (reason, asks) = (decision.reason.clone(), decision.asks.clone());
        let old = Decided { outcome: decision.outcome, reason, asks };
        let new = decided(&came);
        // Who was admitted is not in the log, so there is nothing to compare it with.
        let kind = Kind::of(&old, &new, true);
        let (decision_id, id) = (decision.decision_id, decision.id.clone());
        let example = Example { log: None, line: place.1, decision_id, id };
        self.groups.count((kind, [old, new]), (place, example, came.detail), EXAMPLES);
    }

    pub(super) fn skip(&mut self, place: Place, skip: Skip) {
        self.skipped.count(skip, place, 1);
    }

    /// Decisions that were made again.
    pub(super) fn replayed(&self) -> u64 {
        self.groups.sum(|_| true)
    }

    /// Lines that were not replayed.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.sum(|_| true)
    }

    /// Changes of this kind, or the agreements.
    pub(super) fn of(&self, kind: Option<Kind>) -> u64 {
        self.groups.sum(|(other, _)| *other == kind)
    }

    /// The agreements, then the changes by kind; the most frequent of a kind first.
    pub(super) fn groups(&self) -> Vec<(&Key, &Group<Kept>)> {
        let mut groups = self.groups.by_count();
        groups.sort_by_key(|((kind, _), _)| *kind);
        groups
    }
}

fn keep(names: &mut BTreeSet<String>, name: &str) {
    if names.len() < NAMES && !names.contains(name) {
        names.insert(name.to_owned());
    }
}
