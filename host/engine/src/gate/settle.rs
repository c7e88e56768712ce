//! What was decided, with what goes with it: identity, what came, what was expected, what to do.

use crate::bounded::Bounded;
use crate::claims::VerifiedClaims;
use crate::contract::types;
use crate::decision::{Blame, Denial, Expected, Fault, Observed, Outcome, Presentation, Ruling};
use crate::facts::Facts;
use crate::failure::error_chain;
use crate::reason;
use crate::release::{Release, Verdict};

use super::error::RequestError;

/// Most bytes of the values that came, and of those that were expected, in one decision.
const MAX_VALUE_BYTES: usize = 4_096;

/// What the policy's verdict means.
pub(super) fn of_verdict(
    verdict: Verdict<'_>,
    claims: &VerifiedClaims,
    facts: &Facts,
    release: &Release,
) -> Ruling {
    match verdict {
        Verdict::Allow(identity) => Ruling::Allow { identity },
        Verdict::Ask(identity, asks) => Ruling::Ask { identity, asks },
        Verdict::Deny(reason, denial) => Ruling::Deny(Denial {
            reason: reason.code.clone(),
            blame: Blame::Caller,
            observed: observed(&denial, claims, facts),
            expected: expected(&denial, release),
            title: reason.title.clone(),
            remedy: reason.remedy.clone(),
            presentation: Presentation::from(&reason.presentation),
        }),
    }
}

fn observed(denial: &types::Denial, claims: &VerifiedClaims, facts: &Facts) -> Vec<Observed> {
    let mut left = MAX_VALUE_BYTES;
    let mut observed = Vec::new();
    for name in &denial.claims {
        let value = claims.get(name).map(|value| Bounded::within(value, &mut left));
        observed.push(Observed::claim(name, value));
    }
    for name in &denial.facts {
        let value = facts.get(name).map(|value| Bounded::within(value, &mut left));
        observed.push(Observed::fact(name, value));
    }
    observed
}

fn expected(denial: &types::Denial, release: &Release) -> Vec<Expected> {
    let mut left = MAX_VALUE_BYTES;
    let settings = &release.description().settings;
    let named =
        denial.settings.iter().filter_map(|name| settings.iter().find(|item| item.name == *name));
    named
        .map(|setting| {
            let value = release.settings().effective(setting);
            let value = value.map(|value| Bounded::within(&value, &mut left));
            Expected::new(&setting.name, value)
        })
        .collect()
}

/// What an error means: a refusal of the host, or a failure; in the policy's words if it describes the
/// code, else in the host's.
pub(super) fn of_error(error: &RequestError, release: Option<&Release>) -> Ruling {
    let code = error.code();
    let described = release.and_then(|release| {
        release.description().reasons.iter().find(|reason| reason.code == code)
    });
    let (title, remedy, presentation) = match described {
        Some(reason) => (&*reason.title, &*reason.remedy, Presentation::from(&reason.presentation)),
        None => {
            let own = reason::of_host(code).unwrap_or(&reason::UNLISTED);
            (own.title, own.remedy, Presentation::from(own))
        }
    };
    let advice = error.advice();
    let fault = Fault {
        reason: code.to_owned(),
        blame: error.blame(),
        title: advice.map_or(title, |advice| advice.title).to_owned(),
        detail: error_chain(error),
        remedy: advice
            .map_or_else(|| remedy.to_owned(), |advice| format!("{} {remedy}", advice.remedy)),
        presentation,
    };
    match error.outcome() {
        Outcome::Invalid => Ruling::Invalid(fault),
        _ => Ruling::Failed(fault),
    }
}
