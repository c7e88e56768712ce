//! The way back: by an administrator, or by itself from a release that keeps failing.
//!
//! Either leads to the newest release before the one that is left that is not known to fail.

use std::sync::Arc;

use admit::decision::Decision;

use super::commit::Committing;
use super::report::{ChangeError, Report, Step};
use super::served::ServedGate;
use super::settings::restored;
use super::state::Selected;
use crate::actor::Actor;
use crate::store::{Action, StoreError, StoredRelease, TakenBack};

/// The decision that made it one fault too many.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    reason: String,
    error: String,
}

impl Fault {
    /// Most characters of what failed.
    const MAX_CHARS: usize = 300;

    pub(super) fn of(decision: &Decision) -> Self {
        let error = decision.detail.as_deref().unwrap_or_default();
        let error = error.chars().filter(|character| !character.is_control());
        Self {
            reason: decision.reason.clone().unwrap_or_default(),
            error: error.take(Self::MAX_CHARS).collect(),
        }
    }
}

/// What came of a revert.
#[derive(Debug)]
enum Reverted {
    /// The generation was replaced meanwhile.
    Replaced,
    /// Another release decides.
    Back(Box<Report>),
    /// No release before it could take its place: the gate has none.
    Withdrawn,
}

/// Who goes back from what.
struct Leaving<'a> {
    before: &'a Selected,
    action: Action,
    actor: &'a Actor,
    now: u64,
    force: bool,
    /// What is left, if it kept failing.
    taken_back: Option<&'a TakenBack>,
}

impl ServedGate {
    /// Goes back to the newest release before that is not known to fail; with `force` to the one
    /// before, whatever is known of it. Does not wait for a change that is under way; that one fails.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed.
    pub async fn roll_back(
        self: &Arc<Self>,
        force: bool,
        actor: Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let gate = Arc::clone(self);
        let back = crate::blocking::run(move || {
            let action = Action::Rollback;
            let result = gate.roll_back_alone(force, &actor, now);
            gate.write_refusal(&result, None, action, &actor, now);
            result
        });
        back.await.unwrap_or(Err(ChangeError::Broken))
    }

    fn roll_back_alone(&self, force: bool, actor: &Actor, now: u64) -> Result<Report, ChangeError> {
        let nothing = || ChangeError::NothingKept(self.name().to_owned());
        let before = self.selected().ok_or_else(nothing)?;
        let active = self.gate.release().map(|active| active.digest().to_string());
        let mut known_to_fail = None;
        let mut next = before.previous;
        while let Some(target) = self.stored(next)? {
            next = target.previous;
            if Some(&target.release) == active.as_ref() {
                continue;
            }
            if let Some(taken) = self.why_taken_back(&target.release).filter(|_| !force) {
                known_to_fail.get_or_insert(taken);
                continue;
            }
            let (before, action, taken_back) = (&*before, Action::Rollback, None);
            let leaving = Leaving { before, action, actor, now, force, taken_back };
            return self.go_back_to(&target, &leaving);
        }
        Err(match known_to_fail {
            Some(taken) => ChangeError::TakenBack(Box::new(taken)),
            None => nothing(),
        })
    }

    /// Goes back from a generation whose policy keeps failing, unless it was replaced meanwhile: to
    /// the newest release before that is not known to fail; without one, to none.
    pub(super) async fn revert(self: Arc<Self>, generation: u64, fault: &Fault) {
        let (gate, fault) = (Arc::clone(&self), fault.clone());
        let reverted = crate::blocking::run(move || {
            loop {
                match gate.revert_alone(generation, &fault) {
                    // Only another generation is no longer to be reverted.
                    Err(ChangeError::Overtaken(_)) => {}
                    reverted => break reverted,
                }
            }
        });
        let gate = self.name();
        match reverted.await.unwrap_or(Err(ChangeError::Broken)) {
            Ok(Reverted::Replaced) => {}
            Ok(Reverted::Back(report)) => tracing::error!(
                gate,
                generation,
                policy.version = &*report.policy.version,
                "the policy kept failing: went back to the release before"
            ),
            Ok(Reverted::Withdrawn) => tracing::error!(
                gate,
                generation,
                "the policy kept failing, and there is no release before that is not known to \
                 fail: the gate decides nothing"
            ),
            Err(error) => {
                let error = admit::failure::error_chain(&error);
                tracing::error!(
                    gate,
                    generation,
                    error,
                    "the policy keeps failing, and could not be taken back; tried again when it \
                     fails again"
                );
                self.watch_faults_again(generation);
            }
        }
    }

    /// Goes back from what the gate has if the generation made it; what is committed after this was
    /// read overtakes it.
    fn revert_alone(&self, generation: u64, fault: &Fault) -> Result<Reverted, ChangeError> {
        let before = self.selected();
        let Some(before) = before.filter(|_| self.unreleased().is_none()) else {
            return Ok(Reverted::Replaced);
        };
        // The engine's generation may be one behind what is selected.
        match self.stored(before.active)? {
            Some(active) if active.generation == generation => {
                let taken = TakenBack {
                    release: active.release,
                    policy: before.policy().clone(),
                    at: admit::gate::now(),
                    faults: self.options.faults.faults,
                    reason: fault.reason.clone(),
                    error: fault.error.clone(),
                };
                self.take_back(&before, generation, &taken)
            }
            _ => Ok(Reverted::Replaced),
        }
    }

    fn take_back(
        &self,
        before: &Selected,
        generation: u64,
        taken: &TakenBack,
    ) -> Result<Reverted, ChangeError> {
        let (action, actor, now) = (Action::Revert, &Actor::server(), taken.at);
        let (force, taken_back) = (false, Some(taken));
        let leaving = Leaving { before, action, actor, now, force, taken_back };
        let mut next = before.previous;
        while let Some(target) = self.stored(next)? {
            next = target.previous;
            let is_left = target.release == taken.release;
            if is_left || self.why_taken_back(&target.release).is_some() {
                continue;
            }
            let result = self.go_back_to(&target, &leaving);
            self.write_refusal(&result, None, action, actor, now);
            match result {
                Err(error) if error.is_about_the_release() => {}
                result => return result.map(|report| Reverted::Back(Box::new(report))),
            }
        }
        let withdrawn = self.withdraw(before, generation, taken)?;
        Ok(if withdrawn { Reverted::Withdrawn } else { Reverted::Replaced })
    }

    /// A release on the way back; absent at its end.
    fn stored(&self, attempt: Option<u64>) -> Result<Option<StoredRelease>, StoreError> {
        match attempt {
            Some(attempt) => self.wait(self.store.release(attempt)),
            None => Ok(None),
        }
    }

    fn go_back_to(
        &self,
        target: &StoredRelease,
        leaving: &Leaving<'_>,
    ) -> Result<Report, ChangeError> {
        let Leaving { before, action, actor, now, force, taken_back } = *leaving;
        let started = std::time::Instant::now();
        let inspected = self.inspect_stored(&target.component)?;
        let inspect = Step::done("inspect", started.elapsed());
        let settings = restored(&target.settings, &before.settings, inspected.description());
        // The operator's cases do not count: they may be about what has just been left.
        let mut planned = self.prepare(inspected, settings, &[])?;
        planned.steps.insert(0, inspect);
        let (previous, since) = (target.previous, before.revision);
        let committing = Committing { action, actor, now, previous, since, force, taken_back };
        self.commit(planned, &committing)
    }
}

#[cfg(test)]
mod tests;
