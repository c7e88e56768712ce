//! What a gate refused lately, by reason: what an administrator looks at first.

use admit::decision::{Decision, Expected, Outcome};
use admit::lock::Lock;
use admit_api::evidence::Evidence;
use admit_api::status;
use indexmap::IndexMap;
use uuid::Uuid;

use crate::evidence;

/// Reasons that are remembered; a policy describes 128 at most, and the host has some 20.
const MAX_REASONS: usize = 160;

/// The last refusal of each reason, and how many there were.
#[derive(Debug)]
pub struct Refusals {
    by_reason: Lock<IndexMap<String, Last>>,
    /// The claims that are shown whatever they hold.
    claims: Vec<String>,
}

#[derive(Debug)]
struct Last {
    count: u64,
    at: u64,
    decision_id: Uuid,
    outcome: Outcome,
    detail: Option<String>,
    observed: Vec<Evidence>,
    expected: Vec<Expected>,
}

impl Refusals {
    /// None so far; `claims` are those of `decision_log.claims`.
    pub(super) fn new(claims: Vec<String>) -> Self {
        Self { by_reason: Lock::default(), claims }
    }

    /// Takes note of a decision at `now`, seconds since 1970, if it is a refusal.
    pub(super) fn note(&self, decision: &Decision, now: u64) {
        let Some(reason) = decision.reason() else {
            return;
        };
        let mut refusals = self.by_reason.lock();
        let count = match refusals.get(reason) {
            Some(last) => last.count + 1,
            None if refusals.len() < MAX_REASONS => 1,
            None => return,
        };
        let last = Last {
            count,
            at: now,
            decision_id: decision.decision_id,
            outcome: decision.outcome(),
            detail: crate::decision_log::shown_detail(decision, &self.claims),
            observed: decision.observed().iter().map(|it| evidence::of(it, &self.claims)).collect(),
            expected: decision.expected().to_vec(),
        };
        refusals.insert(reason.to_owned(), last);
    }

    /// The refusals, the latest first.
    pub fn list(&self) -> Vec<status::Refusals> {
        let refusals = self.by_reason.lock();
        let mut list: Vec<_> = refusals.iter().collect();
        list.sort_by_key(|(_, last)| std::cmp::Reverse((last.at, last.decision_id)));
        list.into_iter().map(|(reason, last)| count(reason, last)).collect()
    }
}

fn count(reason: &str, last: &Last) -> status::Refusals {
    status::Refusals {
        outcome: last.outcome,
        reason: reason.to_owned(),
        count: last.count,
        last_at: crate::time::rfc3339(last.at),
        decision_id: last.decision_id,
        detail: last.detail.clone(),
        observed: last.observed.clone(),
        expected: last.expected.clone(),
    }
}
