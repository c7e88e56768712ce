//! What a gate is at one moment: a policy with settings, and what it decides with, or why it decides nothing.

use std::sync::Arc;

use admit::bounded::Bounded;
use admit::contract::types::Description;
use admit::decision::{Expected, PolicyRef};
use admit::release::{Inspected, Release};
use admit::settings::Settings;
use admit_api::activity::Actor;
use admit_api::status::GateState;
use serde_json::{Map, Value};

use super::candidate::Candidate;
use super::recent::Recent;
use super::report::{ChangeError, Overtaken};
use super::settings::Configured;
use crate::store::{Action, TakenBack};

/// Releases that are kept linked for a way back, besides the active one.
const LINKED: usize = 5;

/// What a gate is, at one moment. Never changed: another one takes its place as a whole, so that what
/// is read of it goes together.
#[derive(Clone)]
pub struct View {
    pub(super) state: State,
    pub(super) policy: Option<Arc<GatePolicy>>,
    /// All settings that are configured, whether they count or not.
    pub(super) settings: Map<String, Value>,
    /// Counts changes of policy or settings.
    pub(super) revision: u64,
    /// The number of the last activation, of an earlier run too.
    pub(super) generation: u64,
    pub(super) candidate: Shadowing,
    /// The releases that are known to fail, as the store has them, the newest entry first.
    pub(super) taken_back: Arc<Vec<TakenBack>>,
    /// The releases before the active one, linked still.
    pub(super) linked: Recent<Arc<Release>>,
    /// Why the first release was refused the last time, which is written down once.
    pub(super) refused_start: Option<String>,
}

/// What a gate decides with, or why it decides nothing.
#[derive(Clone, Debug)]
pub enum State {
    /// It is being started.
    Starting,
    /// It was never given a policy, or settings that are complete: in these words.
    Unconfigured(String),
    /// It should have a release, and cannot: for this reason.
    Failed(String),
    /// It decides.
    Serving(Active),
}

/// The release that a gate decides with.
#[derive(Clone, Debug)]
pub struct Active {
    /// The release.
    pub release: Arc<Release>,
    /// The gate's generation since it was activated.
    pub generation: u64,
}

/// The policy that a gate has, whether it makes a release with the gate's settings or not.
#[derive(Clone, Debug)]
pub struct GatePolicy {
    /// The policy.
    pub inspected: Inspected,
    /// The settings that count: what its release is made with.
    pub counting: Map<String, Value>,
    /// The attempt that activated it; absent when none did.
    pub attempt: Option<u64>,
    /// The attempt that a roll-back goes to.
    pub previous: Option<u64>,
    /// What led to the gate as it is, and who did it.
    pub made: (Action, Actor),
}

/// The candidate of a gate.
#[derive(Clone)]
pub(super) enum Shadowing {
    /// One that the store has may be built again, after a start.
    Starting,
    /// There is none.
    Nothing,
    /// It decides in the shadow of the active release.
    Candidate(Arc<Candidate>),
}

impl GatePolicy {
    /// A policy that was never activated, with the settings of a gate that it knows.
    pub(super) fn not_activated(
        inspected: Inspected,
        settings: &Map<String, Value>,
        made: (Action, Actor),
    ) -> Self {
        let counting = Configured::known(settings.clone(), inspected.description()).counting;
        Self { inspected, counting, attempt: None, previous: None, made }
    }

    /// Name, version and digest.
    pub fn reference(&self) -> &PolicyRef {
        self.inspected.policy()
    }

    /// What the policy says of itself.
    pub fn description(&self) -> &Description {
        self.inspected.description()
    }
}

impl State {
    /// Of a gate whose release kept failing, without another that could take its place.
    pub(super) fn taken_back(taken: &TakenBack) -> Self {
        Self::Failed(format!(
            "{taken}, and there is no release before that starts and is not known to fail; give the \
             gate another policy or other settings, or force this one"
        ))
    }
}

impl View {
    /// Of a gate that is being started, with the settings it is configured with.
    pub(super) fn starting(settings: Map<String, Value>) -> Self {
        Self {
            state: State::Starting,
            policy: None,
            settings,
            revision: 0,
            generation: 0,
            candidate: Shadowing::Starting,
            taken_back: Arc::default(),
            linked: Recent::new(LINKED),
            refused_start: None,
        }
    }

    /// The policy of the gate; absent when it has none.
    pub fn policy(&self) -> Option<&GatePolicy> {
        self.policy.as_deref()
    }

    /// What the gate decides with; absent when it does not.
    pub fn active(&self) -> Option<&Active> {
        match &self.state {
            State::Serving(active) => Some(active),
            _ => None,
        }
    }

    /// Whether the gate decides with the release of this digest.
    pub(super) fn has_active(&self, release: &str) -> bool {
        self.active().is_some_and(|active| **active.release.digest() == *release)
    }

    /// Whether the gate decides with the component of this digest.
    pub fn decides_with(&self, component: &str) -> bool {
        self.active().is_some_and(|active| *active.release.policy().digest == *component)
    }

