//! What a gate has: a policy with settings, or why it has none.

use std::sync::Arc;

use admit::bounded::Bounded;
use admit::contract::types::Description;
use admit::decision::{Expected, PolicyRef};
use admit::release::Inspected;
use admit::settings::Settings;
use serde_json::{Map, Value};

use super::candidate::Candidate;
use super::gate::ServedGate;
use super::report::{ChangeError, Overtaken};
use super::settings::Configured;
use crate::store::{Action, TakenBack};
use admit_api::activity::Actor;
use admit_api::status::GateState;

/// What a gate is, at one moment. Never changed: another one takes its place as a whole, so that what
/// is read of it goes together.
#[derive(Clone)]
pub struct View {
    selected: Option<Arc<Selected>>,
    unreleased: Option<Unreleased>,
    /// The settings and the revision that count while nothing is selected.
    kept: (Map<String, Value>, u64),
    pub(super) candidate: Option<Arc<Candidate>>,
    /// Whether a candidate that the store has may still be built again, after a start.
    resumes_candidate: bool,
    /// Why the first release was refused, which is written down once.
    refused_start: Option<String>,
    /// The releases that are known to fail, as the store has them, the newest entry first.
    taken_back: Arc<Vec<TakenBack>>,
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
#[derive(Clone, Debug)]
pub struct Selected {
    /// The policy.
    pub inspected: Inspected,
    /// All settings that are configured, whether they count or not.
    pub settings: Map<String, Value>,
    /// Those of them that count: what its release is made with.
    pub counting: Map<String, Value>,
    /// Counts changes of policy or settings.
    pub revision: u64,
    /// The release of both; absent while they make none.
    pub release: Option<Released>,
    /// The attempt that activated it; absent while the gate has no release.
    pub active: Option<u64>,
    /// The attempt that a roll-back goes to.
    pub previous: Option<u64>,
    /// What led to all of this, and who did it.
    pub made: (Action, Actor),
}

/// The release that a gate decides with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Its digest.
    pub digest: String,
    /// The gate's generation since it was activated.
    pub generation: u64,
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

    pub(super) fn configured(&self) -> Configured {
        Configured { all: self.settings.clone(), counting: self.counting.clone() }
    }

    /// The settings that count, and those that are kept and do not: the policy does not know them,
    /// or a roll-back left them out.
    pub fn split(&self) -> (Settings, Settings) {
        (self.counting.clone().into(), self.kept().collect::<Map<_, _>>().into())
    }

    /// The settings that are kept and do not count, in the form in which answers repeat them.
    pub fn not_counting(&self) -> Vec<Expected> {
        self.kept().map(|(name, value)| Expected::new(&name, Some(Bounded::new(&value)))).collect()
    }

    fn kept(&self) -> impl Iterator<Item = (String, Value)> {
        let kept = self.settings.iter().filter(|(name, _)| !self.counting.contains_key(*name));
        kept.map(|(name, value)| (name.clone(), value.clone()))
    }
}

impl View {
    /// Of a gate that is being started, with the settings it is configured with.
    pub(super) fn starting(settings: Map<String, Value>) -> Self {
        let unreleased = Some(Unreleased::Starting);
        Self {
            selected: None,
            unreleased,
            kept: (settings, 0),
            candidate: None,
            resumes_candidate: true,
            refused_start: None,
            taken_back: Arc::default(),
        }
    }

    /// What the gate has; absent when it has no policy.
    pub fn selected(&self) -> Option<&Arc<Selected>> {
        self.selected.as_ref()
    }

    /// The settings that a change starts from, and those of them that count. While the gate has no
    /// policy, or nothing was activated yet, all do: none is to be lost without a word, whichever
    /// policy comes or has come, and whether it knows them or not.
    pub(super) fn configured(&self) -> Configured {
        match self.selected.as_ref().filter(|_| !self.never_activated()) {
            Some(selected) => selected.configured(),
            None => Configured { all: self.settings().clone(), counting: self.settings().clone() },
        }
    }

    /// Whether the gate has what it is configured with, of which nothing was ever activated.
    fn never_activated(&self) -> bool {
        self.revision() == 0
    }

    /// All settings that a change starts from.
    pub(super) fn settings(&self) -> &Map<String, Value> {
        self.selected.as_ref().map_or(&self.kept.0, |selected| &selected.settings)
    }

    /// The revision that a change starts from.
    pub(super) fn revision(&self) -> u64 {
        self.selected.as_ref().map_or(self.kept.1, |selected| selected.revision)
    }

    /// The releases that are known to fail: each kept failing, so that the server took it back, and
    /// nobody has forced it since. The newest first.
    pub fn taken_back(&self) -> &[TakenBack] {
        &self.taken_back
    }

    /// Why the gate has no release; absent when it has one.
    pub fn problem(&self) -> Option<&str> {
        match self.unreleased.as_ref()? {
            Unreleased::Starting => Some("is being started"),
            Unreleased::Unconfigured(problem) | Unreleased::Failed(problem) => Some(problem),
        }
    }

    /// Whether the gate decides; see [`Unreleased`].
    pub fn state(&self) -> GateState {
        match self.unreleased {
            None => GateState::Serving,
            Some(Unreleased::Starting) => GateState::Starting,
            Some(Unreleased::Unconfigured(_)) => GateState::Unconfigured,
            Some(Unreleased::Failed(_)) => GateState::Failed,
        }
    }
}

