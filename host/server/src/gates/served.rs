//! One gate of the server: the engine's gate, and what the server knows of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use admit::claims::Verification;
use admit::contract::types::Description;
use admit::decision::PolicyRef;
use admit::gate::{Decided, Gate, Request};
use admit::keys::Keys;
use admit::release::Inspected;
use admit::runtime::Runtime;
use admit::settings::Settings;
use arc_swap::ArcSwapOption;
use serde_json::{Map, Value};

use super::candidate::Candidate;
use super::component::Inspections;
use super::refusals::Refusals;
use super::report::ChangeError;
use crate::decision_log::DecisionLog;
use crate::faults::{FaultOptions, FaultWatch};
use crate::metrics::GateMetrics;
use crate::shadow::ShadowOptions;
use crate::store::{Action, Store};

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
    pub(super) inspections: Inspections,
    pub(super) refusals: Refusals,
    pub(super) faults: FaultWatch,
    started: Instant,
    /// INVARIANT: the store's row of the gate and `state` are changed while this is locked.
    writing: Mutex<()>,
    state: Mutex<State>,
    pub(super) candidate: ArcSwapOption<Candidate>,
}

struct State {
    selected: Option<Arc<Selected>>,
    unreleased: Option<Unreleased>,
    /// The settings and the revision that count while nothing is selected.
    kept: (Map<String, Value>, u64),
}

/// Why a gate has no release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreleased {
    /// It is being started.
    Starting,
    /// It was never given a policy, or settings that are complete: in these words.
    Unconfigured(String),
    /// It should have one, and cannot: for this reason.
    Failed(String),
}

/// What the gate has: a policy and settings, whether they make a release or not.
#[derive(Clone)]
pub struct Selected {
    /// The policy.
    pub inspected: Inspected,
    /// All settings, with those that the policy does not know.
    pub settings: Map<String, Value>,
    /// Counts changes of policy or settings.
    pub revision: u64,
    /// The attempt that activated it; absent while the gate has no release.
    pub active: Option<u64>,
    /// The attempt that a roll-back goes to.
    pub previous: Option<u64>,
}

impl Selected {
    /// Name, version and digest of the policy.
    pub fn policy(&self) -> &PolicyRef {
        self.inspected.policy()
    }

    /// What the policy says of itself.
    pub fn description(&self) -> &Description {
        self.inspected.description()
    }

    /// The settings that the policy knows, and the others.
    pub fn split(&self) -> (Settings, Settings) {
        Settings::from(self.settings.clone()).split(self.description())
    }
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
        let kept = (options.settings.clone(), 0);
        Self {
            gate: Gate::new(&options.name, runtime.clone(), keys, options.verification),
            faults: FaultWatch::new(options.faults),
            options,
            runtime,
            store,
            counters,
            changing: Arc::default(),
            inspections: Inspections::default(),
            refusals: Refusals::default(),
            started: Instant::now(),
            writing: Mutex::default(),
            state: Mutex::new(State {
                selected: None,
                unreleased: Some(Unreleased::Starting),
                kept,
            }),
            candidate: ArcSwapOption::empty(),
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

    /// What the gate has; absent when it has no policy.
    pub fn selected(&self) -> Option<Arc<Selected>> {
        self.state().selected.clone()
    }

    /// What the gate has, with the settings and the revision that a change starts from.
    pub(super) fn base(&self) -> (Option<Arc<Selected>>, Map<String, Value>, u64) {
        let state = self.state();
        let (settings, revision) = match &state.selected {
            Some(selected) => (selected.settings.clone(), selected.revision),
            None => state.kept.clone(),
        };
        (state.selected.clone(), settings, revision)
    }

    /// Why the gate has no release; absent when it has one.
    pub fn problem(&self) -> Option<String> {
        match self.unreleased()? {
            Unreleased::Starting => Some("is being started".to_owned()),
            Unreleased::Unconfigured(problem) | Unreleased::Failed(problem) => Some(problem),
        }
    }

    /// What the gate has, for those who ask for it.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Starting`], [`ChangeError::NoPolicy`].
    pub fn chosen(&self) -> Result<Arc<Selected>, ChangeError> {
        self.expect_started()?;
        self.selected().ok_or_else(|| ChangeError::NoPolicy(self.name().to_owned()))
    }

    /// Refuses to change what was not read from the store yet.
    pub(super) fn expect_started(&self) -> Result<(), ChangeError> {
        match self.unreleased() {
            Some(Unreleased::Starting) => Err(ChangeError::Starting(self.name().to_owned())),
            _ => Ok(()),
        }
    }

    /// Why the gate has no release; absent when it has one.
    pub fn unreleased(&self) -> Option<Unreleased> {
        self.state().unreleased.clone()
    }

    /// `serving`, `starting`, `unconfigured` or `failed`; see [`Unreleased`].
    pub fn state_name(&self) -> &'static str {
        match self.unreleased() {
            None => "serving",
            Some(Unreleased::Starting) => "starting",
            Some(Unreleased::Unconfigured(_)) => "unconfigured",
            Some(Unreleased::Failed(_)) => "failed",
        }
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
        let fault = crate::faults::is_policy_fault(decision);
        if self.faults.observe(generation, fault, self.started.elapsed()) {
            let gate = Arc::clone(self);
            tokio::spawn(async move { gate.revert(generation).await });
        }
    }

    /// The lock guards no value, so a poisoned one is fine.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what the gate has from now on. Called while the engine's gate stores the pointer, so
    /// that both agree.
    pub(super) fn select(&self, selected: Selected) {
        let mut state = self.state();
        state.selected = Some(Arc::new(selected));
        state.unreleased = None;
    }

    /// Stores what the gate has while it makes no release.
    pub(super) fn select_unreleased(&self, selected: Option<Selected>, unreleased: Unreleased) {
        let mut state = self.state();
        state.selected = selected.map(Arc::new);
        state.unreleased = Some(unreleased);
    }

    /// Keeps the stored settings while no release of theirs starts.
    pub(super) fn keep(&self, settings: Map<String, Value>, revision: u64) {
        self.state().kept = (settings, revision);
    }

    /// Starts to count the faults of a release, unless there is no better one to go back to.
    pub(super) fn watch_faults_of(&self, generation: u64, action: Action) {
        match action {
            Action::Start | Action::Rollback | Action::Revert => {
                self.faults.rolled_back(generation)
            }
            _ => self.faults.activated(generation, self.started.elapsed()),
        }
    }

    /// The lock guards plain values that are valid at every moment, so a poisoned one is fine.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
