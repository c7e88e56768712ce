//! One gate of the server: what decides, what builds, and the owner of what it has.

use std::path::PathBuf;
use std::sync::Arc;

use admit::claims::Verification;
use admit::decision::Decision;
use admit::facts::FactsError;
use admit::gate::{Decided, Request};
use admit::keys::Keys;
use admit::runtime::Runtime;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::builder::Builder;
use super::cases::{NOTHING_REHEARSED, rehearsed};
use super::deciding::{Counters, Deciding};
use super::first::FirstTries;
use super::owner::Owned;
use super::refusals::Refusals;
use super::report::ChangeError;
use super::view::{State, View};
use crate::faults::FaultOptions;
use crate::shadow::ShadowOptions;
use crate::store::Store;

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

/// All that a refusal of a source may have depended on, other than the component and the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The gate's revision, which each change of policy or settings raises.
    pub revision: u64,
    /// The release that decides.
    pub release: Option<Arc<str>>,
    /// What the file of the operator's cases holds, by digest; or why it cannot be read.
    pub cases: Option<Arc<str>>,
}

/// A gate with its policy, its settings and their history.
///
/// Each change waits for its turn, builds beside everything else, and then asks the owner to make it. A way
/// back goes to the owner at once, and keeps it until the gate has gone back: no change is made before it.
pub struct Gate {
    pub(super) options: GateOptions,
    pub(super) store: Store,
    pub(super) deciding: Arc<Deciding>,
    pub(super) builder: Arc<Builder>,
    pub(super) first_tries: FirstTries,
    /// Held by a change from start to end, so that each builds on what the one before has made.
    pub(super) turn: Arc<Mutex<()>>,
    /// Held while what the gate has is changed; by a way back from its beginning.
    pub(super) owned: Arc<Mutex<Owned>>,
}

impl Gate {
    /// Makes a gate without a policy.
    pub fn new(
        options: GateOptions,
        runtime: Runtime,
        keys: Arc<Keys>,
        store: Store,
        counters: Counters,
    ) -> Self {
        let deciding = Arc::new(Deciding::new(&options, runtime.clone(), keys, counters));
        let owned = Owned::new(Arc::clone(&deciding), store.clone());
        Self {
            builder: Arc::new(Builder::new(&options, runtime, store.clone())),
            first_tries: FirstTries::new(&options.name, store.clone()),
            options,
            store,
            deciding,
            turn: Arc::default(),
            owned: Arc::new(Mutex::new(owned)),
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

    /// What the gate is now.
    pub fn view(&self) -> Arc<View> {
        self.deciding.view()
    }

    /// The generation that decides; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.deciding.gate().generation()
    }

    /// What was refused lately, by reason.
    pub fn refusals(&self) -> &Refusals {
        self.deciding.refusals()
    }

    /// As [`admit::gate::Gate::log_counted`].
    pub fn log_counted(&self) {
        self.deciding.gate().log_counted();
    }

    /// As [`admit::gate::Gate::log_all_counted`].
    pub fn log_all_counted(&self) {
        self.deciding.gate().log_all_counted();
    }

    /// Decides, unless a key would have to be waited for.
    ///
    /// # Errors
    ///
    /// As [`admit::gate::Gate::decide`].
    pub fn decide_now(
        self: &Arc<Self>,
        request: &Request<'_>,
    ) -> Result<Option<Decision>, FactsError> {
        let decided = self.deciding.gate().decide_now(request)?;
        Ok(decided.map(|decided| self.note(decided, request)))
    }

    /// Decides, and waits for keys if need be.
    ///
    /// # Errors
    ///
    /// As [`admit::gate::Gate::decide`].
    pub fn decide(self: &Arc<Self>, request: &Request<'_>) -> Result<Decision, FactsError> {
        let decided = self.deciding.gate().decide_with_claims(request)?;
        Ok(self.note(decided, request))
    }

    fn note(self: &Arc<Self>, decided: Decided, request: &Request<'_>) -> Decision {
        let (decision, one_too_many) = self.deciding.note(decided, request);
        if let Some((generation, fault)) = one_too_many {
            let gate = Arc::clone(self);
            tokio::spawn(async move { gate.revert(generation, fault).await });
        }
        decision
    }

    /// Whether a compilation goes on that was given up, of whichever gate.
    pub fn compiles_on(&self) -> bool {
        self.builder.compiles_on()
    }

    /// Why no case of the operator's file can be played, whatever policy it is about; absent when they
    /// can, or no file is configured.
    pub fn problem_of_cases(&self) -> Option<String> {
        self.builder.cases.problem()
    }

    /// What is said of an operator's file without a case for the policy that the gate has; absent where
    /// there is one, or no file, or none that can be read.
    pub fn unplayed_cases(&self) -> Option<String> {
        self.builder.cases.unplayed(self.view().policy()?.reference())
    }

    /// What is said of a gate that decides with a release that has passed no case.
    pub fn rehearsed_nothing(&self) -> Option<&'static str> {
        let view = self.view();
        let policy = view.policy().filter(|_| view.active().is_some())?;
        let operator = self.builder.cases.read_for(policy.reference()).ok()?;
        rehearsed(&policy.inspected, &operator).is_nothing().then_some(NOTHING_REHEARSED)
    }

    /// All that a refusal of a source may depend on now. Reads a file.
    pub fn surroundings(&self) -> Surroundings {
        let view = self.view();
        let release = view.active().map(|active| Arc::clone(active.release.digest()));
        Surroundings { revision: view.revision(), release, cases: self.builder.cases.content() }
    }

    /// Why the gate has no release, in words for an administrator. Settings that are configured and
    /// refused are a mistake; where there are none, they are still to come.
    pub(crate) fn unreleased_by(&self, error: &ChangeError) -> State {
        match error {
            ChangeError::Invalid(_) | ChangeError::TooLarge(_) | ChangeError::Misfits(_) => {
                let reason = error.reason();
                match self.options.settings.is_empty() {
                    true => State::Unconfigured(format!(
                        "its settings are not complete: {reason}; give them with `admit apply --file FILE`"
                    )),
                    false => State::Failed(format!("its settings are refused: {reason}")),
                }
            }
            error => State::Failed(error.to_string()),
        }
    }

    /// Publishes what the gate is from now on, where nothing of it is written down.
    pub(super) async fn publish(&self, change: impl FnOnce(&mut View)) -> Arc<View> {
        self.owned.lock().await.publish(change)
    }

    /// Refuses what the gate cannot do before it was read from the store.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Starting`].
    pub fn expect_started(&self) -> Result<Arc<View>, ChangeError> {
        let view = self.view();
        view.expect_started(self.name())?;
        Ok(view)
    }
}
