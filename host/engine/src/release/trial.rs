//! A policy that plays cases and is never activated.

use std::time::{Duration, Instant};

use admit_cases::Case;
use serde_json::{Map, Value};

use super::configure::{ConfigureError, Configured};
use super::evaluate::Decides;
use super::inspect::Inspected;
use super::play::{Played, claims_of, play};
use super::rehearse::link;
use super::seal::{SealError, Sealed};
use super::unsealed::Unsealed;
use crate::claims::{Verification, VerifiedClaims};
use crate::facts::Facts;
use crate::settings::Settings;

/// Why cases could not be played with their settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The policy did not take the settings.
    #[error(transparent)]
    Configure(ConfigureError),
    /// The policy could not be sealed.
    #[error(transparent)]
    Seal(SealError),
}

/// A policy with the settings of some cases, to play them in the sandbox under the limits of
/// production.
#[derive(Debug)]
pub struct Trial(Box<dyn Decides>);

impl Trial {
    /// Configures and seals the policy: what will run in production. Takes tens of milliseconds.
    pub fn sealed(inspected: &Inspected, settings: Map<String, Value>) -> Result<Self, TrialError> {
        let configured = Configured::new(inspected.clone(), Settings::from(settings))
            .map_err(TrialError::Configure)?;
        let sealed = Sealed::new(configured).map_err(TrialError::Seal)?;
        Ok(Self(Box::new(link(sealed))))
    }

    /// Configures the policy, and does so again in the instance of every decision: there at once,
    /// slower per decision, with the same answers at the same cost.
    pub fn unsealed(
        inspected: &Inspected,
        settings: Map<String, Value>,
    ) -> Result<Self, TrialError> {
        let unsealed = Unsealed::new(inspected, Settings::from(settings));
        Ok(Self(Box::new(unsealed.map_err(TrialError::Configure)?)))
    }

    /// The decision that a token with the claims of the case would get, each time in a fresh
    /// instance. The settings of the case are not looked at.
    pub fn play(&self, case: &Case, verification: &Verification) -> Played {
        play(&*self.0, case, verification)
    }

    /// The median time of `runs` decisions of a case without trace, from checked claims to checked
    /// answer; absent when it comes to no decision of the policy.
    pub fn time(&self, case: &Case, verification: &Verification, runs: u32) -> Option<Duration> {
        let claims = claims_of(case, verification).to_string();
        let claims = VerifiedClaims::vouched(claims.as_bytes(), verification, case.now).ok()?;
        let facts = Facts::from_json(case.facts.clone()).ok()?;
        let time = |_| {
            let started = Instant::now();
            let decided = self.0.evaluate(&claims, &facts, case.now, false);
            let took = started.elapsed();
            decided.is_ok().then_some(took)
        };
        let mut times = (0..runs.max(1)).map(time).collect::<Option<Vec<_>>>()?;
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }
}