impl ServedGate {
    /// What the gate is now.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// What the gate has; absent when it has no policy.
    pub fn selected(&self) -> Option<Arc<Selected>> {
        self.view.load().selected.clone()
    }

    /// Why the gate has no release; absent when it has one.
    pub fn problem(&self) -> Option<String> {
        self.view.load().problem().map(str::to_owned)
    }

    /// What the gate has, for those who ask for it.
    pub fn chosen(&self) -> Result<Arc<Selected>, ChangeError> {
        self.expect_started()?;
        self.selected().ok_or_else(|| ChangeError::NoPolicy(self.name().to_owned()))
    }

    /// Refuses to change what was not read from the store yet.
    pub fn expect_started(&self) -> Result<(), ChangeError> {
        match self.view.load().unreleased {
            Some(Unreleased::Starting) => Err(ChangeError::Starting(self.name().to_owned())),
            _ => Ok(()),
        }
    }

    /// Why the gate has no release; absent when it has one.
    pub fn unreleased(&self) -> Option<Unreleased> {
        self.view.load().unreleased.clone()
    }

    /// As [`View::state`].
    pub fn state(&self) -> GateState {
        self.view.load().state()
    }

    /// Publishes what the gate has from now on; a promotion ends the candidate with it. Called while
    /// the engine's gate is about to store the pointer, so that both agree.
    pub(super) fn select(&self, selected: Selected, ends_candidate: bool) -> Arc<Selected> {
        let selected = Arc::new(selected);
        self.publish(|view| {
            view.selected = Some(Arc::clone(&selected));
            view.unreleased = None;
            if ends_candidate {
                view.candidate = None;
            }
        });
        selected
    }

    /// Publishes what the gate has while it makes no release.
    pub(super) fn select_unreleased(&self, selected: Option<Selected>, unreleased: Unreleased) {
        let selected = selected.map(Arc::new);
        self.publish(|view| {
            view.selected = selected.clone();
            view.unreleased = Some(unreleased.clone());
        });
    }

    /// Keeps the stored settings while no release of theirs starts.
    pub(super) fn keep(&self, settings: &Map<String, Value>, revision: u64) {
        self.publish(|view| view.kept = (settings.clone(), revision));
    }

    /// Publishes the candidate that there is from now on, or that there is none.
    pub(super) fn publish_candidate(&self, candidate: Option<Arc<Candidate>>) {
        self.publish(|view| view.candidate = candidate.clone());
    }

    /// Notes that there is no candidate besides the one that is published.
    pub(super) fn candidate_resumed(&self) {
        self.publish(|view| view.resumes_candidate = false);
    }

    /// What is said of a candidate that is not there.
    pub fn no_candidate(&self) -> ChangeError {
        let name = self.name().to_owned();
        match self.view.load().resumes_candidate {
            true => ChangeError::CandidateStarting(name),
            false => ChangeError::NoCandidate(name),
        }
    }

    /// Why the first release was refused the last time; absent when it never was.
    pub(super) fn refused_start(&self) -> Option<String> {
        self.view.load().refused_start.clone()
    }

    /// Notes why the first release was refused.
    pub(super) fn note_refused_start(&self, told: &str) {
        self.publish(|view| view.refused_start = Some(told.to_owned()));
    }

    /// Why a release is known to fail; absent when it is not.
    pub(super) fn why_taken_back(&self, release: &str) -> Option<TakenBack> {
        let view = self.view.load();
        view.taken_back.iter().find(|taken| taken.release == release).cloned()
    }

    /// Takes over which releases the store knows to fail.
    pub(super) fn know_taken_back(&self, taken_back: Vec<TakenBack>) {
        let taken_back = Arc::new(taken_back);
        self.publish(|view| view.taken_back = Arc::clone(&taken_back));
    }

    /// Notes that `taken` kept failing, and that `activated` is not known to fail from now on.
    pub(super) fn note_taken_back(&self, taken: Option<&TakenBack>, activated: Option<&str>) {
        let is_named = |one: &TakenBack| {
            Some(&*one.release) == activated || taken.is_some_and(|it| it.release == one.release)
        };
        self.publish(|view| {
            let known = Arc::make_mut(&mut view.taken_back);
            known.retain(|one| !is_named(one));
            known.splice(0..0, taken.cloned());
            known.truncate(TakenBack::MAX);
        });
    }

    /// What somebody else did with the gate meanwhile.
    pub(super) fn overtaken(&self) -> ChangeError {
        let view = self.view();
        let Some(selected) = view.selected() else {
            return ChangeError::NoPolicy(self.name().to_owned());
        };
        let (action, by) = selected.made.clone();
        ChangeError::Overtaken(Box::new(Overtaken {
            gate: self.name().to_owned(),
            action,
            by,
            policy: selected.policy().clone(),
            generation: selected.release.as_ref().map_or(0, |release| release.generation),
            revision: selected.revision,
        }))
    }

    fn publish(&self, change: impl Fn(&mut View)) {
        self.view.rcu(|view| {
            let mut next = View::clone(view);
            change(&mut next);
            next
        });
    }
}
