//! What a decision says beside its outcome: identity, what came, what was expected, what to do.

use crate::claims::VerifiedClaims;
use crate::contract::types;
use crate::decision::{Decision, Expected, Observed, Outcome, Presentation};
use crate::facts::Facts;
use crate::failure::error_chain;
use crate::reason::{self, Blame, HostReason};
use crate::release::{Release, Verdict};

use super::decide::RequestError;

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
    let claims = denial.claims.iter().map(|name| Observed {
        claim: Some(name.clone()),
        fact: None,
        value: claims.get(name).map(serde_json::Value::from),
    });
    let facts = denial.facts.iter().map(|name| Observed {
        claim: None,
        fact: Some(name.clone()),
        value: facts.get(name).cloned(),
    });
    claims.chain(facts).collect()
}

fn expected(denial: &types::Denial, release: &Release) -> Vec<Expected> {
    let settings = &release.description().settings;
    let named =
        denial.settings.iter().filter_map(|name| settings.iter().find(|item| item.name == *name));
    named
        .map(|setting| Expected {
            setting: setting.name.clone(),
            value: release.settings().effective(setting),
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
}