    /// All settings that are configured, whether they count or not.
    pub fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }

    /// Counts changes of policy or settings; 0 until something was activated.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The settings that a change starts from, and those of them that count. While the gate has no
    /// policy, or nothing was activated yet, all do: none is to be lost without a word, whichever
    /// policy comes or has come, and whether it knows them or not.
    pub(super) fn configured(&self) -> Configured {
        let activated = self.policy().filter(|_| self.revision > 0);
        let counting = activated.map_or(&self.settings, |policy| &policy.counting);
        Configured { all: self.settings.clone(), counting: counting.clone() }
    }

    /// The settings that count, and those that are kept and do not: the policy does not know them,
    /// or a roll-back left them out.
    pub fn split(&self) -> (Settings, Settings) {
        let counting = self.policy().map_or(&self.settings, |policy| &policy.counting);
        (counting.clone().into(), self.kept().collect::<Map<_, _>>().into())
    }

    /// The settings that are kept and do not count, in the form in which answers repeat them.
    pub fn not_counting(&self) -> Vec<Expected> {
        self.kept().map(|(name, value)| Expected::new(&name, Some(Bounded::new(&value)))).collect()
    }

    fn kept(&self) -> impl Iterator<Item = (String, Value)> {
        let counting = self.policy().map(|policy| &policy.counting);
        let is_kept = move |name: &String| counting.is_some_and(|one| !one.contains_key(name));
        let kept = self.settings.iter().filter(move |(name, _)| is_kept(name));
        kept.map(|(name, value)| (name.clone(), value.clone()))
    }

    /// The releases that are known to fail: each kept failing, so that the server took it back, and
    /// no administrator has forced it since. The newest first.
    pub fn taken_back(&self) -> &[TakenBack] {
        &self.taken_back
    }

    /// Why a release is known to fail; absent when it is not.
    pub(super) fn why_taken_back(&self, release: &str) -> Option<&TakenBack> {
        self.taken_back.iter().find(|taken| taken.release == release)
    }

    /// Refuses a release that is known to fail, unless the gate decides with it or it is forced.
    pub(super) fn check_not_taken_back(
        &self,
        release: &str,
        force: bool,
    ) -> Result<(), ChangeError> {
        match self.why_taken_back(release) {
            Some(taken) if !force && !self.has_active(release) => {
                Err(ChangeError::TakenBack(Box::new(taken.clone())))
            }
            _ => Ok(()),
        }
    }

    /// Notes that `taken` kept failing, and that `activated` is not known to fail from now on.
    pub(super) fn note_taken_back(&mut self, taken: Option<&TakenBack>, activated: Option<&str>) {
        let is_named = |one: &TakenBack| {
            Some(&*one.release) == activated || taken.is_some_and(|it| it.release == one.release)
        };
        let known = Arc::make_mut(&mut self.taken_back);
        known.retain(|one| !is_named(one));
        known.splice(0..0, taken.cloned());
        known.truncate(TakenBack::MAX);
    }

    /// Why the gate has no release; absent when it has one.
    pub fn problem(&self) -> Option<&str> {
        match &self.state {
            State::Serving(_) => None,
            State::Starting => Some("is being started"),
            State::Unconfigured(problem) | State::Failed(problem) => Some(problem),
        }
    }

    /// Whether the gate decides; see [`State`].
    pub fn state(&self) -> GateState {
        match self.state {
            State::Serving(_) => GateState::Serving,
            State::Starting => GateState::Starting,
            State::Unconfigured(_) => GateState::Unconfigured,
            State::Failed(_) => GateState::Failed,
        }
    }

    /// Refuses to change what was not read from the store yet.
    pub(super) fn expect_started(&self, gate: &str) -> Result<(), ChangeError> {
        match self.state {
            State::Starting => Err(ChangeError::Starting(gate.to_owned())),
            _ => Ok(()),
        }
    }

    pub(super) fn expect_candidate(&self, gate: &str) -> Result<&Arc<Candidate>, ChangeError> {
        match &self.candidate {
            Shadowing::Candidate(candidate) => Ok(candidate),
            Shadowing::Starting => Err(ChangeError::CandidateStarting(gate.to_owned())),
            Shadowing::Nothing => Err(ChangeError::NoCandidate(gate.to_owned())),
        }
    }

    /// What somebody else did with the gate meanwhile.
    pub(super) fn overtaken(&self, gate: &str) -> ChangeError {
        let Some(policy) = self.policy() else {
            return ChangeError::NoPolicy(gate.to_owned());
        };
        let (action, by) = policy.made.clone();
        ChangeError::Overtaken(Box::new(Overtaken {
            gate: gate.to_owned(),
            action,
            by,
            policy: policy.reference().clone(),
            generation: self.active().map_or(0, |active| active.generation),
            revision: self.revision,
        }))
    }
}

/// Without settings and candidate.
impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut view = f.debug_struct("View");
        view.field("state", &self.state).field("revision", &self.revision);
        view.field("generation", &self.generation).finish_non_exhaustive()
    }
}
