//! A candidate release decides the same requests after the answer went out; differences are counted.

mod queue;
mod compare;
mod tally;

use std::sync::Arc;

use admit::claims::VerifiedClaims;
use admit::decision::Blame;
use admit::decision::{Decision, Outcome};
use admit::facts::Facts;
use admit::lock::Lock;
use admit::release::Release;
use uuid::Uuid;

pub use tally::{Change, Report};

use compare::Answer;
use queue::Queue;
use tally::Tally;

/// What a shadow may use, and what it may show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShadowOptions {
    /// Most decisions that wait, at least 1.
    pub queue_entries: usize,
    /// Most bytes of the requests that wait.
    pub queue_bytes: usize,
    pub examples: usize,
    /// The claims that examples show.
    pub claims: Vec<String>,
}

/// A decision that was made, and what it was made of.
pub struct Offer {
    claims: VerifiedClaims,
    facts: Facts,
    now: u64,
    bytes: usize,
    decision_id: Uuid,
    old: Answer,
}

impl Offer {
    /// Takes what a decision was made of; `now` is its time, seconds since 1970, and `bytes` the
    /// size of the request, the measure of what waiting costs.
    ///
    /// Absent when the host was at fault: there is nothing to compare with.
    pub fn new(
        decision: &Decision,
        claims: VerifiedClaims,
        facts: Facts,
        now: u64,
        bytes: usize,
    ) -> Option<Self> {
        let no_answer =
            decision.outcome() == Outcome::Failed && decision.blame() == Some(Blame::Host);
        let (decision_id, old) = (decision.decision_id, Answer::from(decision));
        (!no_answer).then_some(Self { claims, facts, now, bytes, decision_id, old })
    }
}

/// Shows the decision's id, nothing of the token.
impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer").field("decision_id", &self.decision_id).finish_non_exhaustive()
    }
}

/// A candidate at work on a thread of its own.
///
/// Dropping it discards what waits, lets the decision under way end, which its limits bound to a
/// second, and ends the thread; to be done where waiting is allowed.
#[derive(Debug)]
pub struct Shadow {
    release: Arc<Release>,
    tally: Arc<Lock<Tally>>,
    queue: Queue<Offer>,
}

impl Shadow {
    /// Starts a candidate.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(release: Arc<Release>, options: ShadowOptions) -> std::io::Result<Self> {
        let ShadowOptions { queue_entries, queue_bytes, examples, claims } = options;
        let tally = Arc::new(Lock::new(Tally::new(examples, claims)));
        let (candidate, counts) = (Arc::clone(&release), Arc::clone(&tally));
        let queue = Queue::start(queue_entries, queue_bytes, move |offer: Offer| {
            let new = compare::ask(&candidate, &offer);
            counts.lock().count(&offer, new);
        })?;
        Ok(Self { release, tally, queue })
    }

    /// The candidate.
    pub fn release(&self) -> &Arc<Release> {
        &self.release
    }

    /// Gives the candidate a request to decide. Never waits: when too much waits already, the
    /// request is skipped and counted.
    pub fn offer(&self, offer: Offer) {
        let bytes = offer.bytes;
        self.queue.push(offer, bytes);
    }

    /// What the candidate did so far.
    pub fn report(&self) -> Report {
        let mut report = self.tally.lock().report();
        report.found.skipped += self.queue.skipped();
        report
    }

    /// Decisions so far that came out differently, failures of the candidate included; for the guard
    /// of a promotion.
    pub fn differed(&self) -> u64 {
        self.tally.lock().differed()
    }
}

#[cfg(test)]
mod tests;
