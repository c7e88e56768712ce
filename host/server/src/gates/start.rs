//! The start of a gate: with its last good release, or with what it is configured with.

use std::sync::Arc;

use admit::failure::Cause;
use admit::release::Release;

use super::change::{Change, MayDrop, Mode, NewComponent};
use super::commit::Committing;
use super::first::FirstComponent;
use super::gate::ServedGate;
use super::report::{ChangeError, Refused, assignments};
use super::settings::Configured;
use super::state::{Released, Selected, Unreleased};
use crate::authority::Authority;
use crate::store::{Action, GateRow, StoreError, StoredRelease};
use admit_api::activation::StepName;
use admit_api::activity::Actor;

/// Releases before the last good one that are tried when that one does not start.
const MAX_STEPS_BACK: usize = 5;

/// What can be done about a gate whose rows are damaged.
const REPAIR: &str =
    "give the gate its policy and all its settings again, or restore a copy of the store";

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

impl ServedGate {
    /// Begins with what the gate is configured with, as a start does where nothing is stored.
    pub async fn begin_as_configured(
        self: &Arc<Self>,
        first: Option<FirstComponent>,
        now: u64,
    ) -> Result<(), NotBegun> {
        let gate = Arc::clone(self);
        let begun = crate::blocking::run(move || gate.begin(first.as_ref(), false, now)).await;
        begun.unwrap_or(Err(NotBegun::Refused(ChangeError::Broken)))
    }

    /// Starts with the last good release; before there is one, with `component` and the configured
    /// settings. Then lets the candidate go on, if it can.
    ///
    /// A gate that cannot be given a release has a problem, which the state tells, and fails its
    /// decisions. Nothing that is wrong with one gate keeps another from starting.
    pub async fn start(self: &Arc<Self>, first: Option<FirstComponent>, now: u64) {
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let started = crate::blocking::run(move || {
            if let Err(error) = gate.start_alone(first.as_ref(), false, now) {
                gate.fail(&admit::failure::error_chain(&error));
            }
            gate.look_at_cases();
            turn
        });
        match started.await {
            Some(turn) => self.resume_candidate(turn, now).await,
            None => {
                self.candidate_resumed();
                self.fail("its release broke the start; see the log");
            }
        }
    }

    /// Says of a gate that decides what would be in the way of its next release. Of another one it is
    /// said why it has none.
    fn look_at_cases(&self) {
        let decides = self.unreleased().is_none();
        if let Some(problem) = decides.then(|| self.problem_of_cases()).flatten() {
            tracing::error!(
                gate = self.name(),
                problem,
                "the operator's cases cannot be read: nothing can be activated"
            );
        }
    }

    /// Leaves the gate without a release.
    fn fail(&self, problem: &str) {
        tracing::error!(gate = self.name(), problem, "the gate does not start");
        self.select_unreleased(None, Unreleased::Failed(problem.to_owned()));
    }

    /// Starts the gate again if it should have a release and could not be given one: the file or the
    /// memory that was missing may be there now. When somebody `asked`, with what was set aside as well.
    pub async fn start_again(
        self: &Arc<Self>,
        first: Option<FirstComponent>,
        asked: bool,
        now: u64,
    ) {
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let started = crate::blocking::run(move || {
            let _turn = turn;
            match gate.unreleased() {
                Some(Unreleased::Failed(_)) => gate.start_alone(first.as_ref(), asked, now),
                _ => Ok(()),
            }
        });
        if let Some(Err(error)) = started.await {
            let error = admit::failure::error_chain(&error);
            tracing::error!(gate = self.name(), error, "the gate could not be started again");
        }
    }

