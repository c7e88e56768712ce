//! The swap: from a component and settings to the active release, or an error that names its step.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::{Active, Gate};
use admit_cases::Case;

use crate::failure::Cause;
use crate::release::{
    ConfigureError, Configured, InspectError, Inspected, RehearseError, Rehearsed, Release,
    SealError, Sealed, component_digest, release_digest,
};
use crate::settings::Settings;
use admit_api::activation::StepName;

/// What is to become a gate's active release.
#[derive(Clone, Debug, Default)]
pub struct Activation<'a> {
    /// The component in binary form.
    pub component: &'a [u8],
    /// Its settings.
    pub settings: Settings,
    /// The operator's cases, without settings: they must come out as they say with the settings
    /// above, or nothing is activated. Those that the component carries come first.
    pub cases: &'a [Case],
}

/// Why an activation or roll-back changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// The component is not a policy.
    #[error("activation failed at step inspect")]
    Inspect(#[source] InspectError),
    /// The policy refused its settings.
    #[error("activation failed at step configure")]
    Configure(#[source] ConfigureError),
    /// The policy could not be sealed.
    #[error("activation failed at step seal")]
    Seal(#[source] SealError),
    /// The sealed policy did not do what it has to.
    #[error("activation failed at step rehearse")]
    Rehearse(#[source] RehearseError),
    /// There is no release to go back to.
    #[error("gate `{gate}` has no release to roll back to")]
    NothingKept {
        /// The gate.
        gate: String,
    },
    /// Somebody rolled back meanwhile; whoever did that did not expect this release to follow.
    #[error("gate `{gate}` was rolled back while the release was built; activate it again")]
    Overtaken {
        /// The gate.
        gate: String,
    },
    /// The compiler or the snapshot gave up on the component.
    #[error("activation failed at step {stage}: the component broke the compiler")]
    Broke {
        /// The step.
        stage: StepName,
    },
    /// The release could not be written down as the last good one.
    #[error("activation failed at step persist")]
    Persist(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ActivateError {
    /// The step that failed; absent when there was nothing to do, or somebody was faster.
    pub fn step(&self) -> Option<StepName> {
        Some(match self {
            Self::Inspect(_) => StepName::Inspect,
            Self::Configure(_) => StepName::Configure,
            Self::Seal(_) => StepName::Seal,
            Self::Rehearse(_) => StepName::Rehearse,
            Self::Broke { stage } => *stage,
            Self::Persist(_) => StepName::Persist,
            Self::NothingKept { .. } | Self::Overtaken { .. } => return None,
        })
    }

    /// A stable code: the step (`inspect`, `configure`, `seal`, `rehearse`, `persist`),
    /// `nothing_kept` or `overtaken`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingKept { .. } => "nothing_kept",
            Self::Overtaken { .. } => "overtaken",
            _ => self.step().map_or("", StepName::as_str),
        }
    }

    /// What would have to change for the activation to succeed.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Inspect(error) => error.cause(),
            Self::Configure(error) => error.cause(),
            Self::Seal(error) => error.cause(),
            Self::Rehearse(error) => error.cause(),
            Self::Broke { stage: StepName::Inspect } => Cause::Component,
            Self::Broke { .. } => Cause::Gate,
            Self::NothingKept { .. } | Self::Overtaken { .. } | Self::Persist(_) => Cause::Host,
        }
    }

    /// Whether the compilation of this component was given up, and goes on.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Inspect(error) => error.goes_on(),
            Self::Seal(error) => error.goes_on(),
            _ => false,
        }
    }

    /// Whether this component is refused whatever else changes, so that it need not be tried again.
    pub fn is_by_content(&self) -> bool {
        self.cause() == Cause::Component
    }
}

/// How long a step took.
#[derive(Clone, Copy, Debug)]
pub struct StageTime {
    /// The step.
    pub stage: StepName,
    /// Its time.
    pub took: Duration,
}

/// A successful activation.
#[derive(Clone, Debug)]
pub struct Activated {
    /// The active release.
    pub release: Arc<Release>,
    /// The gate's generation.
    pub generation: u64,
    /// Whether anything changed; false when this release was active already.
    pub changed: bool,
    /// The steps taken and their times; none when nothing changed.
    pub stages: Vec<StageTime>,
    /// The time of the pointer store, the only moment decisions can notice.
    pub swap: Duration,
}

/// A release that is ready to be made active, and the steps that led to it.
#[derive(Debug)]
pub struct Prepared {
    /// The release.
    pub release: Arc<Release>,
    /// The steps taken and their times; only the rehearsal for a release that was kept, none for the
    /// active one.
    pub stages: Vec<StageTime>,
    /// The gate's generation when the preparation began.
    since: u64,
}

