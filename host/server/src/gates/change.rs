//! A change: another policy, other settings, or both. An activation like any other.

use std::sync::Arc;

use admit::decision::PolicyRef;
use admit_api::activation::{ActivationResult, StepName};
use serde_json::{Map, Value};

use super::activities;
use super::commit::Committing;
use super::gate::ServedGate;
use super::plan::Planned;
use super::report::{ChangeError, Report};
use super::revision::{Tags, check_revision};
use super::state::View;
use crate::access::Right;
use crate::authority::Authority;
use crate::store::{Action, Refusal};

/// What is to be changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new policy; absent when only settings change.
    pub component: Option<NewComponent>,
    /// Settings to set, or to remove with `null`; what is absent stays.
    pub settings: Map<String, Value>,
    /// The settings that may stop counting.
    pub drop: MayDrop,
    /// The revision that is to be changed; absent when any.
    pub revision: Option<Tags>,
    /// How far to go.
    pub mode: Mode,
    /// Whether a release that is known to fail may be activated.
    pub force: bool,
    /// Why the same was refused the last time that it was tried: if that comes again, it is not
    /// written down again.
    pub known_refusal: Option<String>,
    /// Who wants it, asked again where it is made.
    pub authority: Authority,
    /// What led to it.
    pub action: Action,
    /// Seconds since 1970.
    pub now: u64,
}

/// Which configured settings may stop counting, as with a policy that does not know them. They are
/// kept, and count again with a policy that knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayDrop {
    /// Those that whoever asked has named.
    Named(Vec<String>),
    /// All: no administrator is there to name them.
    Any,
}

impl MayDrop {
    /// None.
    pub fn nothing() -> Self {
        Self::Named(Vec::new())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Named(names) => names.iter().any(|named| named == name),
            Self::Any => true,
        }
    }
}

/// A component that a gate is to have.
#[derive(Clone, Debug)]
pub struct NewComponent {
    /// In binary form.
    pub bytes: Arc<[u8]>,
    /// Whether one of an older version than the gate's may take its place: somebody asks for it.
    pub may_be_older: bool,
}

/// How far a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything is checked and rehearsed, nothing changed.
    DryRun,
    /// The release decides in the shadow of the active one.
    Candidate,
    /// The release becomes the active one.
    Activate,
}

impl ServedGate {
    /// Makes a change. Changes of one gate are made one after the other; this waits for its turn.
    ///
    /// A change that was begun is made to its end even if the caller goes away.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed, and an activation that failed is written down.
    pub async fn change(self: &Arc<Self>, change: Change) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let made = crate::blocking::run(move || {
            let _turn = turn;
            gate.change_alone(&change)
        });
        made.await.unwrap_or(Err(ChangeError::Broken))
    }

    pub(super) fn change_alone(self: &Arc<Self>, change: &Change) -> Result<Report, ChangeError> {
        change.authority.check()?;
        let base = self.view();
        check_revision(change.revision.as_ref(), base.revision())?;
        let planned = self.plan(change, &base);
        // Planning takes time: a caller whose right has ended meanwhile learns nothing of its result.
        change.authority.check()?;
        let result = planned.and_then(|planned| match change.mode {
            Mode::DryRun => {
                self.check_not_taken_back(&planned.release, change.force)?;
                self.counters.metrics.changed_nothing("checked");
                Ok(self.report(ActivationResult::Checked, &planned, &base))
            }
            Mode::Candidate => self.start_candidate(planned, &base, &change.authority, change.now),
            Mode::Activate => self.make(planned, change, &base),
        });
        if change.action == Action::Source {
            self.know_policy_of_source(change, &result);
        }
        let is_known = |error: &ChangeError| Some(error.told()) == change.known_refusal;
        if change.mode == Mode::Activate && !result.as_ref().is_err_and(is_known) {
            let policy = self.wanted_policy(change, &result);
            let Change { action, ref authority, now, .. } = *change;
            self.write_refusal(&result, policy.as_ref(), action, authority, now);
        }
        result
    }

    /// The policy whose settings were refused, which was inspected before; absent when no other one
    /// was wanted.
    fn wanted_policy(
        &self,
        change: &Change,
        result: &Result<Report, ChangeError>,
    ) -> Option<PolicyRef> {
        let Err(ChangeError::Invalid(_) | ChangeError::TooLarge(_) | ChangeError::Misfits(_)) =
            result
        else {
            return None;
        };
        let bytes = &change.component.as_ref()?.bytes;
        let inspected = self.inspections.get(&self.runtime, bytes).ok()?;
        Some(inspected.policy().clone())
    }

    pub(super) fn make(
        self: &Arc<Self>,
        planned: Planned,
        change: &Change,
        base: &View,
    ) -> Result<Report, ChangeError> {
        let _ahead = self.wait(self.going_back.read());
        let previous = base.selected().and_then(|before| before.active);
        let Change { action, ref authority, now, force, .. } = *change;
        let taken_back = None;
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        self.commit(planned, &committing)
    }

    /// Records an activation that failed. A fault of the request itself goes to its sender alone. If the
    /// store cannot be written, the log says so; the caller gets the reason why the activation failed,
    /// which may be the same. `policy` is the one that was wanted.
    pub(super) fn write_refusal(
        &self,
        result: &Result<Report, ChangeError>,
        policy: Option<&PolicyRef>,
        action: Action,
        authority: &Authority,
        now: u64,
    ) {
        let (step, error, policy) = match result {
            Err(ChangeError::Refused(refused)) => {
                (refused.step, refused.error.clone(), refused.policy.as_ref().or(policy))
            }
            Err(
                error @ (ChangeError::Invalid(_)
                | ChangeError::TooLarge(_)
                | ChangeError::Misfits(_)),
            ) if !matches!(action, Action::Settings | Action::Start) => {
                (StepName::Configure, error.told(), policy)
            }
            // No administrator asked for this, so that none can name the settings.
            Err(error @ ChangeError::Dropped { policy, .. }) if action == Action::Source => {
                (StepName::Configure, error.told(), Some(policy))
            }
            _ => return,
        };
        let step = step.as_str();
        self.counters.metrics.refused(step);
        // A start that is refused is said where what to do is known.
        if action != Action::Start {
            tracing::warn!(gate = self.name(), step, %error, "activation refused");
        }
        let refusal = Refusal { gate: self.name(), action, at: now, step, error: &error, policy };
        let activity = activities::rejected(policy, step, &error);
        let Ok(by) = self.wait(authority.grant(Right::Write)) else {
            return;
        };
        if let Err(error) = self.wait(self.store.refuse(&refusal, &by, &activity)) {
            let (gate, error) = (self.name(), admit::failure::error_chain(&error));
            tracing::error!(gate, error, "a refused activation could not be written down");
        }
    }

    /// Waits for the store on a thread that may wait.
    pub(super) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        tokio::runtime::Handle::current().block_on(what)
    }
}