    fn start_alone(
        self: &Arc<Self>,
        first: Option<&FirstComponent>,
        asked: bool,
        now: u64,
    ) -> Result<(), StoreError> {
        self.know_taken_back(self.wait(self.store.taken_back(self.name()))?);
        let Some(row) = self.wait(self.store.gate(self.name()))? else {
            return match self.begin(first, asked, now) {
                Err(NotBegun::Refused(ChangeError::Store(error))) => Err(error),
                _ => Ok(()),
            };
        };
        match &row.active {
            Some(active) => self.resume(&row, active, now),
            None => self.resume_damaged(&row, now),
        }
    }

    /// Starts with a release before the last good one, of which something is damaged.
    fn resume_damaged(&self, row: &GateRow, now: u64) -> Result<(), StoreError> {
        let damage = row.damage.as_deref().unwrap_or("its last good release is gone");
        tracing::error!(gate = self.name(), damage, "the last good release does not start");
        self.go_on_after(row.generation);
        self.keep(&row.settings, row.revision);
        if !self.resume_one_before(row, row.previous, now)? {
            self.fail(&format!("{damage}; {REPAIR}"));
        }
        Ok(())
    }

    /// The first release, of what the gate is configured with.
    fn begin(
        self: &Arc<Self>,
        first: Option<&FirstComponent>,
        asked: bool,
        now: u64,
    ) -> Result<(), NotBegun> {
        let Some(first) = first else {
            let problem = "has no policy yet: give it one".to_owned();
            self.select_unreleased(None, Unreleased::Unconfigured(problem));
            return Err(NotBegun::NoPolicy);
        };
        let bytes = first.read().map_err(|problem| {
            tracing::error!(gate = self.name(), problem, "the gate's first policy is not there");
            self.begun_without(None, Unreleased::Failed(problem.clone()));
            NotBegun::Unreadable(problem)
        })?;
        let store = |error: StoreError| NotBegun::Refused(error.into());
        if let Some(problem) = self.begin_first_try(first, &bytes, asked, now).map_err(store)? {
            self.begun_without(None, Unreleased::Failed(problem.clone()));
            return Err(NotBegun::Unreadable(problem));
        }
        let change = Change {
            component: Some(NewComponent { bytes: Arc::clone(&bytes), may_be_older: true }),
            settings: self.options.settings.clone(),
            drop: MayDrop::nothing(),
            revision: None,
            mode: Mode::Activate,
            force: false,
            known_refusal: self.refused_start(),
            authority: Authority::server(),
            action: Action::Start,
            now,
        };
        let result = self.change_alone(&change);
        self.end_first_try(first, result.as_ref().err());
        let Err(error) = result else { return Ok(()) };
        if !matches!(error, ChangeError::Store(_)) {
            self.begun_with_refused(&bytes, &error);
        }
        Err(NotBegun::Refused(error))
    }

    /// Keeps a policy to describe the settings that are missing. Nothing is stored: what is configured
    /// counts until something was activated.
    fn begun_with_refused(&self, component: &[u8], error: &ChangeError) {
        let (told, unreleased) = (error.told(), self.unreleased_by(error));
        if self.refused_start().as_ref() != Some(&told) {
            self.say_refused(&unreleased, error);
        }
        self.note_refused_start(&told);
        let inspected = self.inspections.get(&self.runtime, component).ok();
        let selected = inspected.map(|inspected| {
            let settings = self.options.settings.clone();
            let configured = Configured::known(settings, inspected.description());
            let Configured { all: settings, counting } = configured;
            Selected {
                inspected,
                settings,
                counting,
                revision: 0,
                release: None,
                active: None,
                previous: None,
                made: (Action::Start, Actor::server()),
            }
        });
        self.begun_without(selected, unreleased);
    }

