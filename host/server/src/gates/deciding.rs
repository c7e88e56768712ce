//! The side of a gate that decides: nothing here waits for a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admit::decision::Decision;
use admit::gate::{Decided, Input, Request};
use admit::keys::Keys;
use admit::release::Release;
use admit::runtime::Runtime;
use arc_swap::ArcSwap;

use super::gate::GateOptions;
use super::refusals::Refusals;
use super::rollback::Fault;
use super::view::{Active, Shadowing, View};
use crate::decision_log::DecisionLog;
use crate::faults::FaultWatch;
use crate::metrics::GateMetrics;
use crate::shadow::Offer;

/// What counts and records decisions.
#[derive(Clone)]
pub struct Counters {
    /// The numbers of this gate.
    pub metrics: GateMetrics,
    /// The decision log; absent when there is none.
    pub log: Option<Arc<DecisionLog>>,
}

/// The engine's gate, what is shown of it, and what counts and records its decisions.
///
/// INVARIANT: only the gate's owner calls [`Deciding::show`] and [`Deciding::swap`].
pub(super) struct Deciding {
    gate: admit::gate::Gate,
    view: ArcSwap<View>,
    counters: Counters,
    refusals: Refusals,
    faults: FaultWatch,
    started: Instant,
}

impl Deciding {
    /// Makes the deciding side of a gate without a release.
    pub(super) fn new(
        options: &GateOptions,
        runtime: Runtime,
        keys: Arc<Keys>,
        counters: Counters,
    ) -> Self {
        let GateOptions { name, verification, settings, faults, shadow, .. } = options;
        Self {
            gate: admit::gate::Gate::new(name, runtime, keys, *verification),
            view: ArcSwap::from_pointee(View::starting(settings.clone())),
            counters,
            refusals: Refusals::new(shadow.claims.clone()),
            faults: FaultWatch::new(*faults),
            started: Instant::now(),
        }
    }

    /// The engine's gate.
    pub(super) fn gate(&self) -> &admit::gate::Gate {
        &self.gate
    }

    /// What the gate is now.
    pub(super) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// The numbers of this gate.
    pub(super) fn metrics(&self) -> &GateMetrics {
        &self.counters.metrics
    }

    /// What was refused lately, by reason.
    pub(super) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Counts and records a decision, and lets a candidate decide the same. With the decision comes the
    /// fault of which there were too many since a generation.
    pub(super) fn note(
        &self,
        decided: Decided,
        request: &Request<'_>,
    ) -> (Decision, Option<(u64, Fault)>) {
        self.counters.metrics.decided(&decided.decision);
        self.refusals.note(&decided.decision, request.now);
        if let Some(log) = &self.counters.log {
            log.record(&decided, request);
        }
        let one_too_many = self.one_too_many(&decided.decision);
        (self.offer(decided, request), one_too_many)
    }

    fn one_too_many(&self, decision: &Decision) -> Option<(u64, Fault)> {
        let generation = decision.generation?;
        let is_fault = crate::faults::is_policy_fault(decision);
        let is_one_too_many = self.faults.observe(generation, is_fault, self.started.elapsed());
        is_one_too_many.then(|| (generation, Fault::of(decision)))
    }

    /// Hands what was decided to the candidate, which never makes anybody wait.
    fn offer(&self, decided: Decided, request: &Request<'_>) -> Decision {
        let Decided { decision, claims, .. } = decided;
        if let (Some(claims), Shadowing::Candidate(candidate)) =
            (claims, &self.view.load().candidate)
        {
            let (facts, bytes) = (request.facts.clone(), size(request));
            let offer = Offer::new(&decision, claims, facts, request.now, bytes);
            offer.into_iter().for_each(|offer| candidate.shadow().offer(offer));
        }
        decision
    }

    /// Counts the faults of a release anew that could not be reverted.
    pub(super) fn watch_faults_again(&self, generation: u64) {
        self.faults.not_reverted(generation, self.started.elapsed());
    }

    /// Shows what the gate is from now on.
    pub(super) fn show(&self, view: Arc<View>) {
        self.view.store(view);
    }

    /// Prepares what counts and records decisions for a release, activated at `at`, that is about to decide.
    pub(super) fn announce(&self, active: &Active, view: &View, at: u64, now: u64) {
        let Active { release, generation } = active;
        let age = Duration::from_secs(now.saturating_sub(at));
        self.faults.activated(*generation, self.started.elapsed(), age);
        let codes = release.description().reasons.iter().map(|reason| &*reason.code);
        self.counters.metrics.activated(release.policy(), *generation, codes);
        if let Some(log) = &self.counters.log {
            let (_, kept) = view.split();
            let (name, verification) = (self.gate.name(), self.gate.verification());
            log.release(name, *generation, release, kept.as_json(), verification, now);
        }
    }

    /// Stores the pointer, and answers how long that took.
    pub(super) fn swap(&self, release: Option<Arc<Release>>, after: u64) -> Duration {
        let swapped = self.gate.swap(release, after);
        swapped.expect("the owner alone swaps, and its generations rise").took
    }
}

/// The size of what is decided on.
fn size(request: &Request<'_>) -> usize {
    match request.input {
        Input::Token(_, bytes) | Input::Claims(bytes) => bytes.len(),
    }
}
