//! What came of a change.

use std::sync::Arc;
use std::time::Duration;

use admit::decision::{Expected, PolicyRef};
use admit::failure::Cause;
use admit::release::{BuildError, StageTime};
use admit::settings::{SettingRefusal, listed};
use admit::text::Shown;
use admit_api::activation::{Activation, Step, StepName};

use super::view::View;
use crate::authority::Denied;
use crate::store::{Action, StoreError, TakenBack};
use admit_api::activity::Actor;

/// A change that was made, or that could be.
#[derive(Clone, Debug)]
pub struct Report {
    /// What came of it.
    pub activation: Activation,
    /// Whether anything was changed: the release, or settings that do not count.
    pub saved: bool,
    /// What the gate is with this change, whatever was changed since.
    pub view: Arc<View>,
}

impl Report {
    /// Takes what the gate is with the change.
    pub(super) fn made(&mut self, view: Arc<View>) {
        self.saved = true;
        self.activation.revision = view.revision();
        self.view = view;
    }
}

/// A step that succeeded.
pub(super) fn step(step: StepName, took: Duration) -> Step {
    Step { step, ok: true, took_us: u64::try_from(took.as_micros()).ok(), error: None }
}

/// The steps that an activation has taken.
pub(super) fn steps(stages: &[StageTime]) -> Vec<Step> {
    stages.iter().map(|time| step(time.stage, time.took)).collect()
}

/// An activation that failed at a step, and changed nothing.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The step.
    pub step: StepName,
    /// Why, one line.
    pub error: String,
    /// The policy; absent when the artefact could not be read.
    pub policy: Option<PolicyRef>,
    /// What would have to change for it to succeed.
    pub cause: Cause,
    /// Whether the compilation of its component was given up, and goes on.
    pub compiles_on: bool,
}

impl Refused {
    /// Of a component that is not taken.
    pub(super) fn at_inspect(
        error: String,
        policy: Option<PolicyRef>,
        cause: Cause,
        compiles_on: bool,
    ) -> ChangeError {
        let step = StepName::Inspect;
        ChangeError::Refused(Box::new(Self { step, error, policy, cause, compiles_on }))
    }

