//! The owner of what a gate has: the store's rows, the view and the pointer are changed here alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admit_api::activation::{ActivationResult, StepName};
use admit_api::activity::Actor;

use super::cases::NOTHING_REHEARSED;
use super::deciding::Deciding;
use super::plan::Planned;
use super::report::{ChangeError, Report, step};
use super::settings::Configured;
use super::view::{Active, GatePolicy, Shadowing, State, View};
use super::{activities, settings};
use crate::access::Right;
use crate::authority::{Authority, Granted};
use crate::store::{Action, Activation, GateRow, SettingsKept, Store, StoredRelease, TakenBack};

/// The right to change what a gate has, which there is once, behind a lock that hands it out in order.
///
/// INVARIANT: what is shown of a gate, what its rows in the store say and what it decides with are
/// changed by methods of this, in this order: the store, the view, the pointer.
pub(super) struct Owned {
    deciding: Arc<Deciding>,
    store: Store,
}

/// Who makes a change, and what for.
pub(super) struct Committing<'a> {
    pub(super) action: Action,
    pub(super) authority: &'a Authority,
    pub(super) now: u64,
    /// The attempt that a roll-back from the new release goes to.
    pub(super) previous: Option<u64>,
    /// What the gate was when the change was begun.
    pub(super) base: &'a Arc<View>,
    /// Whether a release that is known to fail may be activated.
    pub(super) force: bool,
    /// The release that this one takes the place of, if that one kept failing.
    pub(super) taken_back: Option<&'a TakenBack>,
}

impl Owned {
    /// The owner of a gate of which nothing was read yet.
    pub(super) fn new(deciding: Arc<Deciding>, store: Store) -> Self {
        Self { deciding, store }
    }

    fn name(&self) -> &str {
        self.deciding.gate().name()
    }

    /// What the gate is now: it stays so while this is held.
    pub(super) fn view(&self) -> Arc<View> {
        self.deciding.view()
    }

    /// Publishes what the gate is from now on.
    pub(super) fn publish(&mut self, change: impl FnOnce(&mut View)) -> Arc<View> {
        let mut next = View::clone(&self.view());
        change(&mut next);
        self.show(next)
    }

    fn show(&mut self, next: View) -> Arc<View> {
        let next = Arc::new(next);
        self.deciding.show(Arc::clone(&next));
        next
    }

    /// Refuses what was begun on something else than the gate has now.
    pub(super) fn expect_unchanged(&self, base: &View) -> Result<Arc<View>, ChangeError> {
        let view = self.view();
        if view.revision == base.revision { Ok(view) } else { Err(view.overtaken(self.name())) }
    }

    /// Makes a planned change.
    pub(super) async fn commit(
        &mut self,
        planned: Planned,
        committing: &Committing<'_>,
    ) -> Result<Report, ChangeError> {
        let Committing { action, now, previous, base, force, taken_back, .. } = *committing;
        // INVARIANT: asked for once, where the change is made, and kept until it is.
        let by = committing.authority.grant(Right::Write).await?;
        let view = self.expect_unchanged(base)?;
        let mut report = planned.report(self.name(), ActivationResult::Activated, base);
        if planned.rehearsed.is_nothing() && action != Action::Rollback {
            tracing::warn!(
                gate = self.name(),
                policy.version = &*planned.inspected.policy().version,
                "{NOTHING_REHEARSED}"
            );
        }
        if view.has_active(planned.release.digest()) {
            return self.keep_settings(planned.configured, report, committing, &by).await;
        }
        // It may have been taken back since this change was begun.
        view.check_not_taken_back(planned.release.digest(), force)?;
        tracing::debug!(step = "persist", "a step of an activation begins");
        let (started, generation) = (Instant::now(), view.generation + 1);
        let attempt = self.write_down(&planned, generation, committing, &by).await?;
        let persisted = started.elapsed();
        let Planned { inspected, configured: Configured { all, counting }, release, .. } = planned;
        let made = (action, by.actor().clone());
        let attempt = Some(attempt);
        let policy = GatePolicy { inspected, counting, attempt, previous, made };
        let activated = release.digest().to_string();
        let (view, swap) = self.decide_with(Active { release, generation }, now, now, |view| {
            view.note_taken_back(taken_back, Some(&activated));
            (view.policy, view.settings) = (Some(Arc::new(policy)), all);
            view.revision += 1;
            if action == Action::Promote {
                view.candidate = Shadowing::Nothing;
            }
        });
        report.activation.generation = generation;
        report.made(view);
        report.activation.steps.push(step(StepName::Persist, persisted));
        report.activation.steps.push(step(StepName::Store, swap));
        Ok(report)
    }

