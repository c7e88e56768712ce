//! Counts of agreements and differences, bounded.

use admit::decision::Outcome;
use serde::Serialize;

use super::Offer;
use super::compare::{Answer, Came, Kind, difference};
use super::example::Example;

/// Most differences that are told apart.
const MAX_DIFFERENCES: usize = 256;

/// Most examples of one difference, so that the first does not take the places of all others.
const MAX_EXAMPLES_EACH: u64 = 3;

/// What a candidate did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Requests that the candidate decided: those agreed and those differed.
    pub decided: u64,
    /// Of these, those that came out the same: outcome, reason, and on `allow` and `ask` the
    /// identity.
    pub agreed: u64,
    /// Of these, those that came out differently.
    pub differed: u64,
    /// Requests that the candidate was not asked about, since too much was waiting.
    pub skipped: u64,
    /// Of those decided, those to which the candidate came to no decision.
    pub failed: u64,
    /// The differences, most frequent first.
    pub differences: Vec<Difference>,
    /// A few decisions that came out differently, oldest first.
    pub examples: Vec<Example>,
    /// All that came out differently by outcome, for the metrics: however many differences there are,
    /// these pairs are few.
    #[serde(skip)]
    pub changes: Vec<Change>,
}

/// Decisions that differ, by their outcomes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// In what.
    pub kind: Kind,
    /// What was decided.
    pub old: Outcome,
    /// What the candidate said.
    pub new: Outcome,
    /// How many.
    pub count: u64,
}

/// Decisions that differ in the same way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// In what.
    pub kind: Kind,
    /// What was decided; absent when the kind is `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Came>,
    /// What the candidate said; absent when the kind is `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Came>,
    /// How many.
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
            self.so_far.skipped += 1;
            return;
        };
        self.so_far.decided += 1;
        self.so_far.failed += u64::from(new.came.outcome == Outcome::Failed);
        match difference(&offer.old, &new) {
            None => self.so_far.agreed += 1,
            Some(kind) => self.differ(kind, offer, new),
        }
    }

    fn differ(&mut self, kind: Kind, offer: &Offer, new: Answer) {
        self.so_far.differed += 1;
        self.count_change(kind, offer.old.came.outcome, new.came.outcome);
        let count = self.count_difference(kind, &offer.old.came, &new.came);
        if count <= MAX_EXAMPLES_EACH && self.so_far.examples.len() < self.max_examples {
            self.so_far.examples.push(Example::new(kind, offer, new, &self.claims));
        }
    }

    fn count_change(&mut self, kind: Kind, old: Outcome, new: Outcome) {
        let changes = &mut self.so_far.changes;
        let is_same =
            |change: &&mut Change| (change.kind, change.old, change.new) == (kind, old, new);
        match changes.iter_mut().find(is_same) {
            Some(known) => known.count += 1,
            None => changes.push(Change { kind, old, new, count: 1 }),
        }
    }

    /// Counts one of a kind, and says how many there are.
    fn count_difference(&mut self, kind: Kind, old: &Came, new: &Came) -> u64 {
        let differences = &mut self.so_far.differences;
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
        let differences = &mut self.so_far.differences;
        let is_other = |difference: &&mut Difference| difference.kind == Kind::Other;
        if let Some(other) = differences.iter_mut().find(is_other) {
            other.count += 1;
            return other.count;
        }
        differences.push(Difference { kind: Kind::Other, old: None, new: None, count: 1 });
        1
    }

    /// Decisions that came out differently.
    pub(super) fn differed(&self) -> u64 {
        self.so_far.differed
    }

    /// The counts, to be shown.
    pub(super) fn report(&self) -> Report {
        let mut report = self.so_far.clone();
        report.differences.sort_by_key(|difference| std::cmp::Reverse(difference.count));
        report
    }
}
