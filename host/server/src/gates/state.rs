//! What a gate has: a policy with settings, or why it has none.

use std::sync::{Arc, MutexGuard, PoisonError};

use admit::contract::types::Description;
use admit::decision::PolicyRef;
use admit::release::Inspected;
use admit::settings::Settings;
use serde_json::{Map, Value};

use super::report::ChangeError;
use super::served::ServedGate;
use crate::store::TakenBack;

/// What a gate has, at one moment.
pub(super) struct State {
    selected: Option<Arc<Selected>>,
    unreleased: Option<Unreleased>,
    /// The settings and the revision that count while nothing is selected.
    kept: (Map<String, Value>, u64),
    /// The releases that are known to fail, as the store has them, the newest entry first.
    taken_back: Vec<TakenBack>,
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

impl Unreleased {
    /// Of a gate whose release kept failing, without another that could take its place.
    pub(super) fn taken_back(taken: &TakenBack) -> Self {
        Self::Failed(format!(
            "{taken}, and there is no release before that starts and is not known to fail; give the \
             gate another policy or other settings, or force this one"
        ))
    }
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

impl State {
    /// Of a gate that is being started, with the settings it is configured with.
    pub(super) fn starting(settings: Map<String, Value>) -> Self {
        let unreleased = Some(Unreleased::Starting);
        Self { selected: None, unreleased, kept: (settings, 0), taken_back: Vec::new() }
    }
}

impl ServedGate {
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
    pub fn expect_started(&self) -> Result<(), ChangeError> {
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

    /// The releases that are known to fail: each kept failing, so that the server took it back, and
    /// nobody has forced it since. The newest first.
    pub fn taken_back(&self) -> Vec<TakenBack> {
        self.state().taken_back.clone()
    }

    /// Why a release is known to fail; absent when it is not.
    pub(super) fn why_taken_back(&self, release: &str) -> Option<TakenBack> {
        self.state().taken_back.iter().find(|taken| taken.release == release).cloned()
    }

    /// Takes over which releases the store knows to fail.
    pub(super) fn know_taken_back(&self, taken_back: Vec<TakenBack>) {
        self.state().taken_back = taken_back;
    }

    /// Notes that `taken` kept failing, and that `activated` is not known to fail from now on.
    pub(super) fn note_taken_back(&self, taken: Option<&TakenBack>, activated: Option<&str>) {
        let mut state = self.state();
        let is_named = |one: &TakenBack| {
            Some(&*one.release) == activated || taken.is_some_and(|it| it.release == one.release)
        };
        state.taken_back.retain(|one| !is_named(one));
        state.taken_back.splice(0..0, taken.cloned());
        state.taken_back.truncate(TakenBack::MAX);
    }

    /// The lock guards plain values that are valid at every moment, so a poisoned one is fine.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
