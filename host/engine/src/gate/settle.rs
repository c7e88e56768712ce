//! What a decision says beside its outcome: identity, what came, what was expected, what to do.

use crate::bounded::Bounded;
use crate::claims::VerifiedClaims;
use crate::contract::types;
use crate::decision::{Blame, Decision, Expected, Observed, Outcome, Presentation};
use crate::facts::Facts;
use crate::failure::error_chain;
use crate::reason::{self, HostReason};
use crate::release::{Release, Verdict};

use super::decide::RequestError;

/// Most bytes of the values that came, and of those that were expected, in one decision.
const MAX_VALUE_BYTES: usize = 4_096;

/// Writes the policy's verdict into the decision.
pub(super) fn settle(
    decision: &mut Decision,
    verdict: Verdict<'_>,
    claims: &VerifiedClaims,
    facts: &Facts,
    release: &Release,
) {
    match verdict {
        Verdict::Allow(identity) => {
            decision.outcome = Outcome::Allow;
            decision.identity = Some(identity);
        }
        Verdict::Ask(identity, asks) => {
            decision.outcome = Outcome::Ask;
            decision.identity = Some(identity);
            decision.asks = asks;
        }
        Verdict::Deny(reason, denial) => {
            decision.outcome = Outcome::Deny;
            decision.blame = Some(Blame::Caller);
            decision.observed = observed(&denial, claims, facts);
            decision.expected = expected(&denial, release);
            present(decision, reason);
        }
    }
}

fn present(decision: &mut Decision, reason: &types::Reason) {
    decision.reason = Some(reason.code.clone());
    decision.title = Some(reason.title.clone());
    decision.remedy = Some(reason.remedy.clone());
    decision.presentation = Some(Presentation::from(&reason.presentation));
}

fn present_own(decision: &mut Decision, reason: &HostReason) {
    decision.reason = Some(reason.code.to_owned());
    decision.title = Some(reason.title.to_owned());
    decision.remedy = Some(reason.remedy.to_owned());
    decision.presentation = Some(Presentation::from(reason));
}

fn observed(denial: &types::Denial, claims: &VerifiedClaims, facts: &Facts) -> Vec<Observed> {
    let mut left = MAX_VALUE_BYTES;
    let mut observed = Vec::new();
    for name in &denial.claims {
        let value = claims.get(name).map(serde_json::Value::from);
        let value = value.map(|value| Bounded::within(&value, &mut left));
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

/// Writes a refusal of the host, or a failure, into the decision: in the policy's words if it
/// describes the code, else in the host's.
pub(super) fn refuse(decision: &mut Decision, error: &RequestError, release: Option<&Release>) {
    let code = error.code();
    decision.outcome = error.outcome();
    decision.blame = Some(error.blame());
    decision.detail = Some(error_chain(error));
    let described = release.and_then(|release| {
        release.description().reasons.iter().find(|reason| reason.code == code)
    });
    match (described, reason::of_host(code)) {
        (Some(reason), _) => present(decision, reason),
        (None, Some(reason)) => present_own(decision, reason),
        (None, None) => decision.reason = Some(code.to_owned()),
    }
    if let Some(advice) = error.advice() {
        decision.title = Some(advice.title.to_owned());
        decision.remedy = Some(advice.remedy.to_owned());
    }
}