    /// Says why the gate fails with what it is configured with, and what to do; not of a gate whose
    /// settings are still to come.
    fn say_refused(&self, unreleased: &Unreleased, error: &ChangeError) {
        let Unreleased::Failed(problem) = unreleased else { return };
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
    fn begun_without(&self, selected: Option<Selected>, unreleased: Unreleased) {
        let digest = selected.as_ref().map(|selected| Arc::clone(&selected.policy().digest));
        let now = self.selected().map(|selected| Arc::clone(&selected.policy().digest));
        if now.is_none() || now == digest {
            self.select_unreleased(selected, unreleased);
        }
    }

    /// The last good release, or one before it if it does not start.
    fn resume(&self, row: &GateRow, active: &StoredRelease, now: u64) -> Result<(), StoreError> {
        if !self.options.settings.is_empty() && self.options.settings != row.settings {
            tracing::info!(
                gate = self.name(),
                "the settings in the store count; those of the configuration differ and are not used"
            );
        }
        let unreleased = match self.why_taken_back(&active.release) {
            // Nothing could take its place.
            Some(taken) => Unreleased::taken_back(&taken),
            None => match self.resume_last(row, active, now) {
                Ok(()) => return Ok(()),
                Err(error) if error.is_hosts() && !error.is_damage() => {
                    // Another release would fare no better, and going back to one would undo what was
                    // acknowledged.
                    let problem = format!("its last good release cannot be built now: {error}");
                    tracing::error!(gate = self.name(), problem, "the gate is started again later");
                    self.go_on_after(row.generation);
                    self.keep(&row.settings, row.revision);
                    self.select_unreleased(None, Unreleased::Failed(problem));
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(gate = self.name(), %error, "the last good release does not start");
                    let repair =
                        if error.is_damage() { format!("; {REPAIR}") } else { String::new() };
                    let problem = format!("no release starts; the last good one: {error}{repair}");
                    Unreleased::Failed(problem)
                }
            },
        };
        self.go_on_after(row.generation);
        self.keep(&row.settings, row.revision);
        if self.resume_one_before(row, active.previous, now)? {
            return Ok(());
        }
        let taken = self.why_taken_back(&active.release);
        let selected = taken.and_then(|_| self.selected_of(row, active));
        self.select_unreleased(selected, unreleased);
        Ok(())
    }

    /// Starts with the newest release from `previous` on that is not known to fail and that starts;
    /// says whether there is one.
    fn resume_one_before(
        &self,
        row: &GateRow,
        mut previous: Option<u64>,
        now: u64,
    ) -> Result<bool, StoreError> {
        for _ in 0..MAX_STEPS_BACK {
            let Some(id) = previous else { break };
            let target = match self.wait(self.store.release(id)) {
                Ok(Some(target)) => target,
                Ok(None) => break,
                Err(error) if error.is_damage() => {
                    previous = self.wait(self.store.before(id))?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            previous = target.previous;
            if self.why_taken_back(&target.release).is_some() {
                continue;
            }
            match self.resume_before(&target, row, now) {
                Ok(()) => return Ok(true),
                Err(ChangeError::Store(error)) if error.is_damage() => {}
                // It may be built later.
                Err(error) if error.is_hosts() => break,
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// What a gate has whose last release is known to fail: other settings may be given to its policy.
    fn selected_of(&self, row: &GateRow, active: &StoredRelease) -> Option<Selected> {
        Some(Selected {
            inspected: self.inspect_stored(&active.component).ok()?,
            settings: row.settings.clone(),
            counting: active.settings.clone(),
            revision: row.revision,
            release: None,
            active: Some(active.id),
            previous: active.previous,
            made: (Action::Start, Actor::server()),
        })
    }

    /// Stores the last good release as it was, with its generation.
    fn resume_last(
        &self,
        row: &GateRow,
        active: &StoredRelease,
        now: u64,
    ) -> Result<(), ChangeError> {
        let inspected = self.inspect_stored(&active.component)?;
        // The operator's cases do not count: they may have changed since.
        let (all, counting) = (row.settings.clone(), active.settings.clone());
        let planned = self.prepare(inspected, Configured { all, counting }, &[])?;
        expect_same(&planned.release, active)?;
        let Configured { all: settings, counting } = planned.configured;
        let selected = Selected {
            inspected: planned.inspected,
            settings,
            counting,
            revision: row.revision,
            release: None,
            active: Some(active.id),
            previous: active.previous,
            made: (Action::Start, Actor::server()),
        };
        let _one = self.writing.lock();
        let after = self.gate.generation().max(active.generation.saturating_sub(1));
        let (release, generation) = (planned.release, after + 1);
        self.tell_activation(&release, generation, &selected, active.at, now);
        let digest = release.digest().to_string();
        let released = Some(Released { digest, generation });
        self.select(Selected { release: released, ..selected }, false);
        self.swap(release, after);
        Ok(())
    }

    /// Lets generations go on after the last one of an earlier run.
    fn go_on_after(&self, generation: u64) {
        // A later one goes on by itself.
        let _ = self.gate.swap(None, generation);
    }

    fn resume_before(
        &self,
        target: &StoredRelease,
        row: &GateRow,
        now: u64,
    ) -> Result<(), ChangeError> {
        let inspected = self.inspect_stored(&target.component)?;
        let description = inspected.description();
        // What an administrator configured since then counts, if the release can be made with it; what
        // counted neither then nor last does not.
        let mut current = Configured::known(row.settings.clone(), description);
        let then = current.restored(&target.settings, &[]);
        if let Some(active) = &row.active {
            let counted = |name: &String| {
                active.settings.contains_key(name) || target.settings.contains_key(name)
            };
            current.counting.retain(|name, _| counted(name));
        }
        let prepare = |configured| self.prepare(inspected.clone(), configured, &[]);
        let planned = prepare(current).or_else(|_| prepare(then))?;
        let dropped = planned.dropped();
        let (action, authority) = (Action::Start, &Authority::server());
        let (previous, base) = (target.previous, &*self.view());
        let (force, taken_back) = (false, None);
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        self.commit(planned, &committing)?;
        if !dropped.is_empty() {
            let (gate, dropped) = (self.name(), assignments(&dropped));
            tracing::error!(
                gate,
                settings.no_longer_count = dropped,
                "settings do not count with the release that the gate goes on with"
            );
        }
        Ok(())
    }

    /// The policy of a component that the store has.
    pub(super) fn inspect_stored(
        &self,
        component: &[u8],
    ) -> Result<admit::release::Inspected, ChangeError> {
        self.inspections.get(&self.runtime, component).map_err(|error| {
            let (step, cause, compiles_on) = (StepName::Inspect, error.cause(), error.goes_on());
            let error = admit::failure::error_chain(&error);
            ChangeError::Refused(Box::new(Refused {
                step,
                error,
                policy: None,
                cause,
                compiles_on,
            }))
        })
    }

    /// Why the gate has no release, in words for an administrator. Settings that are configured and
    /// refused are a mistake; where there are none, they are still to come.
    pub(crate) fn unreleased_by(&self, error: &ChangeError) -> Unreleased {
        match error {
            ChangeError::Invalid(_) | ChangeError::TooLarge(_) | ChangeError::Misfits(_) => {
                let told = error.told();
                match self.options.settings.is_empty() {
                    true => Unreleased::Unconfigured(format!(
                        "its settings are not complete: {told}; give them with `admit apply --file FILE`"
                    )),
                    false => Unreleased::Failed(format!("its settings are refused: {told}")),
                }
            }
            error => Unreleased::Failed(error.to_string()),
        }
    }
}

fn correct_settings(gate: &str) -> String {
    format!(
        "correct `gates.{gate}.settings` and restart the server, or give the gate other settings with \
         `admit apply --file FILE`"
    )
}

/// Checks that a release made of what is stored is the one that was activated.
fn expect_same(release: &Release, stored: &StoredRelease) -> Result<(), StoreError> {
    if **release.digest() == *stored.release {
        return Ok(());
    }
    let (found, expected) = (release.digest(), &stored.release);
    let what = format!("settings that make the release {found}; expected {expected}");
    Err(StoreError::Damaged { what })
}

#[cfg(test)]
mod tests;