    /// The steps up to the one that failed.
    pub fn steps(&self) -> Vec<Step> {
        let before = StepName::ALL.iter().copied().take_while(|step| *step != self.step);
        let before = before.map(|step| Step { step, ok: true, took_us: None, error: None });
        let error = Some(self.error.clone());
        let failed = Step { step: self.step, ok: false, took_us: None, error };
        before.chain([failed]).collect()
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The gate has no policy that settings could be for.
    #[error("gate `{0}` has no policy; give it one first")]
    NoPolicy(String),
    /// The gate is being started.
    #[error("gate `{0}` is being started; try again in a moment")]
    Starting(String),
    /// The gate's candidate, if it has one, is being built again.
    #[error(
        "gate `{0}` was started just now, and a candidate of it may be built again; try again in a moment"
    )]
    CandidateStarting(String),
    /// Somebody else changed the settings since they were read.
    #[error(
        "{came} was to be changed, but revision `\"{current}\"` is the current one; read again{hint}"
    )]
    ChangedMeanwhile {
        /// What was to be changed, with its entity tags; cut.
        came: String,
        /// The current revision.
        current: u64,
        /// What explains it, from `; ` or `: ` on; empty for nothing.
        hint: &'static str,
    },
    /// Settings that the policy does not have, or of other types; one entry each.
    #[error("settings that the policy does not have, or of another type")]
    Misfits(Vec<SettingRefusal>),
    /// Settings that are larger than they may be; one entry each.
    #[error("settings are too large: {}", listed(.0))]
    TooLarge(Vec<SettingRefusal>),
    /// Values that the policy refused; one entry each.
    #[error("Validation Failed")]
    Invalid(Vec<SettingRefusal>),
    /// Settings that are configured would not count, and were not named.
    #[error(
        "settings that are configured would not count with `{} {}`: {}; name each with \
         `--drop NAME` or `drop=NAME` (it is kept, and counts again when it is set again or another \
         policy is activated that knows it), or remove it first",
        policy.name, policy.version, assignments(dropped)
    )]
    Dropped {
        /// The settings.
        dropped: Vec<Expected>,
        /// The policy that would take the place of the one before.
        policy: PolicyRef,
    },
    /// The activation failed at a step.
    #[error("activation failed at step {}: {}", .0.step, .0.error)]
    Refused(Box<Refused>),
    /// Somebody else changed the gate meanwhile.
    #[error(transparent)]
    Overtaken(Box<Overtaken>),
    /// There is nothing before to go back to.
    #[error("gate `{gate}` has no release to roll back to{}", others(known))]
    NothingKept {
        /// The gate.
        gate: String,
        /// The generations of the releases that it had after the active one, the newest first.
        known: Vec<u64>,
    },
    /// The release is known to fail, and nobody forced it.
    #[error("{0}; to activate it all the same, force it (`force=true`, `--force`)")]
    TakenBack(Box<TakenBack>),
    /// No release of the gate had this generation.
    #[error(
        "gate `{gate}` has no release of generation {generation}; it has had {}; see \
         `admit policy releases {gate}`",
        numbers(known)
    )]
    UnknownGeneration {
        /// The gate.
        gate: String,
        /// The generation that was asked for.
        generation: u64,
        /// Those there are, the newest first.
        known: Vec<u64>,
    },
    /// The release to go back to is the one that decides.
    #[error("generation {generation} is the one that gate `{gate}` has now")]
    AlreadyActive {
        /// The gate.
        gate: String,
        /// The generation.
        generation: u64,
    },
    /// The release is too old: its component was given up.
    #[error(
        "the component of generation {generation} of gate `{gate}` is no longer kept; activate it \
         from its file"
    )]
    NotKept {
        /// The gate.
        gate: String,
        /// The generation.
        generation: u64,
    },
    /// There is no candidate.
    #[error("gate `{0}` has no candidate")]
    NoCandidate(String),
    /// The candidate was made from what is no longer the gate's.
    #[error("settings or policy changed since the candidate was made; make it again")]
    StaleCandidate,
    /// The candidate decided nothing yet that its differences could be counted of.
    #[error("the candidate of gate `{0}` has decided no request yet")]
    NothingCompared(String),
    /// The candidate decided too many requests otherwise.
    #[error("of the candidate's decisions, {differed} differed; at most {allowed} were allowed")]
    TooManyDifferences {
        /// How many.
        differed: u64,
        /// The most there might be.
        allowed: u64,
    },
    /// Whoever asked may not change anything, or no longer.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the server broke; see the log.
    #[error("the change was broken off")]
    Broken,
}

/// What somebody else did with the gate meanwhile.
#[derive(Debug, thiserror::Error)]
#[error(
    "gate `{gate}` was {} meanwhile by {by}: it has {} {} now, generation {generation}, revision \
     {revision}; nothing else was changed; look at it, and ask again if that is still wanted",
    done(*action), policy.name, policy.version
)]
pub struct Overtaken {
    /// The gate.
    pub gate: String,
    /// What was done.
    pub action: Action,
    /// Who did it.
    pub by: Actor,
    /// What the gate has since.
    pub policy: PolicyRef,
    /// Its generation.
    pub generation: u64,
    /// Its revision.
    pub revision: u64,
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Start => "started",
        Action::Policy | Action::Source => "given another policy",
        Action::Settings => "given other settings",
        Action::Promote => "given its candidate",
        Action::Rollback => "rolled back",
        Action::Revert => "reverted",
    }
}

impl ChangeError {
    /// Why, in one line, with every setting concerned.
    pub fn reason(&self) -> String {
        match self {
            Self::Invalid(refusals) | Self::TooLarge(refusals) | Self::Misfits(refusals) => {
                listed(refusals)
            }
            Self::Refused(refused) => refused.error.clone(),
            error => admit::failure::error_chain(error),
        }
    }

