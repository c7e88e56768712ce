//! Counts of agreements and differences, bounded.

use admit::decision::Outcome;
use admit_api::candidate::{Came, Difference, DifferenceKind, Found};

use super::Offer;
use super::compare::{Answer, difference};
use super::example::example;

/// The most differences that are counted apart.
const MAX_DIFFERENCES: usize = 256;

/// Most examples of one difference, so that the first does not take the places of all others.
const MAX_EXAMPLES_EACH: u64 = 3;

/// What a candidate did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub found: Found,
    /// All that came out differently by outcome, for the metrics: however many differences there are,
    /// these pairs are few.
    pub changes: Vec<Change>,
}

/// Decisions that differ, by their outcomes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: DifferenceKind,
    pub old: Outcome,
    /// What the candidate said.
    pub new: Outcome,
    pub count: u64,
}

/// The counts so far.
#[derive(Debug)]
pub(super) struct Tally {
    so_far: Report,
    max_examples: usize,
    claims: Vec<String>,
}

impl Tally {
    /// Nothing so far; examples show these claims.
    pub(super) fn new(max_examples: usize, claims: Vec<String>) -> Self {
        Self { so_far: Report::default(), max_examples, claims }
    }

    /// Counts the candidate's answer; without one the request was skipped.
    pub(super) fn count(&mut self, offer: &Offer, new: Option<Answer>) {
        let Some(new) = new else {
            self.so_far.found.skipped += 1;
            return;
        };
        self.so_far.found.decided += 1;
        self.so_far.found.failed += u64::from(new.came.outcome == Outcome::Failed);
        match difference(&offer.old, &new) {
            None => self.so_far.found.agreed += 1,
            Some(kind) => self.differ(kind, offer, new),
        }
    }

    fn differ(&mut self, kind: DifferenceKind, offer: &Offer, new: Answer) {
        self.so_far.found.differed += 1;
        self.count_change(kind, offer.old.came.outcome, new.came.outcome);
        let count = self.count_difference(kind, &offer.old.came, &new.came);
        if count <= MAX_EXAMPLES_EACH && self.so_far.found.examples.len() < self.max_examples {
            self.so_far.found.examples.push(example(kind, offer, new, &self.claims));
        }
    }

    fn count_change(&mut self, kind: DifferenceKind, old: Outcome, new: Outcome) {
        let changes = &mut self.so_far.changes;
        let is_same =
            |change: &&mut Change| (change.kind, change.old, change.new) == (kind, old, new);
        match changes.iter_mut().find(is_same) {
            Some(known) => known.count += 1,
            None => changes.push(Change { kind, old, new, count: 1 }),
        }
    }

    fn count_difference(&mut self, kind: DifferenceKind, old: &Came, new: &Came) -> u64 {
        let differences = &mut self.so_far.found.differences;
        let is_same = |difference: &&mut Difference| {
            difference.kind == kind
                && difference.old.as_ref() == Some(old)
                && difference.new.as_ref() == Some(new)
        };
        if let Some(known) = differences.iter_mut().find(is_same) {
            known.count += 1;
            return known.count;
        }
        let (old, new) = (Some(old.clone()), Some(new.clone()));
        if differences.len() < MAX_DIFFERENCES {
            differences.push(Difference { kind, old, new, count: 1 });
            return 1;
        }
        self.count_other()
    }

    fn count_other(&mut self) -> u64 {
        let differences = &mut self.so_far.found.differences;
        let is_other = |difference: &&mut Difference| difference.kind == DifferenceKind::Other;
        if let Some(other) = differences.iter_mut().find(is_other) {
            other.count += 1;
            return other.count;
        }
        differences.push(Difference {
            kind: DifferenceKind::Other,
            old: None,
            new: None,
            count: 1,
        });
        1
    }

    /// Decisions that came out differently.
    pub(super) fn differed(&self) -> u64 {
        self.so_far.found.differed
    }

    /// The counts, to be shown.
    pub(super) fn report(&self) -> Report {
        let mut report = self.so_far.clone();
        report.found.differences.sort_by_key(|difference| std::cmp::Reverse(difference.count));
        report
    }
}
