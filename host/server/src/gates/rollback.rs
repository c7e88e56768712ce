//! The way back: by an administrator, or by itself from a release that keeps failing.
//!
//! Either leads to the newest release before the one that is left that is not known to fail, unless the
//! administrator names a generation.

use std::sync::Arc;

use admit::decision::Decision;
use admit::text::error_line;
use admit_api::activation::Activation;
use tracing::Instrument;

use super::change::MayDrop;
use super::gate::Gate;
use super::owner::{Committing, Owned};
use super::plan::{Planned, expect_named};
use super::report::{ChangeError, Report, assignments};
use super::revision::{Tags, check_revision};
use super::view::{GatePolicy, View};
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
    base: &'a Arc<View>,
    /// The settings that may stop counting.
    drop: &'a MayDrop,
    action: Action,
    authority: &'a Authority,
    now: u64,
    force: bool,
    /// What is left, if it kept failing.
    taken_back: Option<&'a TakenBack>,
}

impl Gate {
    /// Goes back to the newest release before that is not known to fail, or to the one of a
    /// generation; with `force` whatever is known of it; if `revision` is given, from that one only. Does
    /// not wait for a change that is under way; that one fails. Of two at once, the second fails: it was
    /// asked for to leave what the first has left already.
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
        let base = self.expect_started()?;
        check_revision(revision.as_ref(), base.revision())?;
        let mut owned = Arc::clone(&self.owned).lock_owned().await;
        let gate = Arc::clone(self);
        let back = crate::blocking::to_end(async move {
            let (base, drop, authority) = (&base, &drop, &authority);
            let (action, taken_back) = (Action::Rollback, None);
            let leaving = Leaving { base, drop, action, authority, now, force, taken_back };
            let result = gate.roll_back_alone(&mut owned, to, &leaving).await;
            gate.write_refusal(&result, None, action, authority, now).await;
            result
        });
        let report = back.await.unwrap_or(Err(ChangeError::Broken))?;
        self.link_way_back();
        Ok(report)
    }

    async fn roll_back_alone(
        &self,
        owned: &mut Owned,
        to: Target,
        leaving: &Leaving<'_>,
    ) -> Result<Report, ChangeError> {
        leaving.authority.check()?;
        let base = owned.expect_unchanged(leaving.base)?;
        let leaving = &Leaving { base: &base, ..*leaving };
        let nothing =
            || ChangeError::NothingKept { gate: self.name().to_owned(), known: Vec::new() };
        let before = base.policy().ok_or_else(nothing)?;
        let target = match to {
            Target::Before => self.way_back(&base, before, leaving.force).await?,
            Target::Generation(generation) => {
                self.of_generation(&base, before, generation, leaving.force).await?
            }
        };
        self.go_back_to(owned, &target, before, leaving).await
    }

    /// The release that a roll-back goes to.
    async fn way_back(
        &self,
        base: &View,
        before: &GatePolicy,
        force: bool,
    ) -> Result<StoredRelease, ChangeError> {
        let mut known_to_fail = None;
        let mut next = before.previous;
        while let Some(target) = self.stored(next).await? {
            next = target.previous;
            if base.has_active(&target.release) {
                continue;
            }
            match base.why_taken_back(&target.release).filter(|_| !force) {
                Some(taken) => {
                    known_to_fail.get_or_insert(taken);
                }
                None => return Ok(target),
            }
        }
        if let Some(taken) = known_to_fail {
            return Err(ChangeError::TakenBack(Box::new(taken.clone())));
        }
        let known = self.store.generations(self.name()).await?;
        let others = known.iter().filter(|(attempt, _)| Some(*attempt) != before.attempt);
        let known = others.map(|(_, generation)| *generation).collect();
        Err(ChangeError::NothingKept { gate: self.name().to_owned(), known })
    }

    /// The release that had a generation.
    async fn of_generation(
        &self,
        base: &View,
        before: &GatePolicy,
        generation: u64,
        force: bool,
    ) -> Result<StoredRelease, ChangeError> {
        let gate = || self.name().to_owned();
        let known = self.store.generations(self.name()).await?;
        let Some(&(attempt, _)) = known.iter().find(|(_, one)| *one == generation) else {
            let known = known.iter().map(|(_, generation)| *generation).collect();
            return Err(ChangeError::UnknownGeneration { gate: gate(), generation, known });
        };
        if before.attempt == Some(attempt) && base.active().is_some() {
            return Err(ChangeError::AlreadyActive { gate: gate(), generation });
        }
        let release = self.stored(Some(attempt)).await?;
        let release = release.ok_or_else(|| ChangeError::NotKept { gate: gate(), generation })?;
        match base.why_taken_back(&release.release).filter(|_| !force) {
            Some(taken) => Err(ChangeError::TakenBack(Box::new(taken.clone()))),
            None => Ok(release),
        }
    }

    /// Builds, beside everything else, the release that a roll-back goes to, so that it takes no time
    /// then. It is built already unless the server or the gate's way back began anew.
    pub fn link_way_back(self: &Arc<Self>) {
        let gate = Arc::clone(self);
        tokio::spawn(async move { gate.linked_way_back().await });
    }

    /// As [`Gate::link_way_back`], and waits for it.
    pub async fn linked_way_back(self: &Arc<Self>) {
        let gate = Arc::clone(self);
        // Its steps would read as those of a change that is under way at the same time.
        let way_back = tracing::debug_span!("way_back", gate = self.name());
        let linked = async move { gate.link().instrument(way_back).await };
        let linked = crate::blocking::to_end(linked).await;
        if let Err(error) = linked.unwrap_or(Err(ChangeError::Broken)) {
            let (gate, error) = (self.name(), error.reason());
            tracing::warn!(gate, error, "the release that a roll-back goes to cannot be built");
        }
    }

    async fn link(&self) -> Result<(), ChangeError> {
        let base = self.view();
        let Some(before) = base.policy() else {
            return Ok(());
        };
        let target = match self.way_back(&base, before, false).await {
            Err(ChangeError::NothingKept { .. } | ChangeError::TakenBack(_)) => return Ok(()),
            target => target?,
        };
        let release = self.plan_back(&target, &base, before, &[]).await?.release;
        self.publish(|view| {
            if !view.has_active(release.digest()) {
                view.linked.keep(release);
            }
        })
        .await;
        Ok(())
    }

    /// Goes back from a generation whose policy keeps failing, unless it was replaced meanwhile: to
    /// the newest release before that is not known to fail; without one, to none.
    pub(super) async fn revert(self: Arc<Self>, generation: u64, fault: Fault) {
        let mut owned = Arc::clone(&self.owned).lock_owned().await;
        let gate = Arc::clone(&self);
        let reverted = crate::blocking::to_end(async move {
            gate.revert_alone(&mut owned, generation, fault).await
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
                self.deciding.watch_faults_again(generation);
            }
        }
    }

    async fn revert_alone(
        &self,
        owned: &mut Owned,
        generation: u64,
        fault: Fault,
    ) -> Result<Reverted, ChangeError> {
        let base = &owned.view();
        let is_it = base.active().filter(|active| active.generation == generation);
        let (Some(active), Some(before)) = (is_it, base.policy()) else {
            return Ok(Reverted::Replaced);
        };
        let Fault { reason, error } = fault;
        let taken = TakenBack {
            release: active.release.digest().to_string(),
            policy: before.reference().clone(),
            at: admit::gate::now(),
            faults: self.options.faults.faults,
            reason,
            error,
        };
        // No administrator is there to say which settings may stop counting.
        let (drop, authority) = (&MayDrop::Any, &Authority::server());
        let (action, now, taken_back) = (Action::Revert, taken.at, Some(&taken));
        let leaving = Leaving { base, drop, action, authority, now, force: false, taken_back };
        let mut next = before.previous;
        while let Some(target) = self.stored(next).await? {
            next = target.previous;
            let is_left = target.release == taken.release;
            if is_left || base.why_taken_back(&target.release).is_some() {
                continue;
            }
            let result = self.go_back_to(owned, &target, before, &leaving).await;
            self.write_refusal(&result, None, action, authority, now).await;
            match result {
                Err(error) if error.is_about_the_release() => {}
                result => return result.map(|report| Reverted::Back(Box::new(report))),
            }
        }
        owned.withdraw(&taken).await?;
        Ok(Reverted::Withdrawn)
    }

    /// A release on the way back; absent at its end.
    async fn stored(&self, attempt: Option<u64>) -> Result<Option<StoredRelease>, StoreError> {
        match attempt {
            Some(attempt) => self.store.release(attempt).await,
            None => Ok(None),
        }
    }

    async fn go_back_to(
        &self,
        owned: &mut Owned,
        target: &StoredRelease,
        before: &GatePolicy,
        leaving: &Leaving<'_>,
    ) -> Result<Report, ChangeError> {
        let Leaving { base, drop, action, authority, now, force, taken_back } = *leaving;
        let undone = match action {
            // The server takes nothing out of the settings that an administrator has configured.
            Action::Revert => Vec::new(),
            _ => self.undone(before, target).await?,
        };
        let planned = self.plan_back(target, base, before, &undone).await?;
        expect_named(&planned.dropped, drop, planned.inspected.policy())?;
        let previous = target.previous;
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        owned.commit(planned, &committing).await
    }

    /// A release on the way back, ready. The operator's cases may be about what is being left.
    async fn plan_back(
        &self,
        target: &StoredRelease,
        base: &Arc<View>,
        before: &GatePolicy,
        undone: &[String],
    ) -> Result<Planned, ChangeError> {
        let component = target.component.as_slice().into();
        let (inspected, inspect) = self.builder.inspect_beside(component).await?;
        let had = base.configured();
        let configured = had.restored(&target.settings, undone);
        let (description, left) = (inspected.description(), before.description());
        let dropped = had.left_out(&configured, description, left);
        let mut planned = self.builder.prepare_beside(inspected, configured, base).await?;
        planned.dropped = dropped;
        planned.steps.insert(0, inspect);
        Ok(planned)
    }

    /// The settings that the change that is undone has added. Going back from a change of settings
    /// alone undoes it, which names them well enough.
    async fn undone(
        &self,
        before: &GatePolicy,
        target: &StoredRelease,
    ) -> Result<Vec<String>, ChangeError> {
        let (Some(active), true) = (before.attempt, before.previous == Some(target.id)) else {
            return Ok(Vec::new());
        };
        let action = self.store.action(active).await?;
        if action.as_deref() != Some(Action::Settings.as_str()) {
            return Ok(Vec::new());
        }
        let added = before.counting.keys().filter(|name| !target.settings.contains_key(*name));
        Ok(added.cloned().collect())
    }
}

#[cfg(test)]
mod tests;