    /// Keeps settings that make no other release, as when one is removed that the policy does not
    /// know; reports that nothing changed when there were none.
    async fn keep_settings(
        &mut self,
        configured: Configured,
        mut report: Report,
        committing: &Committing<'_>,
        by: &Granted,
    ) -> Result<Report, ChangeError> {
        let view = self.view();
        report.activation.generation = view.active().map_or(0, |active| active.generation);
        report.activation.result = ActivationResult::Unchanged;
        self.deciding.metrics().changed_nothing(report.activation.result.as_str());
        let (before, settings) = (view.policy(), configured.all);
        let Some(before) = before.filter(|_| view.settings != settings) else {
            return Ok(report);
        };
        let mut told = settings::activities(&view.settings, &settings, before.description());
        let ends_candidate = committing.action == Action::Promote;
        told.extend(ends_candidate.then(|| activities::candidate_ended(before.reference())));
        let (revision, activities) = (view.revision + 1, &*told);
        let kept = SettingsKept { settings: &settings, revision, ends_candidate, activities };
        self.store.keep_settings(self.name(), &kept, by, committing.now).await?;
        let made = (committing.action, by.actor().clone());
        let policy = GatePolicy { made, ..before.clone() };
        report.made(self.publish(|view| {
            (view.policy, view.settings) = (Some(Arc::new(policy)), settings);
            view.revision = revision;
            if ends_candidate {
                view.candidate = Shadowing::Nothing;
            }
        }));
        Ok(report)
    }

    /// Writes a release down as the last good one, and answers the attempt.
    async fn write_down(
        &self,
        planned: &Planned,
        generation: u64,
        committing: &Committing<'_>,
        by: &Granted,
    ) -> Result<u64, ChangeError> {
        let Committing { action, now, previous, base, taken_back, .. } = *committing;
        let Planned { inspected, configured, release, .. } = planned;
        let is_first = base.revision == 0;
        // What is only configured was never told.
        let is_told = base.policy().is_some() || !is_first;
        let had = if is_told { base.configured() } else { Configured::default() };
        let activated = activities::activated(action, release.policy(), is_first);
        let taken = taken_back.map(activities::taken_back);
        // The newest says what was done.
        let mut activities = settings::counting_otherwise(&had, configured);
        activities.extend(taken.into_iter().chain(activated));
        let changed = settings::activities(&had.all, &configured.all, release.description());
        activities.extend(changed);
        let activation = Activation {
            gate: self.name(),
            action,
            at: now,
            policy: release.policy(),
            component: inspected.bytes(),
            release: release.digest(),
            sealed: release.settings().as_json(),
            settings: &configured.all,
            revision: base.revision + 1,
            generation,
            previous,
            taken_back,
            activities: &activities,
        };
        let attempt = self.store.activate(&activation, by).await;
        attempt.map_err(|error| ChangeError::not_persisted(&error, release.policy()))
    }

    /// Lets the last good release decide again that the store has, with its generation.
    pub(super) fn resume(
        &mut self,
        planned: Planned,
        row: &GateRow,
        stored: &StoredRelease,
        now: u64,
    ) {
        let Planned { inspected, configured: Configured { all, counting }, release, .. } = planned;
        let made = (Action::Start, Actor::server());
        let (attempt, previous) = (Some(stored.id), stored.previous);
        let policy = GatePolicy { inspected, counting, attempt, previous, made };
        // It has another one only if the gate has decided already in this run.
        let generation = stored.generation.max(self.deciding.gate().generation() + 1);
        self.decide_with(Active { release, generation }, stored.at, now, |view| {
            (view.policy, view.settings) = (Some(Arc::new(policy)), all);
            (view.revision, view.generation) = (row.revision, row.generation);
        });
    }

    /// Publishes a view with the release that decides from now on, stores the pointer, and answers how long
    /// that took. The release before stays linked.
    fn decide_with(
        &mut self,
        active: Active,
        at: u64,
        now: u64,
        change: impl FnOnce(&mut View),
    ) -> (Arc<View>, Duration) {
        let mut next = View::clone(&self.view());
        change(&mut next);
        next.generation = next.generation.max(active.generation);
        next.leave();
        next.linked.forget(active.release.digest());
        next.state = State::Serving(active.clone());
        self.deciding.announce(&active, &next, at, now);
        let view = self.show(next);
        let Active { release, generation } = active;
        (view, self.deciding.swap(Some(release), generation - 1))
    }

    /// Leaves the gate without a release, since the one it has kept failing and no other can take its
    /// place.
    pub(super) async fn withdraw(&mut self, taken: &TakenBack) -> Result<(), ChangeError> {
        let (activities, by) = ([activities::taken_back(taken)], Granted::server());
        let written = self.store.withdraw(self.name(), taken, &activities, &by).await;
        written.map_err(|error| ChangeError::not_persisted(&error, &taken.policy))?;
        let made = (Action::Revert, by.actor().clone());
        let view = self.publish(|view| {
            view.note_taken_back(Some(taken), None);
            view.leave();
            view.state = State::taken_back(taken);
            view.policy = view.policy().map(|one| Arc::new(GatePolicy { made, ..one.clone() }));
        });
        self.deciding.metrics().withdrawn();
        self.deciding.swap(None, view.generation);
        Ok(())
    }
}

impl View {
    /// Keeps linked what the gate decides with.
    fn leave(&mut self) {
        if let Some(Active { release, .. }) = self.active().cloned() {
            self.linked.keep(release);
        }
    }
}
