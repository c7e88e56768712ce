//! The end of a change: written down, then stored as the active release.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admit::gate::Swapped;
use admit::release::Release;
use admit_api::activation::{ActivationResult, StepName};

use super::cases::NOTHING_REHEARSED;
use super::gate::ServedGate;
use super::plan::Planned;
use super::report::{ChangeError, Report, step};
use super::settings::Configured;
use super::state::{Released, Selected, Unreleased, View};
use super::{activities, settings};
use crate::access::Right;
use crate::authority::{Authority, Granted};
use crate::store::{Action, Activation, SettingsKept, TakenBack};

/// Who makes a change, and what for.
pub(super) struct Committing<'a> {
    pub(super) action: Action,
    pub(super) authority: &'a Authority,
    pub(super) now: u64,
    /// The attempt that a roll-back from the new release goes to.
    pub(super) previous: Option<u64>,
    /// What the gate was when the change was begun.
    pub(super) base: &'a View,
    /// Whether a release that is known to fail may be activated.
    pub(super) force: bool,
    /// The release that this one takes the place of, if that one kept failing.
    pub(super) taken_back: Option<&'a TakenBack>,
}

impl ServedGate {
    /// Makes a planned change. Called on a thread that may wait.
    pub(super) fn commit(
        &self,
        planned: Planned,
        committing: &Committing<'_>,
    ) -> Result<Report, ChangeError> {
        // INVARIANT: asked for once, where the change is made, and kept until it is.
        let by = self.wait(committing.authority.grant(Right::Write))?;
        let mut report = self.report(ActivationResult::Activated, &planned, committing.base);
        if planned.rehearsed.is_nothing() && committing.action != Action::Rollback {
            tracing::warn!(
                gate = self.name(),
                policy.version = &*planned.inspected.policy().version,
                "{NOTHING_REHEARSED}"
            );
        }
        let Planned { inspected, configured, release, .. } = planned;
        let Configured { all: settings, counting } = configured;
        let selected = Selected {
            inspected,
            settings,
            counting,
            revision: committing.base.revision() + 1,
            release: None,
            active: None,
            previous: committing.previous,
            made: (committing.action, by.actor().clone()),
        };
        // INVARIANT: held until the pointer is stored, so that the store, `selected` and the pointer change
        // in the same order.
        let _one = self.writing.lock();
        if self.view().revision() != committing.base.revision() {
            return Err(self.overtaken());
        }
        if self.gate.release().is_some_and(|active| active.digest() == release.digest()) {
            report.activation.generation = self.gate.generation();
            report.activation.result = ActivationResult::Unchanged;
            self.counters.metrics.changed_nothing(report.activation.result.as_str());
            if let Some(made) = self.keep_settings(&selected, committing, &by)? {
                report.made(made);
            }
            return Ok(report);
        }
        let (started, after) = (Instant::now(), self.gate.generation());
        let made = self.write_down(&release, after + 1, &selected, committing, &by)?;
        let persisted = started.elapsed();
        let swapped = self.swap(release, after);
        report.activation.generation = swapped.generation;
        report.made(made);
        report.activation.steps.push(step(StepName::Persist, persisted));
        report.activation.steps.push(step(StepName::Store, swapped.took));
        Ok(report)
    }

    /// Stores the pointer; the release before it is kept linked.
    pub(super) fn swap(&self, release: Arc<Release>, after: u64) -> Swapped {
        let mut linked = self.linked.lock();
        linked.forget(release.digest());
        let swapped = self.gate.swap(Some(release), after);
        let swapped = swapped.expect("only this stores pointers, one at a time");
        swapped.before.iter().cloned().for_each(|before| linked.keep(before));
        swapped
    }

    /// Refuses a release that is known to fail, unless the gate decides with it or it is forced.
    pub(super) fn check_not_taken_back(
        &self,
        release: &Release,
        force: bool,
    ) -> Result<(), ChangeError> {
        let is_active = self.gate.release().is_some_and(|now| now.digest() == release.digest());
        match self.why_taken_back(release.digest()) {
            Some(taken) if !force && !is_active => Err(ChangeError::TakenBack(Box::new(taken))),
            _ => Ok(()),
        }
    }

