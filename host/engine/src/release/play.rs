//! One case on a sealed policy: the decision a token with those claims would get.

use admit_cases::{Came, Case, Expectation, ISSUER};
use serde_json::{Map, Value};

use super::evaluate::{DecideError, Decides, Evaluated, Verdict};
use crate::claims::{Verification, VerifiedClaims};
use crate::cloud::TokenVersion;
use crate::contract::types::Description;
use crate::decision::{Identity, Step};
use crate::facts::Facts;
use crate::failure::error_chain;
use crate::text::Shown;

/// What came out of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// The decision.
    pub came: Came,
    /// One step per rule; none when the policy came to no decision.
    pub trace: Vec<Step>,
    /// What the decision cost without trace, in Wasmtime's fuel units; 0 when there was none.
    pub fuel: u64,
}

impl Played {
    /// How this differs from what the case expects, what the case names that the policy does not have,
    /// and which of its claims the policy does not ask for; absent when all is well. Carries no value
    /// of an identity.
    pub fn failure(&self, case: &Case, description: &Description) -> Option<String> {
        let unknown = unknown(case, description);
        let difference = self.difference(case);
        if unknown.is_none() && difference.is_none() {
            return None;
        }
        let idle = case.not_asked_for(&description.claims);
        let parts: Vec<_> = [unknown, difference, idle].into_iter().flatten().collect();
        Some(parts.join("; ").chars().take(MAX_FAILURE_CHARS).collect())
    }

    fn difference(&self, case: &Case) -> Option<String> {
        if !case.expect.is_met_by(&self.came) {
            return Some(format!("expected {}, got {}", case.expect, self.came));
        }
        let most = case.max_fuel.filter(|most| self.fuel > *most)?;
        Some(format!("expected at most {most} fuel, got {}", self.fuel))
    }

    fn failed(reason: &str, error: &dyn std::error::Error) -> Self {
        Self::of(Came {
            outcome: "failed",
            reason: Some(reason.to_owned()),
            detail: Some(error_chain(error)),
            ..Came::default()
        })
    }

    fn of(came: Came) -> Self {
        Self { came, ..Self::default() }
    }
}

/// Most characters of what is said about a case.
const MAX_FAILURE_CHARS: usize = 1_000;

/// Names in the case that the policy does not have: most likely typing errors, which would otherwise
/// change nothing, or look like a refusal for another reason.
fn unknown(case: &Case, description: &Description) -> Option<String> {
    let has_fact = |name: &String| description.facts.iter().any(|fact| fact.name == *name);
    if let Some(name) = case.facts.keys().find(|name| !has_fact(name)) {
        return Some(format!(
            "passes fact `{}`, which the policy does not have",
            Shown::name(name)
        ));
    }
    match &case.expect {
        Expectation::Deny { reason, .. }
            if !description.reasons.iter().any(|item| item.code == *reason) =>
        {
            let reason = Shown::name(reason);
            Some(format!("expects a refusal for `{reason}`, which the policy does not have"))
        }
        _ => None,
    }
}

/// A trace that changes what is decided.
#[derive(Debug, thiserror::Error)]
#[error("the policy decides otherwise when a trace is asked for: {traced}")]
struct TraceMatters {
    traced: Came,
}

/// Decides the case twice, without and with trace, each time in an instance of its own.
pub(super) fn play(policy: &dyn Decides, case: &Case, verification: &Verification) -> Played {
    try_play(policy, case, verification).unwrap_or_else(|error| failed(&error))
}

/// As [`play`]; an error says that the machine could not play the case, and nothing of the policy.
pub(super) fn try_play(
    policy: &dyn Decides,
    case: &Case,
    verification: &Verification,
) -> Result<Played, DecideError> {
    let facts = match Facts::from_json(case.facts.clone()) {
        Ok(facts) => facts,
        Err(error) => return Ok(Played::failed("request.facts", &error)),
    };
    let claims = claims_of(case, verification).to_string();
    let claims = match VerifiedClaims::vouched(claims.as_bytes(), verification, case.now) {
        Ok(claims) => claims,
        Err(error) => return Ok(invalid(error.code(), &error)),
    };
    let decided = policy.evaluate(&claims, &facts, case.now, false).and_then(|plain| {
        let traced = policy.evaluate(&claims, &facts, case.now, true)?;
        Ok((plain, traced))
    });
    match decided {
        Ok((plain, traced)) => Ok(both(plain, traced)),
        Err(DecideError::Claims(error)) => Ok(invalid(error.code(), &error)),
        Err(error) if error.is_hosts() => Err(error),
        Err(error) => Ok(failed(&error)),
    }
}

/// The claims of a case as JSON, with the issuer filled in.
pub(super) fn claims_of(case: &Case, verification: &Verification) -> Value {
    let mut claims = case.claims.clone();
    if claims.get("iss").and_then(Value::as_str) == Some(ISSUER) {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let version = if text("ver") == "1.0" { TokenVersion::V1 } else { TokenVersion::V2 };
        let issuer = verification.cloud().issuer(version, text("tid"));
        claims.insert("iss".to_owned(), Value::String(issuer));
    }
    Value::Object(claims)
}

fn both(plain: Evaluated<'_>, traced: Evaluated<'_>) -> Played {
    let came = came(plain.verdict);
    let with_trace = self::came(traced.verdict);
    if came != with_trace {
        return Played::failed("policy.answer", &TraceMatters { traced: with_trace });
    }
    Played { came, trace: traced.trace, fuel: plain.fuel }
}

fn invalid(code: &str, error: &dyn std::error::Error) -> Played {
    let (reason, detail) = (Some(code.to_owned()), Some(error_chain(error)));
    Played::of(Came { outcome: "invalid", reason, detail, ..Came::default() })
}

fn failed(error: &DecideError) -> Played {
    Played::failed(error.code(), error)
}

fn came(verdict: Verdict<'_>) -> Came {
    match verdict {
        Verdict::Allow(identity) => {
            Came { outcome: "allow", identity: members(&identity), ..Came::default() }
        }
        Verdict::Ask(identity, asks) => {
            Came { outcome: "ask", identity: members(&identity), asks, ..Came::default() }
        }
        Verdict::Deny(reason, denial) => Came {
            outcome: "deny",
            reason: Some(reason.code.clone()),
            claims: denial.claims,
            settings: denial.settings,
            facts: denial.facts,
            ..Came::default()
        },
    }
}

fn members(identity: &Identity) -> Map<String, Value> {
    match serde_json::to_value(identity) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
