//! All stages in one: from a component and settings to a release, or an error that names its step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admit_api::activation::StepName;
use admit_cases::Case;

use super::{
    ConfigureError, Configured, InspectError, Inspected, RehearseError, Rehearsed, Release,
    SealError, Sealed,
};
use crate::claims::Verification;
use crate::failure::Cause;
use crate::runtime::Runtime;
use crate::settings::Settings;

/// Why there is no release.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
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
    /// The compiler or the snapshot gave up on the component.
    #[error("activation failed at step {stage}: the component broke the compiler")]
    Broke {
        /// The step.
        stage: StepName,
    },
}

impl BuildError {
    /// The step that failed.
    pub fn step(&self) -> StepName {
        match self {
            Self::Inspect(_) => StepName::Inspect,
            Self::Configure(_) => StepName::Configure,
            Self::Seal(_) => StepName::Seal,
            Self::Rehearse(_) => StepName::Rehearse,
            Self::Broke { stage } => *stage,
        }
    }

    /// What would have to change for the release to be built.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Inspect(error) => error.cause(),
            Self::Configure(error) => error.cause(),
            Self::Seal(error) => error.cause(),
            Self::Rehearse(error) => error.cause(),
            Self::Broke { stage: StepName::Inspect } => Cause::Component,
            Self::Broke { .. } => Cause::Gate,
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
}

/// How long a step took.
#[derive(Clone, Copy, Debug)]
pub struct StageTime {
    /// The step.
    pub stage: StepName,
    /// Its time.
    pub took: Duration,
}

/// A release, and the steps that led to it.
#[derive(Clone, Debug)]
pub struct Built {
    /// The release.
    pub release: Arc<Release>,
    /// The steps taken and their times.
    pub stages: Vec<StageTime>,
}

impl Built {
    /// Inspects a component, then does as [`Built::of_inspected`].
    ///
    /// # Errors
    ///
    /// [`BuildError`], by step.
    pub fn new(
        runtime: &Runtime,
        component: &[u8],
        settings: Settings,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<Self, BuildError> {
        let mut times = Vec::new();
        let inspected =
            timed(&mut times, StepName::Inspect, || Inspected::new(runtime, component))?;
        let inspected = inspected.map_err(BuildError::Inspect)?;
        build(inspected, settings, verification, cases, times)
    }

    /// Configures a policy, seals it, and rehearses it with the cases it carries and with those of the
    /// operator.
    ///
    /// # Errors
    ///
    /// [`BuildError`], by step.
    pub fn of_inspected(
        inspected: Inspected,
        settings: Settings,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<Self, BuildError> {
        build(inspected, settings, verification, cases, Vec::new())
    }

    /// Rehearses a release that was built before with the operator's cases, which may have changed
    /// since. Compiles nothing.
    pub fn again(
        release: Arc<Release>,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<Self, BuildError> {
        let mut stages = Vec::new();
        timed(&mut stages, StepName::Rehearse, || release.rehearse(verification, cases))?
            .map_err(BuildError::Rehearse)?;
        Ok(Self { release, stages })
    }
}

fn build(
    inspected: Inspected,
    settings: Settings,
    verification: &Verification,
    cases: &[Case],
    mut stages: Vec<StageTime>,
) -> Result<Built, BuildError> {
    let configured =
        timed(&mut stages, StepName::Configure, || Configured::new(inspected, settings))?
            .map_err(BuildError::Configure)?;
    let sealed = timed(&mut stages, StepName::Seal, || Sealed::new(configured))?
        .map_err(BuildError::Seal)?;
    let rehearsed =
        timed(&mut stages, StepName::Rehearse, || Rehearsed::new(sealed, verification, cases))?
            .map_err(BuildError::Rehearse)?;
    Ok(Built { release: Arc::new(rehearsed.into_release()), stages })
}

/// Runs a step. A panic in the compiler or the snapshot must not take the host along: the step has
/// failed, and whatever it held is dropped.
fn timed<T>(
    times: &mut Vec<StageTime>,
    stage: StepName,
    step: impl FnOnce() -> T,
) -> Result<T, BuildError> {
    tracing::debug!(step = stage.as_str(), "a step of an activation begins");
    let started = Instant::now();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step));
    times.push(StageTime { stage, took: started.elapsed() });
    result.map_err(|_| BuildError::Broke { stage })
}
