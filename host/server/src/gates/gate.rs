//! One gate of the server: the engine's gate, and what the server knows of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admit::claims::Verification;
use admit::gate::{Decided, Gate, Request};
use admit::keys::Keys;
use admit::lock::Lock;
use admit::release::Release;
use admit::runtime::Runtime;
use arc_swap::ArcSwap;
use serde_json::{Map, Value};

use super::component::Inspections;
use super::first::FirstTries;
use super::recent::Recent;
use super::refusals::Refusals;
use super::rollback::Fault;
use super::state::View;
use crate::decision_log::DecisionLog;
use crate::faults::{FaultOptions, FaultWatch};
use crate::metrics::GateMetrics;
use crate::shadow::ShadowOptions;
use crate::store::Store;

/// Releases that are kept linked for a way back, besides the active one.
const LINKED: usize = 5;

/// What a gate is made of besides its policy.
#[derive(Clone, Debug)]
pub struct GateOptions {
    /// Its name.
    pub name: String,
    /// What claims are checked against.
    pub verification: Verification,
    /// The settings it has before any were stored.
    pub settings: Map<String, Value>,
    /// The operator's cases, a file that is read at each activation.
    pub cases: Option<PathBuf>,
    /// When a release that keeps failing is reverted.
    pub faults: FaultOptions,
    /// How a candidate runs.
    pub shadow: ShadowOptions,
}

/// What counts and records decisions.
#[derive(Clone)]
pub struct Counters {
    /// The numbers of this gate.
    pub metrics: GateMetrics,
    /// The decision log; absent when there is none.
    pub log: Option<Arc<DecisionLog>>,
}

/// A gate with its policy, its settings and their history.
pub struct ServedGate {
    pub(super) options: GateOptions,
    pub(super) gate: Gate,
    pub(super) runtime: Runtime,
    pub(super) store: Store,
    pub(super) counters: Counters,
    /// Held by a change from start to end: one at a time. A roll-back does not wait for it.
    pub(super) changing: Arc<tokio::sync::Mutex<()>>,
    /// Held alone by a roll-back from start to end, and together by changes only while they are made:
    /// a roll-back that has begun comes before every change that is not made yet.
    pub(super) going_back: Arc<tokio::sync::RwLock<()>>,
    /// Held while the release of a way back is built, so that it is built once.
    pub(super) linking: Lock<()>,
    /// The releases before the active one, linked still.
    pub(super) linked: Lock<Recent<Arc<Release>>>,
    pub(super) inspections: Inspections,
    pub(super) first_tries: FirstTries,
    pub(super) refusals: Refusals,
    pub(super) faults: FaultWatch,
    started: Instant,
    /// INVARIANT: the store's row of the gate and `view` are changed while this is locked.
    pub(super) writing: Lock<()>,
    pub(super) view: ArcSwap<View>,
}

impl ServedGate {
    /// Makes a gate without a policy.
    pub fn new(
        options: GateOptions,
        runtime: Runtime,
        keys: Arc<Keys>,
        store: Store,
        counters: Counters,
    ) -> Self {
        let view = View::starting(options.settings.clone());
        Self {
            gate: Gate::new(&options.name, runtime.clone(), keys, options.verification),
            faults: FaultWatch::new(options.faults),
            refusals: Refusals::new(options.shadow.claims.clone()),
            options,
            runtime,
            store,
            counters,
            changing: Arc::default(),
            going_back: Arc::default(),
            linking: Lock::default(),
            linked: Lock::new(Recent::new(LINKED)),
            inspections: Inspections::default(),
            first_tries: FirstTries::default(),
            started: Instant::now(),
            writing: Lock::default(),
            view: ArcSwap::from_pointee(view),
        }
    }

    /// The gate's name.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// What the gate takes tokens of.
    pub fn verification(&self) -> &Verification {
        &self.options.verification
    }

    /// The engine's gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether a compilation goes on that was given up, of whichever gate.
    pub fn compiles_on(&self) -> bool {
        self.runtime.compiles_on()
    }

    /// What was refused lately, by reason.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Decides, unless a key would have to be waited for.
    ///
    /// # Errors
    ///
    /// As [`Gate::decide`].
    pub fn decide_now(
        self: &Arc<Self>,
        request: &Request<'_>,
    ) -> Result<Option<admit::decision::Decision>, admit::facts::FactsError> {
        let decided = self.gate.decide_now(request)?;
        Ok(decided.map(|decided| self.tell(decided, request)))
    }

    /// Decides, and waits for keys if need be.
    ///
    /// # Errors
    ///
    /// As [`Gate::decide`].
    pub fn decide(
        self: &Arc<Self>,
        request: &Request<'_>,
    ) -> Result<admit::decision::Decision, admit::facts::FactsError> {
        let decided = self.gate.decide_with_claims(request)?;
        Ok(self.tell(decided, request))
    }

    /// Counts and records a decision, and lets a candidate decide the same.
    fn tell(
        self: &Arc<Self>,
        decided: Decided,
        request: &Request<'_>,
    ) -> admit::decision::Decision {
        self.counters.metrics.decided(&decided.decision);
        self.refusals.note(&decided.decision, request.now);
        if let Some(log) = &self.counters.log {
            log.record(&decided, request);
        }
        self.watch_faults(&decided.decision);
        self.offer_to_candidate(decided, request)
    }

    fn watch_faults(self: &Arc<Self>, decision: &admit::decision::Decision) {
        let Some(generation) = decision.generation else {
            return;
        };
        let is_fault = crate::faults::is_policy_fault(decision);
        if self.faults.observe(generation, is_fault, self.started.elapsed()) {
            let (gate, fault) = (Arc::clone(self), Fault::of(decision));
            tokio::spawn(async move { gate.revert(generation, &fault).await });
        }
    }

    /// Starts to count the faults of a release that was activated `age` ago.
    pub(super) fn watch_faults_of(&self, generation: u64, age: Duration) {
        self.faults.activated(generation, self.started.elapsed(), age);
    }

    /// Counts the faults of a release anew that could not be reverted.
    pub(super) fn watch_faults_again(&self, generation: u64) {
        self.faults.not_reverted(generation, self.started.elapsed());
    }
}
