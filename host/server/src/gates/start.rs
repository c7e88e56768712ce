//! The start of a gate: with its last good release, or with what it is configured with.

use std::sync::Arc;

use admit::failure::{Cause, error_chain};
use admit_api::activity::Actor;

use super::change::{Change, NewComponent};
use super::first::FirstComponent;
use super::gate::Gate;
use super::report::ChangeError;
use super::view::{GatePolicy, Shadowing, State};
use crate::authority::Authority;
use crate::store::{Action, StoreError};

/// Why a gate has no release of what it is configured with.
#[derive(Debug)]
pub enum NotBegun {
    /// No policy is configured.
    NoPolicy,
    /// The file of its policy cannot be read, or is set aside.
    Unreadable(String),
    /// The release is refused.
    Refused(ChangeError),
}

impl Gate {
    /// Begins with what the gate is configured with, as a start does where nothing is stored.
    pub async fn begin_as_configured(
        self: &Arc<Self>,
        first: Option<FirstComponent>,
        now: u64,
    ) -> Result<(), NotBegun> {
        let gate = Arc::clone(self);
        let begun = async move { gate.begin(first.as_ref(), false, now).await };
        let begun = crate::blocking::to_end(begun).await;
        begun.unwrap_or(Err(NotBegun::Refused(ChangeError::Broken)))
    }

