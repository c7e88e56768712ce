//! Counts of agreements and differences, bounded.

use admit::decision::Outcome;
use admit::text::Shown;
use admit_api::candidate::{Difference, DifferenceKind, Example, Found, ShortDecision};
use admit_api::comparison::{Group, Groups};
use admit_api::evidence::Evidence;
use serde_json::Value;

use super::Offer;
use super::compare::{Answer, difference};
use crate::evidence;
use crate::time::rfc3339;

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
    found: Found,
    differences: Groups<Differing, u64>,
    changes: Groups<(DifferenceKind, [Outcome; 2]), u64>,
    max_examples: usize,
    claims: Vec<String>,
}

/// In what two decisions differ, with both of them unless there were too many different ones.
type Differing = (DifferenceKind, Option<[ShortDecision; 2]>);

impl Tally {
    /// Nothing so far; examples show these claims.
    pub(super) fn new(max_examples: usize, claims: Vec<String>) -> Self {
        let (differences, changes) = (Groups::default(), Groups::default());
        Self { found: Found::default(), differences, changes, max_examples, claims }
    }

    /// Counts the candidate's answer; without one the request was skipped.
    pub(super) fn count(&mut self, offer: &Offer, new: Option<Answer>) {
        let Some(new) = new else {
            self.found.skipped += 1;
            return;
        };
        self.found.decided += 1;
        self.found.failed += u64::from(new.decision.outcome == Outcome::Failed);
        match difference(&offer.old, &new) {
            None => self.found.agreed += 1,
            Some(kind) => self.differ(kind, offer, new),
        }
    }

    fn differ(&mut self, kind: DifferenceKind, offer: &Offer, new: Answer) {
        self.found.differed += 1;
        let number = self.found.differed;
        let both = [&offer.old.decision, &new.decision];
        self.changes.count((kind, both.map(|decision| decision.outcome)), number, 1);
        let mut differing = (kind, Some(both.map(ShortDecision::clone)));
        if !self.differences.has_room_for(&differing, MAX_DIFFERENCES) {
            differing = (DifferenceKind::Other, None);
        }
        let count = self.differences.count(differing, number, 1);
        if count <= MAX_EXAMPLES_EACH && self.found.examples.len() < self.max_examples {
            self.found.examples.push(example(kind, offer, new, &self.claims));
        }
    }

    /// Decisions that came out differently.
    pub(super) fn differed(&self) -> u64 {
        self.found.differed
    }

    /// The counts, to be shown.
    pub(super) fn report(&self) -> Report {
        let difference = |((kind, both), group): (&Differing, &Group<u64>)| {
            let [old, new] = both.clone().map_or([None, None], |both| both.map(Some));
            Difference { kind: *kind, old, new, count: group.count }
        };
        let changes = self.changes.by_count().into_iter();
        let changes = changes.map(|((kind, [old, new]), group)| Change {
            kind: *kind,
            old: *old,
            new: *new,
            count: group.count,
        });
        let differences = self.differences.by_count().into_iter().map(difference).collect();
        Report { found: Found { differences, ..self.found.clone() }, changes: changes.collect() }
    }
}

/// A decision that came out differently from the candidate's answer.
fn example(kind: DifferenceKind, offer: &Offer, new: Answer, allowed: &[String]) -> Example {
    let old = offer.old.decision.clone();
    let mut observed: Vec<Evidence> = Vec::new();
    for pointed_at in offer.old.observed.iter().chain(&new.observed) {
        let evidence = evidence::of(pointed_at, allowed);
        if !observed.contains(&evidence) {
            observed.push(evidence);
        }
    }
    let claims = offer.claims.iter().filter(|(name, _)| allowed.iter().any(|a| a == name));
    let claims = claims.map(|(name, value)| (name.to_owned(), shown(value))).collect();
    let (at, decision_id, new) = (rfc3339(offer.now), offer.decision_id, new.decision);
    Example { at, decision_id, kind, old, new, claims, observed }
}

/// The value, cut; an array or object as text.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => Shown::whole(text).to_string().into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::Array(_) | Value::Object(_) => Shown::whole(&value.to_string()).to_string().into(),
    }
}
