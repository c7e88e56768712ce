//! A change: another policy, other settings, or both. An activation like any other.

use std::sync::Arc;

use admit::decision::PolicyRef;
use admit_api::activation::{ActivationResult, StepName};
use admit_api::activity::Actor;
use serde_json::{Map, Value};

use super::activities;
use super::gate::Gate;
use super::owner::Committing;
use super::plan::{Planned, plan};
use super::report::{ChangeError, Report};
use super::revision::{Tags, check_revision};
use super::view::{GatePolicy, View};
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

impl Change {
    /// An activation that changes nothing yet.
    pub fn new(action: Action, authority: Authority, now: u64) -> Self {
        Self {
            component: None,
            settings: Map::new(),
            drop: MayDrop::nothing(),
            revision: None,
            mode: Mode::Activate,
            force: false,
            known_refusal: None,
            authority,
            action,
            now,
        }
    }
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

impl Gate {
    /// Makes a change. Changes of one gate are made one after the other; this waits for its turn.
    ///
    /// A change that was begun is made to its end even if the caller goes away.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed, and an activation that failed is written down.
    pub async fn change(self: &Arc<Self>, change: Change) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let gate = Arc::clone(self);
        let made = crate::blocking::to_end(async move {
            let _turn = turn;
            gate.change_in_turn(&change).await
        });
        made.await.unwrap_or(Err(ChangeError::Broken))
    }

    pub(super) async fn change_in_turn(&self, change: &Change) -> Result<Report, ChangeError> {
        change.authority.check()?;
        let base = self.view();
        check_revision(change.revision.as_ref(), base.revision())?;
        let planned = plan(&self.builder, change, &base, self.name()).await;
        // Planning takes time: a caller whose right has ended meanwhile learns nothing of its result.
        change.authority.check()?;
        let result = match (planned, change.mode) {
            (Err(error), _) => Err(error),
            (Ok(planned), Mode::DryRun) => self.checked(&planned, change, &base),
            (Ok(planned), Mode::Candidate) => {
                self.start_candidate(planned, &base, &change.authority, change.now).await
            }
            (Ok(planned), Mode::Activate) => self.make(planned, change, &base).await,
        };
        if let (Action::Source, Err(error)) = (change.action, &result) {
            self.know_policy_of_source(change, error).await;
        }
        let is_known = |error: &ChangeError| Some(error.reason()) == change.known_refusal;
        if change.mode == Mode::Activate && !result.as_ref().is_err_and(is_known) {
            let policy = self.wanted_policy(change, &result).await;
            let Change { action, ref authority, now, .. } = *change;
            self.write_refusal(&result, policy.as_ref(), action, authority, now).await;
        }
        result
    }

    fn checked(
        &self,
        planned: &Planned,
        change: &Change,
        base: &Arc<View>,
    ) -> Result<Report, ChangeError> {
        self.view().check_not_taken_back(planned.release.digest(), change.force)?;
        let report = planned.report(self.name(), ActivationResult::Checked, base);
        self.deciding.metrics().changed_nothing(report.activation.result.as_str());
        Ok(report)
    }

    /// The policy whose settings were refused, which was inspected before; absent when no other one
    /// was wanted.
    async fn wanted_policy(
        &self,
        change: &Change,
        result: &Result<Report, ChangeError>,
    ) -> Option<PolicyRef> {
        let Err(ChangeError::Invalid(_) | ChangeError::TooLarge(_) | ChangeError::Misfits(_)) =
            result
        else {
            return None;
        };
        let bytes = Arc::clone(&change.component.as_ref()?.bytes);
        let (inspected, _) = self.builder.inspect_beside(bytes).await.ok()?;
        Some(inspected.policy().clone())
    }

    pub(super) async fn make(
        &self,
        planned: Planned,
        change: &Change,
        base: &Arc<View>,
    ) -> Result<Report, ChangeError> {
        let previous = base.policy().and_then(|before| before.attempt);
        let Change { action, ref authority, now, force, .. } = *change;
        let taken_back = None;
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        self.owned.lock().await.commit(planned, &committing).await
    }

    /// Lets a gate that never had a release know the policy of its source, if only settings are
    /// missing: then they can be given to it.
    async fn know_policy_of_source(&self, change: &Change, error: &ChangeError) {
        let (ChangeError::Invalid(_)
        | ChangeError::TooLarge(_)
        | ChangeError::Misfits(_)
        | ChangeError::Dropped { .. }) = error
        else {
            return;
        };
        let Some(component) = &change.component else { return };
        let inspected = self.builder.inspect_beside(Arc::clone(&component.bytes)).await;
        let Ok((inspected, _)) = inspected else { return };
        let state = self.unreleased_by(error);
        self.publish(|view| {
            let had_release = view.policy().is_some_and(|before| before.attempt.is_some());
            if !had_release && view.revision() == 0 {
                let made = (Action::Source, Actor::source());
                let policy = GatePolicy::not_activated(inspected, view.settings(), made);
                (view.policy, view.state) = (Some(Arc::new(policy)), state);
            }
        })
        .await;
    }

    /// Records an activation that failed. A fault of the request itself goes to its sender alone. If the
    /// store cannot be written, the log says so; the caller gets the reason why the activation failed,
    /// which may be the same. `policy` is the one that was wanted.
    pub(super) async fn write_refusal(
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
                (StepName::Configure, error.reason(), policy)
            }
            // No administrator asked for this, so that none can name the settings.
            Err(error @ ChangeError::Dropped { policy, .. }) if action == Action::Source => {
                (StepName::Configure, error.reason(), Some(policy))
            }
            _ => return,
        };
        let step = step.as_str();
        self.deciding.metrics().refused(step);
        // A start that is refused is said where what to do is known.
        if action != Action::Start {
            tracing::warn!(gate = self.name(), step, %error, "activation refused");
        }
        let refusal = Refusal { gate: self.name(), action, at: now, step, error: &error, policy };
        let activity = activities::rejected(policy, step, &error);
        let Ok(by) = authority.grant(Right::Write).await else {
            return;
        };
        if let Err(error) = self.store.refuse(&refusal, &by, &activity).await {
            let (gate, error) = (self.name(), admit::failure::error_chain(&error));
            tracing::error!(gate, error, "a refused activation could not be written down");
        }
    }
}
