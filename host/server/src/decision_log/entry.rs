//! The line of a decision.

use std::sync::Arc;

use admit::contract::types::Description;
use admit::decision::{Blame, Decision, Expected, Outcome, PolicyRef, Signature};
use admit::gate::{Decided, Request};
use admit::text::Shown;
use admit_api::evidence::Evidence;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::detail;
use super::values::Values;
use crate::evidence;

/// The claims whose values are written, whatever was decided.
#[derive(Debug)]
pub(super) struct Allowed {
    pub(super) names: Vec<String>,
}

impl Allowed {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|allowed| allowed == name)
    }
}

/// A decision as it is logged: compact, of bounded size, and without anything that may not be
/// logged.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    r#type: &'static str,
    /// The decision's id, which says when it was made.
    #[serde(serialize_with = "made_at")]
    at: Uuid,
    now: u64,
    #[serde(serialize_with = "text")]
    gate: Arc<str>,
    #[serde(serialize_with = "text")]
    decision_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blame: Option<Blame>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
    duration_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    withheld: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    facts: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    withheld_facts: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cut: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observed: Vec<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expected: Vec<Expected>,
}

impl Entry {
    pub(super) fn new(decided: &Decided, request: &Request<'_>, allowed: &Allowed) -> Self {
        let decision = &decided.decision;
        let description = decided.release.as_ref().map(|release| release.description());
        let claims = claims(decided, description, allowed);
        let facts = facts(request, description, allowed);
        let mut cut = claims.cut;
        cut.extend(facts.cut);
        Self {
            r#type: "decision",
            at: decision.decision_id,
            now: request.now,
            gate: Arc::clone(&decision.gate),
            decision_id: decision.decision_id,
            id: decision.id.as_deref().map(shown_id),
            outcome: decision.outcome(),
            reason: decision.reason().map(str::to_owned),
            blame: decision.blame(),
            detail: detail(decision, allowed),
            asks: decision.asks().to_vec(),
            policy: decision.policy.clone(),
            generation: decision.generation,
            token_version: decision.token_version.clone(),
            signature: decision.signature,
            duration_us: decision.duration_us,
            claims: decided.claims.as_ref().map(|_| claims.whole),
            withheld: claims.withheld,
            facts: facts.whole,
            withheld_facts: facts.withheld,
            cut,
            observed: decision
                .observed()
                .iter()
                .map(|it| evidence::of(it, &allowed.names))
                .collect(),
            expected: decision.expected().to_vec(),
        }
    }

    /// The gate that decided.
    pub(super) fn gate(&self) -> &str {
        &self.gate
    }
}

/// The caller's id for the request, if it looks like one: a caller may put a token in the wrong
/// place, or take the address of a person for an id.
fn shown_id(id: &str) -> String {
    let of_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/#".contains(&byte);
    match id.bytes().all(of_id) {
        true => Shown::name(id).to_string(),
        false => format!("{} characters", id.chars().count()),
    }
}

fn made_at<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    let (seconds, nanoseconds) = id.get_timestamp().map(|time| time.to_unix()).unwrap_or_default();
    serializer.serialize_str(&timestamp(seconds, nanoseconds))
}

/// The time in RFC 3339; that of the year 1970 for one that has no such form.
pub(super) fn timestamp(seconds: u64, nanoseconds: u32) -> String {
    let seconds = i64::try_from(seconds).ok();
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or_default();
    let time = seconds.and_then(|seconds| jiff::Timestamp::new(seconds, nanoseconds).ok());
    time.unwrap_or_default().to_string()
}

/// The claims on the allow-list, and the kinds of the others that the policy wants.
fn claims(decided: &Decided, description: Option<&Description>, allowed: &Allowed) -> Values {
    let mut values = Values::default();
    let Some(claims) = &decided.claims else {
        return values;
    };
    for name in &allowed.names {
        if let Some(value) = claims.get(name) {
            values.write(name, value.clone());
        }
    }
    let wanted = description.map_or(&[][..], |description| &description.claims);
    for name in wanted.iter().filter(|name| !allowed.has(name)) {
        if let Some(value) = claims.get(name) {
            values.withhold(name, value);
        }
    }
    values
}

/// The facts that the policy may use. A text may be the name of a person, so it has to be allowed.
fn facts(request: &Request<'_>, description: Option<&Description>, allowed: &Allowed) -> Values {
    let mut values = Values::default();
    for fact in description.map_or(&[][..], |description| &description.facts) {
        match request.facts.get(&fact.name) {
            None => {}
            Some(Value::String(text)) if !allowed.has(&fact.name) => {
                values.withhold_text(&fact.name, text);
            }
            Some(value) => values.write(&fact.name, value.clone()),
        }
    }
    values
}

/// What the host found. An error about keys quotes nothing of a token.
pub(super) fn detail(decision: &Decision, allowed: &Allowed) -> Option<String> {
    let text = decision.detail()?;
    match decision.reason() {
        Some(reason) if reason.starts_with("keys.") => Some(text.to_owned()),
        _ => detail::without_token(text, allowed),
    }
}

fn text<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_if_it_looks_like_one() {
        for id in ["row-1", "0198c1de-1f0a-7000-8000-0123456789ab", "enrol/7#a", ""] {
            assert_eq!(shown_id(id), id);
        }
        for (id, shown) in [
            ("dana@example.com", "16 characters"),
            ("Dana Scully", "11 characters"),
            ("é", "1 characters"),
        ] {
            assert_eq!(shown_id(id), shown);
        }
    }
}
