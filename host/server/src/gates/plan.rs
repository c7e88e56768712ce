//! A change, thought through: everything that can fail before anything is changed.

use std::sync::Arc;
use std::time::Instant;

use super::cases::rehearsed;
use admit::bounded::Bounded;
use admit::cases::Case;
use admit::contract::types::Description;
use admit::decision::{Expected, PolicyRef};
use admit::failure::{Cause, error_chain};
use admit::release::{BuildError, Built, Inspected, Release, release_digest};
use admit::settings::{Settings, SettingsError, out_of_bounds};
use admit_api::activation::{Activation, ActivationResult, Rehearsed, Step, StepName};
use serde_json::{Map, Value};

use super::change::{Change, MayDrop, Mode, NewComponent};
use super::component::bundled_digest;
use super::gate::ServedGate;
use super::report::{ChangeError, Refused, Report, step, steps};
use super::settings::{Configured, changed, merged};
use super::state::{Selected, View};

/// A change that is ready to be made.
pub(super) struct Planned {
    pub(super) inspected: Inspected,
    /// The gate's settings from now on.
    pub(super) configured: Configured,
    /// Those that count now and no longer would.
    pub(super) dropped: Map<String, Value>,
    pub(super) release: Arc<Release>,
    pub(super) steps: Vec<Step>,
    pub(super) rehearsed: Rehearsed,
}

impl ServedGate {
    pub(super) fn plan(&self, change: &Change, base: &View) -> Result<Planned, ChangeError> {
        let (before, had) = (base.selected().map(|selected| &**selected), base.configured());
        tracing::debug!(step = "inspect", "a step of an activation begins");
        let started = Instant::now();
        let inspected = match (&change.component, before) {
            (Some(component), _) => self.inspect_new(component, before)?,
            (None, Some(before)) => before.inspected.clone(),
            (None, None) => return Err(ChangeError::NoPolicy(self.name().to_owned())),
        };
        let inspect = step(StepName::Inspect, started.elapsed());
        let description = inspected.description();
        // What the gate would have counts, not what is taken from it.
        expect_small(&merged(&had.all, &change.settings))?;
        let misfits = misfits(&change.settings, description);
        if !misfits.is_empty() {
            let refusals = misfits.iter().flat_map(SettingsError::refusals).collect();
            return Err(ChangeError::Misfits(refusals));
        }
        let patched = had.patched(&change.settings, description);
        // Only a change of settings alone leaves those alone that do not count.
        let configured = match (&change.component, change.mode) {
            (None, Mode::DryRun | Mode::Activate) => patched,
            _ => Configured::known(patched.all, description),
        };
        // A fault of an earlier step is reported before a fault of the cases.
        let cases = self.operator_cases(inspected.policy());
        let played = cases.as_deref().unwrap_or_default();
        let mut planned = self.prepare(inspected, configured, played)?;
        planned.steps.insert(0, inspect);
        cases?;
        if change.mode != Mode::Candidate {
            expect_named(&planned.dropped, &change.drop, planned.inspected.policy())?;
        }
        Ok(planned)
    }

    /// Prepares a release of a policy and the settings that count.
    pub(super) fn prepare(
        &self,
        inspected: Inspected,
        configured: Configured,
        cases: &[Case],
    ) -> Result<Planned, ChangeError> {
        expect_small(&configured.all)?;
        let counting = Settings::from(configured.counting.clone());
        let built = self.build(&inspected, counting, cases);
        let built = built.map_err(|error| self.refused_by(error, Some(inspected.policy())))?;
        let (release, steps) = (built.release, steps(&built.stages));
        let dropped = self.view().configured().dropped(&configured);
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
    ) -> Result<Built, BuildError> {
        let digest = release_digest(&inspected.policy().digest, &settings);
        if let Some(release) = self.gate.release().filter(|release| *release.digest() == digest) {
            return Ok(Built { release, stages: Vec::new() });
        }
        let (linked, verification) =
            (self.linked.lock().get(&digest).cloned(), self.verification());
        match linked {
            Some(release) => Built::again(release, verification, cases),
            None => Built::of_inspected(inspected.clone(), settings, verification, cases),
        }
    }

    fn inspect_new(
        &self,
        component: &NewComponent,
        before: Option<&Selected>,
    ) -> Result<Inspected, ChangeError> {
        let refused = |error: String, policy, cause, compiles_on| {
            let step = StepName::Inspect;
            ChangeError::Refused(Box::new(Refused { step, error, policy, cause, compiles_on }))
        };
        let inspected = self
            .inspections
            .get(&self.runtime, &component.bytes)
            .map_err(|error| refused(error_chain(&error), None, error.cause(), error.goes_on()))?;
        match self.version_problem(inspected.policy(), component, before)? {
            // Another version may be active by then, or this one no longer known with other content.
            Some(error) => {
                Err(refused(error, Some(inspected.policy().clone()), Cause::Gate, false))
            }
            None => Ok(inspected),
        }
    }