    /// What has to change for the same to be done, in words that follow "waits for"; absent when
    /// nothing but another component would help.
    pub fn waits_for(&self) -> Option<String> {
        let needs = match self {
            Self::Invalid(_) | Self::TooLarge(_) | Self::Misfits(_) => {
                return Some(format!("settings: {}", self.reason()));
            }
            Self::Refused(refused) if refused.step == StepName::Persist => {
                "the store to be written again"
            }
            Self::Refused(refused) => match refused.cause {
                Cause::Component => return None,
                Cause::Gate => "other settings, or another policy that the gate has",
                Cause::Cases => "other cases of the operator, or other settings",
                Cause::Host => "this machine to have what it takes",
            },
            Self::TakenBack(_) => {
                "other settings, or an administrator who activates it with `--force`"
            }
            Self::Dropped { .. } => {
                "other settings, or an administrator who names these with `--drop`"
            }
            Self::Store(_) => "the store to be written again",
            _ => "another moment",
        };
        Some(needs.to_owned())
    }

    /// Whether what is stored is damaged: trying again does not help.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_damage())
    }

    /// Whether the compilation of a component was given up, and goes on.
    pub fn compiles_on(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.compiles_on)
    }

    /// Whether it says nothing about what was to be done: this machine or the store could not.
    pub(super) fn is_hosts(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.cause == Cause::Host,
            Self::Store(_) | Self::Broken => true,
            _ => false,
        }
    }

    /// Whether the release itself is to blame, so that another one may do better; a store that cannot
    /// be written, or somebody who was faster, would stop any.
    pub(super) fn is_about_the_release(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.cause != Cause::Host,
            Self::Invalid(_) | Self::TooLarge(_) | Self::Misfits(_) | Self::TakenBack(_) => true,
            _ => false,
        }
    }

    /// Why there is no release, with the policy it would be of.
    pub(super) fn not_built(error: BuildError, policy: &PolicyRef) -> Self {
        use admit::release::ConfigureError;
        use admit::settings::SettingsError;

        match error {
            BuildError::Configure(ConfigureError::Settings(SettingsError::Bounds(refusals))) => {
                Self::TooLarge(refusals)
            }
            BuildError::Configure(ConfigureError::Settings(SettingsError::Refused(refusals)))
                if !refusals.is_empty() =>
            {
                Self::Invalid(refusals)
            }
            error => {
                let (step, cause, compiles_on) = (error.step(), error.cause(), error.goes_on());
                let (error, policy) = (source_chain(&error), Some(policy.clone()));
                Self::Refused(Box::new(Refused { step, error, policy, cause, compiles_on }))
            }
        }
    }

    /// The release could not be written down as the last good one.
    pub(super) fn not_persisted(error: &StoreError, policy: &PolicyRef) -> Self {
        let (error, policy) = (admit::failure::error_chain(error), Some(policy.clone()));
        let (step, cause, compiles_on) = (StepName::Persist, Cause::Host, false);
        Self::Refused(Box::new(Refused { step, error, policy, cause, compiles_on }))
    }
}

/// How to go to a release that is not on the way back.
fn others(known: &[u64]) -> String {
    if known.is_empty() {
        return String::new();
    }
    format!(
        " before the active one; to go to one that it had since, name its generation (`to`, `--to`), of \
         {}",
        numbers(known)
    )
}

/// The newest of some generations.
fn numbers(known: &[u64]) -> String {
    const MAX: usize = 20;
    let texts = known.iter().take(MAX).map(u64::to_string);
    let more = (known.len() > MAX).then(|| "older ones".to_owned());
    let texts: Vec<_> = texts.chain(more).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

/// Settings that a text lists; of more it says how many.
const MAX_ASSIGNMENTS: usize = 10;

/// Settings with their values, for an administrator to read.
pub(super) fn assignments(settings: &[Expected]) -> String {
    let texts = settings.iter().take(MAX_ASSIGNMENTS).map(|setting| {
        let entries = setting.entries.map(|entries| format!(" ({entries} entries)"));
        let value = setting.value.clone().unwrap_or_default().to_string();
        format!("`{}` = {}{}", setting.setting, Shown::new(&value), entries.unwrap_or_default())
    });
    let more = settings.len().saturating_sub(MAX_ASSIGNMENTS);
    let more = (more > 0).then(|| format!("and {more} more"));
    texts.chain(more).collect::<Vec<_>>().join(", ")
}

/// The causes of an error that only names its step.
fn source_chain(error: &dyn std::error::Error) -> String {
    admit::failure::error_chain(error.source().unwrap_or(error))
}