/// What is done before a release is made active, with its generation: it is written down as the last
/// good one. An error leaves the gate as it was.
pub type Persist<'a> =
    &'a mut dyn FnMut(&Release, u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Gate {
    /// Makes a component with its settings the active release.
    ///
    /// Everything happens beside the running decisions; the last step stores one pointer. The
    /// release that is active already is a no-op; one that is kept for roll-back is rehearsed again
    /// and stored, with nothing compiled. One activation at a time: a second caller waits.
    ///
    /// # Errors
    ///
    /// [`ActivateError`], by step. The active release stays as it was.
    pub fn activate(&self, activation: Activation<'_>) -> Result<Activated, ActivateError> {
        let _one = self.activating.lock();
        let Activation { component, settings, cases } = activation;
        let digest = release_digest(&component_digest(component), &settings);
        let build = |times: &mut Vec<StageTime>| {
            let inspected =
                timed(times, StepName::Inspect, || Inspected::new(&self.runtime, component))?
                    .map_err(ActivateError::Inspect)?;
            self.build(inspected, settings, cases, times)
        };
        let prepared = self.find_or_build(&digest, cases, build)?;
        self.commit(prepared, &mut |_, _| Ok(()))
    }

    /// Builds a release of an inspected component, or finds it among those that are kept, and
    /// rehearses it. The gate decides as before until the release is committed. One at a time: a
    /// second caller waits, unless its release is kept.
    ///
    /// # Errors
    ///
    /// [`ActivateError`], by step.
    pub fn prepare_inspected(
        &self,
        inspected: Inspected,
        settings: Settings,
        cases: &[Case],
    ) -> Result<Prepared, ActivateError> {
        let digest = release_digest(&inspected.policy().digest, &settings);
        let _one = self.alone_unless_kept(&digest);
        self.find_or_build(&digest, cases, |times| self.build(inspected, settings, cases, times))
    }

    /// As [`Gate::prepare_inspected`], but waits for no other release that is being built: for a way
    /// back, which must not wait. Whoever calls this does so one at a time.
    ///
    /// # Errors
    ///
    /// [`ActivateError`], by step.
    pub fn prepare_beside(
        &self,
        inspected: Inspected,
        settings: Settings,
        cases: &[Case],
    ) -> Result<Prepared, ActivateError> {
        let digest = release_digest(&inspected.policy().digest, &settings);
        self.find_or_build(&digest, cases, |times| self.build(inspected, settings, cases, times))
    }

    /// Keeps a release for a roll-back, as those that were active: going to it compiles nothing then.
    pub fn keep(&self, prepared: Prepared) {
        let (release, mut history) = (prepared.release, self.history.lock());
        if self.active_with(release.digest()).is_none() {
            history.forget(release.digest());
            history.keep(release);
        }
    }

    /// Rehearses a release that was prepared before, with nothing compiled.
    ///
    /// # Errors
    ///
    /// [`ActivateError::Rehearse`].
    pub fn prepare_again(
        &self,
        release: Arc<Release>,
        cases: &[Case],
    ) -> Result<Prepared, ActivateError> {
        let since = self.history.lock().generation();
        let mut stages = Vec::new();
        let release = self.rehearse_again(release, cases, &mut stages)?;
        Ok(Prepared { release, stages, since })
    }

    /// One release is built at a time. One that is kept compiles nothing and need not wait.
    fn alone_unless_kept(&self, digest: &str) -> Option<MutexGuard<'_, ()>> {
        let kept = self.history.lock().kept(digest).is_some();
        let alone = || self.activating.lock();
        (!kept).then(alone)
    }

    fn find_or_build(
        &self,
        digest: &str,
        cases: &[Case],
        build: impl FnOnce(&mut Vec<StageTime>) -> Result<Release, ActivateError>,
    ) -> Result<Prepared, ActivateError> {
        let since = self.history.lock().generation();
        let mut stages = Vec::new();
        if let Some(release) = self.release().filter(|release| **release.digest() == *digest) {
            return Ok(Prepared { release, stages, since });
        }
        let kept = self.history.lock().kept(digest);
        let release = match kept {
            Some(kept) => self.rehearse_again(kept, cases, &mut stages)?,
            None => Arc::new(build(&mut stages)?),
        };
        Ok(Prepared { release, stages, since })
    }

    /// Makes a prepared release the active one, after `persist` has written it down. The release
    /// that is active already is a no-op.
    ///
    /// # Errors
    ///
    /// [`ActivateError::Overtaken`] when another release was made active since the preparation began,
    /// [`ActivateError::Persist`]. The active release stays as it was.
    pub fn commit(
        &self,
        prepared: Prepared,
        persist: Persist<'_>,
    ) -> Result<Activated, ActivateError> {
        let Prepared { release, stages, since } = prepared;
        let mut history = self.history.lock();
        if history.generation() != since {
            return Err(ActivateError::Overtaken { gate: self.name.to_string() });
        }
        if let Some(active) = self.active_with(release.digest()) {
            return Ok(active);
        }
        persist(&release, history.generation() + 1).map_err(ActivateError::Persist)?;
        history.forget(release.digest());
        let generation = history.next_generation();
        let swap = self.store(Arc::clone(&release), generation, &mut history, true);
        drop(history);
        self.log_activation("release activated", &release, generation);
        Ok(Activated { release, generation, changed: true, stages, swap })
    }

    /// Goes back to the release that was active before. It is linked still: nothing is compiled, and
    /// an activation under way is not waited for but fails.
    ///
    /// # Errors
    ///
    /// [`ActivateError::NothingKept`].
    pub fn roll_back(&self) -> Result<Activated, ActivateError> {
        let mut history = self.history.lock();
        let release = history
            .take_last()
            .ok_or_else(|| ActivateError::NothingKept { gate: self.name.to_string() })?;
        let generation = history.next_generation();
        let swap = self.store(Arc::clone(&release), generation, &mut history, false);
        drop(history);
        self.log_activation("rolled back", &release, generation);
        Ok(Activated { release, generation, changed: true, stages: Vec::new(), swap })
    }

    /// Leaves the gate without a release if `generation` is the active one, after `persist` has
    /// written that down: every decision fails until a release is activated. Says whether it was
    /// active. The release is kept, so that activating it again compiles nothing.
    ///
    /// # Errors
    ///
    /// [`ActivateError::Persist`]. The active release stays as it was.
    pub fn withdraw(
        &self,
        generation: u64,
        persist: &mut dyn FnMut() -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<bool, ActivateError> {
        let mut history = self.history.lock();
        if self.generation() != generation {
            return Ok(false);
        }
        persist().map_err(ActivateError::Persist)?;
        if let Some(active) = self.active.swap(None) {
            history.keep(Arc::clone(&active.release));
        }
        Ok(true)
    }

    fn log_activation(&self, what: &'static str, release: &Release, generation: u64) {
        let policy = release.policy();
        tracing::info!(
            gate = &*self.name,
            generation,
            policy.name = &*policy.name,
            policy.version = &*policy.version,
            policy.digest = &*policy.digest,
            "{what}"
        );
    }

    fn active_with(&self, digest: &str) -> Option<Activated> {
        let active = self.active.load();
        let active = active.as_ref().filter(|active| **active.release.digest() == *digest)?;
        Some(Activated {
            release: Arc::clone(&active.release),
            generation: active.generation,
            changed: false,
            stages: Vec::new(),
            swap: Duration::ZERO,
        })
    }

    fn build(
        &self,
        inspected: Inspected,
        settings: Settings,
        cases: &[Case],
        times: &mut Vec<StageTime>,
    ) -> Result<Release, ActivateError> {
        let configured =
            timed(times, StepName::Configure, || Configured::new(inspected, settings))?
                .map_err(ActivateError::Configure)?;
        let sealed = timed(times, StepName::Seal, || Sealed::new(configured))?
            .map_err(ActivateError::Seal)?;
        let rehearsed =
            timed(times, StepName::Rehearse, || Rehearsed::new(sealed, &self.verification, cases))?
                .map_err(ActivateError::Rehearse)?;
        Ok(rehearsed.into_release())
    }

    fn rehearse_again(
        &self,
        release: Arc<Release>,
        cases: &[Case],
        times: &mut Vec<StageTime>,
    ) -> Result<Arc<Release>, ActivateError> {
        timed(times, StepName::Rehearse, || release.rehearse(&self.verification, cases))?
            .map_err(ActivateError::Rehearse)?;
        Ok(release)
    }

    /// Stores the pointer; the release before it is kept for roll-back when `keep` says so.
    fn store(
        &self,
        release: Arc<Release>,
        generation: u64,
        history: &mut super::History,
        keep: bool,
    ) -> Duration {
        let active = Arc::new(Active { release, generation });
        let started = Instant::now();
        let before = self.active.swap(Some(active));
        let took = started.elapsed();
        if let Some(before) = before.filter(|_| keep) {
            history.keep(Arc::clone(&before.release));
        }
        took
    }
}

/// Runs a step. A panic in the compiler or the snapshot must not take the host along: the step has
/// failed, and whatever it held is dropped.
fn timed<T>(
    times: &mut Vec<StageTime>,
    stage: StepName,
    step: impl FnOnce() -> T,
) -> Result<T, ActivateError> {
    tracing::debug!(step = stage.as_str(), "a step of an activation begins");
    let started = Instant::now();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step));
    times.push(StageTime { stage, took: started.elapsed() });
    result.map_err(|_| ActivateError::Broke { stage })
}
