//! The time of each case.

use std::time::Duration;

use admit::claims::Verification;
use admit::release::{Inspected, Trial};

use crate::suite::Suite;

/// Decisions per case.
const RUNS: u32 = 200;

/// The median time of each case, one case at a time.
pub(super) fn times(policy: &Inspected, suites: &[Suite]) -> Vec<Option<Duration>> {
    let mut last: Option<(_, Option<Trial>)> = None;
    let mut times = Vec::new();
    for case in suites.iter().flat_map(|suite| &suite.cases) {
        let settings = case.settings.clone().unwrap_or_default();
        if last.as_ref().is_none_or(|(before, _)| *before != settings) {
            last = Some((settings.clone(), Trial::sealed(policy, settings).ok()));
        }
        let trial = last.as_ref().and_then(|(_, trial)| trial.as_ref());
        times.push(trial.and_then(|trial| trial.time(case, &Verification::default(), RUNS)));
    }
    times
}
