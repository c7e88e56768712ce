//! A policy that is configured anew for every decision: slower per decision than a sealed one, but
//! there at once, and with the same answers.
//!
//! An activation plays the component's cases this way, and a test those with rare settings: sealing
//! for each set of settings would compile the policy once for each while the administrator waits.

use wasmtime::Store;
use wasmtime::component::Instance;

use super::configure::{ConfigureError, Configured};
use super::evaluate::{DecideError, Decides};
use super::inspect::Inspected;
use crate::contract::TokenPolicy;
use crate::contract::types::{self, Description, Request};
use crate::failure::CallError;
use crate::limits::StoreState;
use crate::settings::Settings;

/// A policy and settings that it has taken once.
#[derive(Debug)]
pub(super) struct Unsealed {
    inspected: Inspected,
    settings: Settings,
}

impl Unsealed {
    /// Has the policy check the settings.
    pub(super) fn new(inspected: &Inspected, settings: Settings) -> Result<Self, ConfigureError> {
        let inspected = inspected.clone();
        Configured::new(inspected.clone(), settings.clone())?;
        Ok(Self { inspected, settings })
    }
}

impl Decides for Unsealed {
    fn description(&self) -> &Description {
        &self.inspected.description
    }

    fn call(&self, request: Request<'_>) -> Result<(types::Decision, u64), DecideError> {
        let configured = Configured::new(self.inspected.clone(), self.settings.clone());
        let Configured { mut store, instance, .. } = configured.map_err(|error| match error {
            ConfigureError::Call(error) | ConfigureError::LongList { source: error, .. } => {
                DecideError::Call(error)
            }
            ConfigureError::Settings(_) => {
                DecideError::Call(CallError::Trap(CHANGED_ITS_MIND.into()))
            }
        })?;
        self.inspected.runtime.arm_for_decision(&mut store);
        let answer = enter(&mut store, &instance, request)
            .map_err(|error| DecideError::Call(CallError::from_wasmtime(&error)))?;
        let fuel = self.inspected.runtime.decision_fuel_used(&store);
        Ok((answer, fuel))
    }
}

const CHANGED_ITS_MIND: &str = "refused settings that it took before";

fn enter(
    store: &mut Store<StoreState>,
    instance: &Instance,
    request: Request<'_>,
) -> wasmtime::Result<types::Decision> {
    let policy = TokenPolicy::new(&mut *store, instance)?;
    policy.admit_policy_policy().call_decide(store, request)
}

#[cfg(test)]
mod tests {
    use admit_policies::WINDOWS_MDM_2;

    use super::*;
    use crate::claims::Verification;
    use crate::release::Trial;
    use crate::runtime::Runtime;

    #[test]
    fn a_policy_answers_the_same_sealed_or_not_and_at_the_same_cost() {
        let runtime = Runtime::new().unwrap();
        let inspected = Inspected::new(&runtime, WINDOWS_MDM_2.component).unwrap();
        let settings = inspected.cases()[0].cases[0].settings.clone().unwrap();
        let unsealed = Trial::unsealed(&inspected, settings.clone()).unwrap();
        let sealed = Trial::sealed(&inspected, settings.clone()).unwrap();
        let verification = Verification::default();
        let mut decided = 0;
        for case in &inspected.cases()[0].cases {
            if case.settings.as_ref() == Some(&settings) {
                let played = sealed.play(case, &verification);
                assert_eq!(unsealed.play(case, &verification), played, "{}", case.name);
                decided += usize::from(played.fuel > 0);
            }
        }
        assert!(decided > 100, "{decided}");
    }
}
