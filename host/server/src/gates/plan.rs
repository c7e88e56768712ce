//! A change, thought through: everything that can fail before anything is changed.

use std::sync::Arc;

use admit::bounded::Bounded;
use admit::contract::types::Description;
use admit::decision::{Expected, PolicyRef};
use admit::release::{Inspected, Release};
use admit::settings::{Settings, SettingsError, out_of_bounds};
use admit_api::activation::{Activation, ActivationResult, Rehearsed, Step, StepName};
use serde_json::{Map, Value};

use super::builder::Builder;
use super::change::{Change, MayDrop, Mode};
use super::report::{ChangeError, Report, step};
use super::settings::{Configured, changed, merged};
use super::view::View;

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

/// Plans a change to a gate that is like `base`.
pub(super) async fn plan(
    builder: &Arc<Builder>,
    change: &Change,
    base: &Arc<View>,
    gate: &str,
) -> Result<Planned, ChangeError> {
    tracing::debug!(step = "inspect", "a step of an activation begins");
    let (inspected, inspect) = match (&change.component, base.policy()) {
        (Some(component), before) => {
            let inspected = builder.inspect_beside(Arc::clone(&component.bytes)).await?;
            builder.check_version(inspected.0.policy(), component, before).await?;
            inspected
        }
        (None, Some(before)) => {
            (before.inspected.clone(), step(StepName::Inspect, std::time::Duration::ZERO))
        }
        (None, None) => return Err(ChangeError::NoPolicy(gate.to_owned())),
    };
    let (description, had) = (inspected.description(), base.configured());
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
    let (this, of) = (Arc::clone(builder), Arc::clone(base));
    let planned = crate::blocking::beside(move || {
        // A fault of an earlier step is reported before a fault of the cases.
        let cases = this.cases.read_for(inspected.policy());
        let played = cases.as_deref().unwrap_or_default();
        let planned = this.prepare(inspected, configured, played, &of)?;
        cases.map(|_| planned)
    });
    let mut planned = planned.await?;
    planned.steps.insert(0, inspect);
    if change.mode != Mode::Candidate {
        expect_named(&planned.dropped, &change.drop, planned.inspected.policy())?;
    }
    Ok(planned)
}

impl Planned {
    /// What comes of a change to `base`: of that alone, whatever was changed since.
    pub(super) fn report(&self, gate: &str, result: ActivationResult, base: &Arc<View>) -> Report {
        let activation = Activation {
            gate: gate.to_owned(),
            result,
            policy: self.inspected.policy().clone(),
            release: self.release.digest().to_string(),
            generation: base.active().map_or(0, |active| active.generation),
            revision: base.revision(),
            steps: self.steps.clone(),
            rehearsed: self.rehearsed,
            changed_settings: changed(base.settings(), &self.configured.all),
            dropped: self.dropped(),
            restored: self.restored(base),
            unknown: self.unknown(),
        };
        Report { activation, saved: false, view: Arc::clone(base) }
    }

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

/// Refuses settings that are larger than they may be.
pub(super) fn expect_small(settings: &Map<String, Value>) -> Result<(), ChangeError> {
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