    /// Starts with the last good release; before there is one, with `component` and the configured
    /// settings. Then lets the candidate go on, if it can.
    ///
    /// A gate that cannot be given a release has a problem, which the state shows, and fails its
    /// decisions. Nothing that is wrong with one gate keeps another from starting.
    pub async fn start(self: &Arc<Self>, first: Option<FirstComponent>, now: u64) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let gate = Arc::clone(self);
        let started = crate::blocking::to_end(async move {
            if let Err(error) = gate.start_in_turn(first.as_ref(), false, now).await {
                gate.fail(&error_chain(&error)).await;
            }
            gate.look_at_cases().await;
            turn
        });
        match started.await {
            Some(turn) => self.resume_candidate(turn, now).await,
            None => {
                self.publish(|view| view.candidate = Shadowing::Nothing).await;
                self.fail("its release broke the start; see the log").await;
            }
        }
    }

    /// Says of a gate that decides what would be in the way of its next release. Of another one it is
    /// said why it has none.
    async fn look_at_cases(&self) {
        if self.view().active().is_none() {
            return;
        }
        let builder = Arc::clone(&self.builder);
        if let Some(problem) = crate::blocking::beside(move || builder.cases.problem()).await {
            tracing::error!(
                gate = self.name(),
                problem,
                "the operator's cases cannot be read: nothing can be activated"
            );
        }
    }

    /// Leaves the gate without a release.
    pub(super) async fn fail(&self, problem: &str) {
        tracing::error!(gate = self.name(), problem, "the gate does not start");
        self.leave_without(None, State::Failed(problem.to_owned())).await;
    }

    /// Leaves the gate without a release, for this reason; with a policy, if it has one.
    pub(super) async fn leave_without(&self, policy: Option<GatePolicy>, state: State) {
        self.publish(|view| {
            // A way back waits for no turn: it may have given the gate a release meanwhile.
            if view.active().is_none() {
                (view.policy, view.state) = (policy.map(Arc::new), state);
            }
        })
        .await;
    }

    /// Starts the gate again if it should have a release and could not be given one: the file or the
    /// memory that was missing may be there now. When somebody `asked`, with what was set aside as well.
    pub async fn start_again(
        self: &Arc<Self>,
        first: Option<FirstComponent>,
        asked: bool,
        now: u64,
    ) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let gate = Arc::clone(self);
        let started = crate::blocking::to_end(async move {
            let _turn = turn;
            match gate.view().state {
                State::Failed(_) => gate.start_in_turn(first.as_ref(), asked, now).await,
                _ => Ok(()),
            }
        });
        if let Some(Err(error)) = started.await {
            let error = error_chain(&error);
            tracing::error!(gate = self.name(), error, "the gate could not be started again");
        }
    }

    async fn start_in_turn(
        &self,
        first: Option<&FirstComponent>,
        asked: bool,
        now: u64,
    ) -> Result<(), StoreError> {
        // INVARIANT: read while no way back is made, and published before one can be.
        let mut owned = self.owned.lock().await;
        if owned.view().active().is_some() {
            return Ok(());
        }
        let taken_back = Arc::new(self.store.taken_back(self.name()).await?);
        let row = self.store.gate(self.name()).await?;
        owned.publish(|view| {
            view.taken_back = taken_back;
            if let Some(row) = &row {
                view.settings = row.settings.clone();
                (view.revision, view.generation) = (row.revision, row.generation);
            }
        });
        drop(owned);
        let Some(row) = row else {
            return match self.begin(first, asked, now).await {
                Err(NotBegun::Refused(ChangeError::Store(error))) => Err(error),
                _ => Ok(()),
            };
        };
        match &row.active {
            Some(active) => self.resume(&row, active, now).await,
            None => self.resume_damaged(&row, now).await,
        }
    }

    /// The first release, of what the gate is configured with.
    async fn begin(
        &self,
        first: Option<&FirstComponent>,
        asked: bool,
        now: u64,
    ) -> Result<(), NotBegun> {
        let Some(first) = first else {
            let problem = "has no policy yet: give it one".to_owned();
            self.leave_without(None, State::Unconfigured(problem)).await;
            return Err(NotBegun::NoPolicy);
        };
        let bytes = match first.read().await {
            Ok(bytes) => bytes,
            Err(problem) => {
                let gate = self.name();
                tracing::error!(gate, problem, "the gate's first policy is not there");
                self.begun_without(None, State::Failed(problem.clone())).await;
                return Err(NotBegun::Unreadable(problem));
            }
        };
        let begun = self.first_tries.begin(first, &bytes, asked, now).await;
        let set_aside = begun.map_err(|error| NotBegun::Refused(error.into()))?;
        if let Some(problem) = set_aside {
            self.begun_without(None, State::Failed(problem.clone())).await;
            return Err(NotBegun::Unreadable(problem));
        }
        let change = Change {
            component: Some(NewComponent { bytes: Arc::clone(&bytes), may_be_older: true }),
            settings: self.options.settings.clone(),
            known_refusal: self.view().refused_start.clone(),
            ..Change::new(Action::Start, Authority::server(), now)
        };
        let error = self.change_in_turn(&change).await.err();
        self.first_tries.end(first, error.as_ref(), self.compiles_on()).await;
        let Some(error) = error else { return Ok(()) };
        if !matches!(error, ChangeError::Store(_)) {
            self.begun_with_refused(bytes, &error).await;
        }
        Err(NotBegun::Refused(error))
    }

    /// Keeps a policy to describe the settings that are missing. Nothing is stored: what is configured
    /// counts until something was activated.
    async fn begun_with_refused(&self, component: Arc<[u8]>, error: &ChangeError) {
        let (reason, state) = (error.reason(), self.unreleased_by(error));
        if self.view().refused_start.as_ref() != Some(&reason) {
            self.say_refused(&state, error);
        }
        self.publish(|view| view.refused_start = Some(reason)).await;
        let inspected = self.builder.inspect_beside(component).await.ok();
        let policy = inspected.map(|(inspected, _)| {
            let made = (Action::Start, Actor::server());
            GatePolicy::not_activated(inspected, &self.options.settings, made)
        });
        self.begun_without(policy, state).await;
    }

    /// Says why the gate fails with what it is configured with, and what to do; not of a gate whose
    /// settings are still to come.
    fn say_refused(&self, state: &State, error: &ChangeError) {
        let State::Failed(problem) = state else { return };
        let gate = self.name();
        let todo = match error {
            ChangeError::Refused(refused) => match refused.cause {
                Cause::Component => format!(
                    "put another policy where `gates.{gate}.policy` says and send SIGHUP, or give the \
                     gate one with `admit policy activate`"
                ),
                Cause::Cases => {
                    format!("correct the cases of `gates.{gate}.cases`, then send SIGHUP")
                }
                Cause::Host => "it is tried again later, or when SIGHUP is sent".to_owned(),
                Cause::Gate => correct_settings(gate),
            },
            _ => correct_settings(gate),
        };
        tracing::error!(gate, problem, "the gate does not start as it is configured: {todo}");
    }

    /// Notes why the configured policy makes no release; unless the gate knows another one by now, as
    /// that of its source.
    async fn begun_without(&self, policy: Option<GatePolicy>, state: State) {
        let digest = |policy: &GatePolicy| Arc::clone(&policy.reference().digest);
        self.publish(|view| {
            let now = view.policy().map(digest);
            if view.active().is_some() {
                return;
            }
            if now.is_none() || now == policy.as_ref().map(digest) {
                (view.policy, view.state) = (policy.map(Arc::new), state);
            }
        })
        .await;
    }
}

fn correct_settings(gate: &str) -> String {
    format!(
        "correct `gates.{gate}.settings` and restart the server, or give the gate other settings with \
         `admit apply --file FILE`"
    )
}

#[cfg(test)]
mod tests;
