//! What builds the releases of a gate, beside everything that it does: needs nothing but a view.

use std::sync::Arc;
use std::time::Instant;

use admit::cases::Case;
use admit::claims::Verification;
use admit::decision::PolicyRef;
use admit::failure::{Cause, error_chain};
use admit::lock::Lock;
use admit::release::{
    BuildError, Built, InspectError, Inspected, Release, component_digest, release_digest,
};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit_api::activation::{Step, StepName};

use super::cases::{OperatorCases, rehearsed};
use super::change::NewComponent;
use super::gate::GateOptions;
use super::plan::{Planned, expect_small};
use super::recent::Recent;
use super::report::{ChangeError, Refused, step, steps};
use super::settings::Configured;
use super::view::{GatePolicy, View};
use crate::store::Store;

/// Components that are remembered: those of the releases that are kept, and the active one.
const REMEMBERED: usize = 6;

/// Builds releases.
pub(super) struct Builder {
    pub(super) cases: OperatorCases,
    runtime: Runtime,
    verification: Verification,
    /// Knows the components of all gates.
    store: Store,
    /// The components inspected last, so that going back to one compiles nothing.
    inspected: Lock<Recent<Inspected>>,
}

impl Builder {
    /// What builds the releases of a gate with these options.
    pub(super) fn new(options: &GateOptions, runtime: Runtime, store: Store) -> Self {
        Self {
            cases: OperatorCases::new(&options.name, options.cases.clone()),
            runtime,
            verification: options.verification,
            store,
            inspected: Lock::new(Recent::new(REMEMBERED)),
        }
    }

    /// Whether a compilation goes on that was given up, of whichever gate.
    pub(super) fn compiles_on(&self) -> bool {
        self.runtime.compiles_on()
    }

    /// Inspects a component, unless that was done lately. Takes processor time.
    pub(super) fn inspect(&self, component: &[u8]) -> Result<Inspected, InspectError> {
        let known = self.inspected.lock().get(&component_digest(component)).cloned();
        let inspected = known.map_or_else(|| Inspected::new(&self.runtime, component), Ok)?;
        self.inspected.lock().keep(inspected.clone());
        Ok(inspected)
    }

    /// As [`Builder::inspect`], on a thread that may take its time; with the step.
    pub(super) async fn inspect_beside(
        self: &Arc<Self>,
        component: Arc<[u8]>,
    ) -> Result<(Inspected, Step), ChangeError> {
        let (this, started) = (Arc::clone(self), Instant::now());
        let inspected = crate::blocking::beside(move || this.inspect(&component)).await;
        let inspected = inspected.map_err(|error| not_inspected(&error))?;
        Ok((inspected, step(StepName::Inspect, started.elapsed())))
    }

    /// Refuses a component that may not take the place of the one before, by its version.
    pub(super) async fn check_version(
        &self,
        policy: &PolicyRef,
        component: &NewComponent,
        before: Option<&GatePolicy>,
    ) -> Result<(), ChangeError> {
        let PolicyRef { name, version, digest } = policy;
        let bundled = bundled_digest(policy);
        let is_bundled = bundled.as_deref() == Some(&**digest);
        let stored = self.store.digests(name, version).await?;
        let other = stored.into_iter().chain(bundled).find(|known| **known != **digest);
        // A policy that never decided keeps nothing older out.
        let before = before.filter(|before| before.attempt.is_some());
        let active = before.filter(|_| !component.may_be_older).map(GatePolicy::reference);
        let problem = match (other.filter(|_| !is_bundled), active) {
            (Some(other), _) => format!(
                "`{name} {version}` is known with other content, {other}; expected a new version \
                 for new content, if only a pre-release"
            ),
            (None, Some(active)) if is_older(policy, active) => format!(
                "`{name} {version}` is older than {}, which the gate has; to go back, roll back or \
                 ask for this version through the API",
                active.version
            ),
            _ => return Ok(()),
        };
        // Another version may be active by then, or this one no longer known with other content.
        Err(Refused::at_inspect(problem, Some(policy.clone()), Cause::Gate, false))
    }

    /// As [`Builder::prepare`], on a thread that may take its time.
    pub(super) async fn prepare_beside(
        self: &Arc<Self>,
        inspected: Inspected,
        configured: Configured,
        base: &Arc<View>,
    ) -> Result<Planned, ChangeError> {
        let (this, base) = (Arc::clone(self), Arc::clone(base));
        crate::blocking::beside(move || this.prepare(inspected, configured, &[], &base)).await
    }

    /// Prepares a release of a policy and the settings that count, for a gate that is like `base`. Takes
    /// processor time.
    pub(super) fn prepare(
        &self,
        inspected: Inspected,
        configured: Configured,
        cases: &[Case],
        base: &View,
    ) -> Result<Planned, ChangeError> {
        expect_small(&configured.all)?;
        let counting = Settings::from(configured.counting.clone());
        let built = self.build(&inspected, counting, cases, base);
        let built = built.map_err(|error| self.cases.refused_by(error, inspected.policy()))?;
        let (release, steps) = (built.release, steps(&built.stages));
        let dropped = base.configured().dropped(&configured);
        let rehearsed = rehearsed(&inspected, cases);
        Ok(Planned { inspected, configured, dropped, release, steps, rehearsed })
    }

    /// A release of a policy and settings: the one that the gate has, one that is linked still, or one
    /// that is built.
    fn build(
        &self,
        inspected: &Inspected,
        settings: Settings,
        cases: &[Case],
        base: &View,
    ) -> Result<Built, BuildError> {
        let digest = release_digest(&inspected.policy().digest, &settings);
        match base.active().filter(|active| *active.release.digest() == digest) {
            Some(active) => Ok(Built { release: Arc::clone(&active.release), stages: Vec::new() }),
            None => match base.linked.get(&digest) {
                Some(release) => self.rehearse(Arc::clone(release), cases),
                None => Built::of_inspected(inspected.clone(), settings, &self.verification, cases),
            },
        }
    }

    /// Rehearses a release that was built before. Takes processor time.
    pub(super) fn rehearse(
        &self,
        release: Arc<Release>,
        cases: &[Case],
    ) -> Result<Built, BuildError> {
        Built::again(release, &self.verification, cases)
    }
}

fn not_inspected(error: &InspectError) -> ChangeError {
    Refused::at_inspect(error_chain(error), None, error.cause(), error.goes_on())
}

/// The digest of the policy of this name and version that comes with this program; absent when none
/// does.
fn bundled_digest(policy: &PolicyRef) -> Option<String> {
    let bundled = admit_policies::find(&format!("{}@{}", policy.name, policy.version))?;
    Some(component_digest(bundled.component).to_string())
}

fn is_older(policy: &PolicyRef, active: &PolicyRef) -> bool {
    let version = |policy: &PolicyRef| semver::Version::parse(&policy.version);
    match (version(policy), version(active)) {
        (Ok(new), Ok(old)) => policy.name == active.name && new < old,
        _ => false,
    }
}