    /// Keeps settings that make no other release, as when one is removed that the policy does not
    /// know; absent when there were none.
    fn keep_settings(
        &self,
        selected: &Selected,
        committing: &Committing<'_>,
        by: &Granted,
    ) -> Result<Option<Arc<Selected>>, ChangeError> {
        let Committing { action, now, base, .. } = *committing;
        let before = base.selected().filter(|before| before.settings != selected.settings);
        let Some(before) = before else {
            return Ok(None);
        };
        let (settings, revision) = (selected.settings.clone(), selected.revision);
        let mut told = settings::activities(&before.settings, &settings, before.description());
        let ends_candidate = action == Action::Promote;
        told.extend(ends_candidate.then(|| activities::candidate_ended(before.policy())));
        let name = self.name();
        let kept =
            SettingsKept { settings: &settings, revision, ends_candidate, activities: &told };
        let kept = self.store.keep_settings(name, &kept, by, now);
        self.wait(kept)?;
        let made = selected.made.clone();
        let kept = Selected { settings, revision, made, ..(**before).clone() };
        Ok(Some(self.select(kept, ends_candidate)))
    }

    fn write_down(
        &self,
        release: &Release,
        generation: u64,
        selected: &Selected,
        committing: &Committing<'_>,
        by: &Granted,
    ) -> Result<Arc<Selected>, ChangeError> {
        let Committing { action, now, previous, base, force, taken_back, .. } = *committing;
        tracing::debug!(step = "persist", "a step of an activation begins");
        // It may have been taken back since this change was begun.
        if let Some(taken) = self.why_taken_back(release.digest()).filter(|_| !force) {
            return Err(ChangeError::TakenBack(Box::new(taken)));
        }
        let is_first = base.revision() == 0;
        // What is only configured was never told.
        let is_told = base.selected().is_some() || !is_first;
        let had = if is_told { base.configured() } else { Configured::default() };
        let activated = activities::activated(action, release.policy(), is_first);
        let taken = taken_back.map(activities::taken_back);
        // The newest says what was done.
        let mut activities = settings::counting_otherwise(&had, &selected.configured());
        activities.extend(taken.into_iter().chain(activated));
        let changed = settings::activities(&had.all, &selected.settings, release.description());
        activities.extend(changed);
        let activation = Activation {
            gate: self.name(),
            action,
            at: now,
            policy: release.policy(),
            component: selected.inspected.bytes(),
            release: release.digest(),
            sealed: release.settings().as_json(),
            settings: &selected.settings,
            revision: selected.revision,
            generation,
            previous,
            taken_back,
            activities: &activities,
        };
        let active = self.wait(self.store.activate(&activation, by));
        let active = active.map_err(|error| ChangeError::not_persisted(&error, release.policy()));
        let active = Some(active?);
        self.note_taken_back(taken_back, Some(release.digest()));
        self.tell_activation(release, generation, selected, now, now);
        let release = Some(Released { digest: release.digest().to_string(), generation });
        let made = Selected { release, active, ..selected.clone() };
        Ok(self.select(made, action == Action::Promote))
    }

    /// Leaves the gate without a release, since the one of this generation kept failing and no other
    /// can take its place. Says whether it was active still.
    pub(super) fn withdraw(
        &self,
        base: &View,
        before: &Selected,
        generation: u64,
        taken: &TakenBack,
    ) -> Result<bool, ChangeError> {
        let _one = self.writing.lock();
        if self.view().revision() != base.revision() {
            return Err(self.overtaken());
        }
        if self.gate.generation() != generation {
            return Ok(false);
        }
        let activities = [activities::taken_back(taken)];
        let by = Granted::server();
        let written = self.wait(self.store.withdraw(self.name(), taken, &activities, &by));
        written.map_err(|error| ChangeError::not_persisted(&error, before.policy()))?;
        self.note_taken_back(Some(taken), None);
        let made = (Action::Revert, by.actor().clone());
        let left = Selected { release: None, made, ..before.clone() };
        self.select_unreleased(Some(left), Unreleased::taken_back(taken));
        self.counters.metrics.withdrawn();
        let swapped = self.gate.swap(None, generation);
        let swapped = swapped.expect("only this stores pointers, one at a time");
        swapped.before.into_iter().for_each(|before| self.linked.lock().keep(before));
        Ok(true)
    }

    /// Tells everybody who counts and records decisions of the release, activated at `at`, that is
    /// about to decide.
    pub(super) fn tell_activation(
        &self,
        release: &Release,
        generation: u64,
        selected: &Selected,
        at: u64,
        now: u64,
    ) {
        self.watch_faults_of(generation, Duration::from_secs(now.saturating_sub(at)));
        let codes = release.description().reasons.iter().map(|reason| &*reason.code);
        self.counters.metrics.activated(release.policy(), generation, codes);
        if let Some(log) = &self.counters.log {
            let (_, kept) = selected.split();
            let verification = self.verification();
            log.release(self.name(), generation, release, kept.as_json(), verification, now);
        }
    }
}
