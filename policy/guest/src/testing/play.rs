//! From a case to the policy's call, and from its answer to what a case can expect.

use admit_cases::{Came, Case};
use serde_json::{Map, Value as Json};

use super::value;
use crate::Policy;
use crate::contract::{Decision, Field, Principal, Request, Value, Verdict};

/// The settings of a case.
#[must_use]
pub fn settings(case: &Case) -> Vec<Field> {
    case.settings.as_ref().map(value::fields).unwrap_or_default()
}

/// The request of a case, as the host makes it: the described claims and facts, in that order.
///
/// A claim whose issuer the host would fill in is passed as it stands.
#[must_use]
pub fn request<P: Policy>(case: &Case) -> Request {
    let facts: Vec<_> = P::ABOUT.facts.iter().map(|fact| fact.name).collect();
    Request {
        claims: wanted(P::ABOUT.claims, &case.claims),
        facts: wanted(&facts, &case.facts),
        now: case.now,
        trace: true,
    }
}

fn wanted(names: &[&str], members: &Map<String, Json>) -> Vec<Field> {
    let found = names.iter().filter_map(|name| members.get_key_value(*name));
    value::fields(&found.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A decision as the host would resolve it.
#[must_use]
pub fn came(request: &Request, decision: &Decision) -> Came {
    match &decision.verdict {
        Verdict::Allow(principal) => {
            Came { outcome: "allow", identity: identity(request, principal), ..Came::default() }
        }
        Verdict::Ask(ask) => Came {
            outcome: "ask",
            identity: identity(request, &ask.principal),
            asks: ask.facts.clone(),
            ..Came::default()
        },
        Verdict::Deny(denial) => Came {
            outcome: "deny",
            reason: Some(denial.reason.clone()),
            claims: denial.claims.clone(),
            settings: denial.settings.clone(),
            facts: denial.facts.clone(),
            ..Came::default()
        },
    }
}

fn identity(request: &Request, principal: &Principal) -> Map<String, Json> {
    let mut identity = Map::new();
    for attribute in &principal.attributes {
        let field = request.claims.iter().find(|field| field.name == attribute.claim);
        if let Some(Value::Text(text)) = field.map(|field| &field.value) {
            identity.insert(attribute.name.clone(), Json::from(text.as_str()));
        }
        if attribute.name == "user_name" {
            identity.insert("user_name_claim".to_owned(), Json::from(attribute.claim.as_str()));
        }
    }
    identity
}