    /// Why a component may not take the place of the one before, by its version.
    fn version_problem(
        &self,
        policy: &PolicyRef,
        component: &NewComponent,
        before: Option<&Selected>,
    ) -> Result<Option<String>, ChangeError> {
        let PolicyRef { name, version, digest } = policy;
        let bundled = bundled_digest(policy);
        let is_bundled = bundled.as_deref() == Some(&**digest);
        let stored = self.wait(self.store.digests(name, version))?;
        let other = stored.into_iter().chain(bundled).find(|known| **known != **digest);
        if let Some(other) = other.filter(|_| !is_bundled) {
            return Ok(Some(format!(
                "`{name} {version}` is known with other content, {other}; expected a new version \
                 for new content, if only a pre-release"
            )));
        }
        // A policy that never decided keeps nothing older out.
        let before = before.filter(|before| before.active.is_some());
        let active = before.filter(|_| !component.may_be_older).map(Selected::policy);
        Ok(active.filter(|active| is_older(policy, active)).map(|active| {
            format!(
                "`{name} {version}` is older than {}, which the gate has; to go back, roll back or \
                 ask for this version through the API",
                active.version
            )
        }))
    }

    /// What comes of a change to `base`: of that alone, whatever was changed since.
    pub(super) fn report(
        &self,
        result: ActivationResult,
        planned: &Planned,
        base: &View,
    ) -> Report {
        let selected = base.selected();
        let released = selected.and_then(|selected| selected.release.as_ref());
        let activation = Activation {
            gate: self.name().to_owned(),
            result,
            policy: planned.inspected.policy().clone(),
            release: planned.release.digest().to_string(),
            generation: released.map_or(0, |released| released.generation),
            revision: base.revision(),
            steps: planned.steps.clone(),
            rehearsed: planned.rehearsed,
            changed_settings: changed(base.settings(), &planned.configured.all),
            dropped: planned.dropped(),
            restored: planned.restored(base),
            unknown: planned.unknown(),
        };
        Report { activation, saved: false, selected: selected.cloned() }
    }
}

impl Planned {
    /// The settings that no longer would count, in the form in which answers repeat them.
    pub(super) fn dropped(&self) -> Vec<Expected> {
        shown(&self.dropped)
    }

    /// The settings of the gate that are kept and would count again.
    pub(super) fn restored(&self, base: &View) -> Vec<Expected> {
        shown(&base.configured().counting_again(&self.configured))
    }

    /// The settings that are kept and do not count.
    fn unknown(&self) -> Map<String, Value> {
        let Configured { all, counting } = &self.configured;
        let kept = all.iter().filter(|(name, _)| !counting.contains_key(*name));
        let shown =
            kept.map(|(name, value)| (name.clone(), Bounded::new(value).value.unwrap_or_default()));
        shown.collect()
    }
}

/// Refuses settings that no longer would count, unless `named` names them.
pub(super) fn expect_named(
    dropped: &Map<String, Value>,
    named: &MayDrop,
    policy: &PolicyRef,
) -> Result<(), ChangeError> {
    let unnamed = dropped.iter().filter(|(name, _)| !named.has(name));
    let unnamed: Map<_, _> = unnamed.map(|(name, value)| (name.clone(), value.clone())).collect();
    match unnamed.is_empty() {
        true => Ok(()),
        false => Err(ChangeError::Dropped { dropped: shown(&unnamed), policy: policy.clone() }),
    }
}

fn expect_small(settings: &Map<String, Value>) -> Result<(), ChangeError> {
    let too_large = out_of_bounds(settings);
    if too_large.is_empty() { Ok(()) } else { Err(ChangeError::TooLarge(too_large)) }
}

fn shown(settings: &Map<String, Value>) -> Vec<Expected> {
    let shown = settings.iter();
    shown.map(|(name, value)| Expected::new(name, Some(Bounded::new(value)))).collect()
}

/// What is wrong with a patch before the policy is asked. Any setting may be removed, whether the gate
/// has it and the policy knows it or not: a patch that was made once can be made again.
fn misfits(patch: &Map<String, Value>, description: &Description) -> Vec<SettingsError> {
    let checked = patch.iter().filter(|(_, value)| !value.is_null());
    let checked: Map<_, _> = checked.map(|(name, value)| (name.clone(), value.clone())).collect();
    Settings::from(checked).misfits(description)
}

fn is_older(policy: &PolicyRef, active: &PolicyRef) -> bool {
    let version = |policy: &PolicyRef| semver::Version::parse(&policy.version);
    match (version(policy), version(active)) {
        (Ok(new), Ok(old)) => policy.name == active.name && new < old,
        _ => false,
    }
}
