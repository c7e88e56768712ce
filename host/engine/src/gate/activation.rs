//! The swap: a release is built beside the running decisions, and takes effect with one pointer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admit_cases::Case;

use super::{Active, Gate};
use crate::failure::Cause;
use crate::release::{BuildError, Built, Release, StageTime, component_digest, release_digest};
use crate::settings::Settings;

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

/// Another release became active first, which a pointer must not overwrite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "gate `{gate}` was given another release, generation {generation}, while this one was built; \
     activate it again"
)]
pub struct Overtaken {
    /// The gate.
    pub gate: String,
    /// The generation it has now.
    pub generation: u64,
}

/// Why an activation changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// There is no release of this component and these settings.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Another activation, or a swap, was faster.
    #[error(transparent)]
    Overtaken(#[from] Overtaken),
}

impl ActivateError {
    /// A stable code: the step (`inspect`, `configure`, `seal`, `rehearse`) or `overtaken`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Build(error) => error.step().as_str(),
            Self::Overtaken(_) => "overtaken",
        }
    }

    /// What would have to change for the activation to succeed.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Build(error) => error.cause(),
            Self::Overtaken(_) => Cause::Host,
        }
    }

    /// Whether this component is refused whatever else changes, so that it need not be tried again.
    pub fn is_by_content(&self) -> bool {
        self.cause() == Cause::Component
    }
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
    /// The release that was active before: [`Gate::swap`] goes back to it. Absent when there was none,
    /// or nothing changed.
    pub before: Option<Arc<Release>>,
    /// The steps taken and their times; none when nothing changed.
    pub stages: Vec<StageTime>,
    /// The time of the pointer store, the only moment decisions can notice.
    pub swap: Duration,
}

/// A pointer that was stored.
#[derive(Clone, Debug)]
pub struct Swapped {
    /// The gate's generation.
    pub generation: u64,
    /// The release that was active before; absent when there was none.
    pub before: Option<Arc<Release>>,
    /// The time it took.
    pub took: Duration,
}

impl Gate {
    /// Builds a release of a component with its settings, and makes it the active one.
    ///
    /// Everything happens beside the running decisions; the last step stores one pointer. The release
    /// that is active already is a no-op. Of two activations at once, the one that is ready first
    /// counts, and the other one fails: neither overwrites what it was not built after.
    ///
    /// # Errors
    ///
    /// [`ActivateError`]. The active release stays as it was.
    pub fn activate(&self, activation: Activation<'_>) -> Result<Activated, ActivateError> {
        let Activation { component, settings, cases } = activation;
        let active = self.active.load_full();
        let digest = release_digest(&component_digest(component), &settings);
        let is_it = |release: &&Arc<Release>| **release.digest() == *digest;
        if let Some(release) = active.release.as_ref().filter(is_it) {
            return Ok(Activated {
                release: Arc::clone(release),
                generation: active.generation,
                changed: false,
                before: None,
                stages: Vec::new(),
                swap: Duration::ZERO,
            });
        }
        let built = Built::new(&self.runtime, component, settings, &self.verification, cases);
        let Built { release, stages } = built?;
        let Swapped { generation, before, took } =
            self.swap(Some(Arc::clone(&release)), active.generation)?;
        Ok(Activated { release, generation, changed: true, before, stages, swap: took })
    }

    /// Makes a release that was built before the active one, as to go back to it: compiles nothing, and
    /// does not wait for an activation under way, which then fails. Without a release, every decision
    /// fails until there is one.
    ///
    /// `after` is the generation that the caller last saw the gate have, or a higher one of an earlier
    /// run of the program. A release gets the next one; without a release, `after` stays.
    ///
    /// # Errors
    ///
    /// [`Overtaken`] when the gate has a later generation. The active release stays as it was.
    pub fn swap(&self, release: Option<Arc<Release>>, after: u64) -> Result<Swapped, Overtaken> {
        let generation = after + u64::from(release.is_some());
        let next = Arc::new(Active { release, generation });
        let started = Instant::now();
        let mut now = self.active.load_full();
        let before = loop {
            if now.generation > after {
                let (gate, generation) = (self.name.to_string(), now.generation);
                return Err(Overtaken { gate, generation });
            }
            let found = self.active.compare_and_swap(&now, Arc::clone(&next));
            if Arc::ptr_eq(&found, &now) {
                break now;
            }
            now = Arc::clone(&found);
        };
        let took = started.elapsed();
        if let Some(release) = &next.release {
            let policy = release.policy();
            tracing::info!(
                gate = &*self.name,
                generation,
                policy.name = &*policy.name,
                policy.version = &*policy.version,
                policy.digest = &*policy.digest,
                "release activated"
            );
        }
        Ok(Swapped { generation, before: before.release.clone(), took })
    }
}
