//! The way back: by an administrator, or by itself from a release that keeps failing.
//!
//! Either leads to the newest release before the one that is left that is not known to fail, unless the
//! administrator names a generation.

use std::sync::Arc;

use admit::decision::Decision;
use admit::release::Release;
use admit::text::error_line;
use admit_api::activation::{Activation, StepName};

use super::change::MayDrop;
use super::commit::Committing;
use super::gate::ServedGate;
use super::plan::{Planned, expect_named};
use super::report::{ChangeError, Report, assignments, step};
use super::revision::{Tags, check_revision};
use super::state::{Selected, View};
use crate::authority::Authority;
use crate::store::{Action, StoreError, StoredRelease, TakenBack};

/// Where an administrator's way back leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the newest release before that is not known to fail.
    Before,
    /// To the release that had this generation.
    Generation(u64),
}

/// The decision that made it one fault too many.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    reason: String,
    error: String,
}

impl Fault {
    pub(super) fn of(decision: &Decision) -> Self {
        Self {
            reason: decision.reason().unwrap_or_default().to_owned(),
            error: error_line(decision.detail().unwrap_or_default()),
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
    base: &'a View,
    before: &'a Selected,
    /// The settings that may stop counting.
    drop: &'a MayDrop,
    action: Action,
    authority: &'a Authority,
    now: u64,
    force: bool,
    /// What is left, if it kept failing.
    taken_back: Option<&'a TakenBack>,
}

impl ServedGate {
    /// Goes back to the newest release before that is not known to fail, or to the one of a
    /// generation; with `force` whatever is known of it; if `revision` is given, from that one only. Does not wait for a
    /// change that is under way; that one fails. Of two at once, the second fails: it was asked for to
    /// leave what the first has left already.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed.
    pub async fn roll_back(
        self: &Arc<Self>,
        to: Target,
        drop: MayDrop,
        force: bool,
        revision: Option<Tags>,
        authority: Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let base = self.view();
        check_revision(revision.as_ref(), base.revision())?;
        let alone = Arc::clone(&self.going_back).write_owned().await;
        let gate = Arc::clone(self);
        let back = crate::blocking::run(move || {
            let _alone = alone;
            let action = Action::Rollback;
            let result = gate.roll_back_alone(&base, to, &drop, force, &authority, now);
            gate.write_refusal(&result, None, action, &authority, now);
            result
        });
        let report = back.await.unwrap_or(Err(ChangeError::Broken))?;
        self.link_way_back();
        Ok(report)
    }

    fn roll_back_alone(
        &self,
        base: &View,
        to: Target,
        drop: &MayDrop,
        force: bool,
        authority: &Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        authority.check()?;
        if self.view().revision() != base.revision() {
            return Err(self.overtaken());
        }
        let nothing =
            || ChangeError::NothingKept { gate: self.name().to_owned(), known: Vec::new() };
        let before = &**base.selected().ok_or_else(nothing)?;
        let target = match to {
            Target::Before => self.way_back(before, force)?,
            Target::Generation(generation) => self.of_generation(before, generation, force)?,
        };
        let (action, taken_back) = (Action::Rollback, None);
        let leaving = Leaving { base, before, drop, action, authority, now, force, taken_back };
        self.go_back_to(&target, &leaving)
    }

    /// The release that a roll-back goes to.
    fn way_back(&self, before: &Selected, force: bool) -> Result<StoredRelease, ChangeError> {
        let active = before.release.as_ref().map(|release| &release.digest);
        let mut known_to_fail = None;
        let mut next = before.previous;
        while let Some(target) = self.stored(next)? {
            next = target.previous;
            if Some(&target.release) == active {
                continue;
            }
            match self.why_taken_back(&target.release).filter(|_| !force) {
                Some(taken) => {
                    known_to_fail.get_or_insert(taken);
                }
                None => return Ok(target),
            }
        }
        Err(match known_to_fail {
            Some(taken) => ChangeError::TakenBack(Box::new(taken)),
            None => {
                let known = self.wait(self.store.generations(self.name()))?;
                let others = known.iter().filter(|(attempt, _)| Some(*attempt) != before.active);
                let known = others.map(|(_, generation)| *generation).collect();
                ChangeError::NothingKept { gate: self.name().to_owned(), known }
            }
        })
    }

    /// The release that had a generation.
    fn of_generation(
        &self,
        before: &Selected,
        generation: u64,
        force: bool,
    ) -> Result<StoredRelease, ChangeError> {
        let gate = || self.name().to_owned();
        let known = self.wait(self.store.generations(self.name()))?;
        let Some(&(attempt, _)) = known.iter().find(|(_, one)| *one == generation) else {
            let known = known.iter().map(|(_, generation)| *generation).collect();
            return Err(ChangeError::UnknownGeneration { gate: gate(), generation, known });
        };
        if before.active == Some(attempt) && before.release.is_some() {
            return Err(ChangeError::AlreadyActive { gate: gate(), generation });
        }
        let release = self.stored(Some(attempt))?;
        let release = release.ok_or_else(|| ChangeError::NotKept { gate: gate(), generation })?;
        match self.why_taken_back(&release.release).filter(|_| !force) {
            Some(taken) => Err(ChangeError::TakenBack(Box::new(taken))),
            None => Ok(release),
        }
    }

    /// Builds, beside everything else, the release that a roll-back goes to, so that it takes no time
    /// then. It is built already unless the server or the gate's way back began anew.
    pub fn link_way_back(self: &Arc<Self>) {
        let gate = Arc::clone(self);
        tokio::spawn(async move { gate.linked_way_back().await });
    }

    /// As [`ServedGate::link_way_back`], and waits for it.
    pub async fn linked_way_back(self: &Arc<Self>) {
        let gate = Arc::clone(self);
        let linked = crate::blocking::run(move || gate.link_alone());
        if let Err(error) = linked.await.unwrap_or(Err(ChangeError::Broken)) {
            let (gate, error) = (self.name(), error.told());
            tracing::warn!(gate, error, "the release that a roll-back goes to cannot be built");
        }
    }

    fn link_alone(&self) -> Result<(), ChangeError> {
        // Its steps would read as those of a change that is under way at the same time.
        let _way_back = tracing::debug_span!("way_back", gate = self.name()).entered();
        let view = self.view();
        let Some(before) = view.selected() else {
            return Ok(());
        };
        match self.way_back(before, false) {
            Ok(target) => {
                let release = self.plan_back(&target, before, &[])?.release;
                let is_active = |active: Arc<Release>| active.digest() == release.digest();
                if !self.gate.release().is_some_and(is_active) {
                    self.linked.lock().keep(release);
                }
            }
            Err(ChangeError::NothingKept { .. } | ChangeError::TakenBack(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Goes back from a generation whose policy keeps failing, unless it was replaced meanwhile: to
    /// the newest release before that is not known to fail; without one, to none.
    pub(super) async fn revert(self: Arc<Self>, generation: u64, fault: &Fault) {
        let (gate, fault) = (Arc::clone(&self), fault.clone());
        let alone = Arc::clone(&self.going_back).write_owned().await;
        let reverted = crate::blocking::run(move || {
            let _alone = alone;
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
            Ok(Reverted::Back(report)) => {
                let Activation { policy, dropped, .. } = &report.activation;
                let dropped = (!dropped.is_empty()).then(|| assignments(dropped));
                tracing::error!(
                    gate,
                    generation,
                    policy.version = &*policy.version,
                    settings.no_longer_count = dropped,
                    "the policy kept failing: went back to the release before"
                );
                self.link_way_back();
            }
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
        let base = self.view();
        let Some(before) = base.selected().filter(|before| before.release.is_some()) else {
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
                self.take_back(&base, before, generation, &taken)
            }
            _ => Ok(Reverted::Replaced),
        }
    }

    fn take_back(
        &self,
        base: &View,
        before: &Selected,
        generation: u64,
        taken: &TakenBack,
    ) -> Result<Reverted, ChangeError> {
        let (action, authority, now) = (Action::Revert, &Authority::server(), taken.at);
        let (force, taken_back) = (false, Some(taken));
        // No administrator is there to say which settings may stop counting.
        let drop = &MayDrop::Any;
        let leaving = Leaving { base, before, drop, action, authority, now, force, taken_back };
        let mut next = before.previous;
        while let Some(target) = self.stored(next)? {
            next = target.previous;
            let is_left = target.release == taken.release;
            if is_left || self.why_taken_back(&target.release).is_some() {
                continue;
            }
            let result = self.go_back_to(&target, &leaving);
            self.write_refusal(&result, None, action, authority, now);
            match result {
                Err(error) if error.is_about_the_release() => {}
                result => return result.map(|report| Reverted::Back(Box::new(report))),
            }
        }
        let withdrawn = self.withdraw(base, before, generation, taken)?;
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
        let Leaving { base, before, drop, action, authority, now, force, taken_back } = *leaving;
        let undone = match action {
            // The server takes nothing out of the settings that an administrator has configured.
            Action::Revert => Vec::new(),
            _ => self.undone(before, target)?,
        };
        let planned = self.plan_back(target, before, &undone)?;
        expect_named(&planned.dropped, drop, planned.inspected.policy())?;
        let previous = target.previous;
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        self.commit(planned, &committing)
    }

    /// A release on the way back, ready.
    fn plan_back(
        &self,
        target: &StoredRelease,
        before: &Selected,
        undone: &[String],
    ) -> Result<Planned, ChangeError> {
        let _one = self.linking.lock();
        let started = std::time::Instant::now();
        let inspected = self.inspect_stored(&target.component)?;
        let inspect = step(StepName::Inspect, started.elapsed());
        let had = before.configured();
        let configured = had.restored(&target.settings, undone);
        let (description, left) = (inspected.description(), before.description());
        let dropped = had.left_out(&configured, description, left);
        // The operator's cases may be about what is being left.
        let mut planned = self.prepare(inspected, configured, &[])?;
        planned.dropped = dropped;
        planned.steps.insert(0, inspect);
        Ok(planned)
    }

    /// The settings that the change that is undone has added. Going back from a change of settings
    /// alone undoes it, which names them well enough.
    fn undone(
        &self,
        before: &Selected,
        target: &StoredRelease,
    ) -> Result<Vec<String>, ChangeError> {
        let (Some(active), true) = (before.active, before.previous == Some(target.id)) else {
            return Ok(Vec::new());
        };
        let action = self.wait(self.store.action(active))?;
        if action.as_deref() != Some(Action::Settings.as_str()) {
            return Ok(Vec::new());
        }
        let added = before.counting.keys().filter(|name| !target.settings.contains_key(*name));
        Ok(added.cloned().collect())
    }
}

#[cfg(test)]
mod tests;
