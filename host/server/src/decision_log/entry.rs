//! The lines of decisions and releases.

use std::sync::Arc;

use admit::claims::Verification;
use admit::contract::types::Description;
use admit::decision::Decision;
use admit::gate::{Decided, Request};
use admit::release::Release;
use admit::text::Shown;
use admit_api::log;
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

pub(super) fn decision(
    decided: &Decided,
    request: &Request<'_>,
    allowed: &Allowed,
) -> log::Decision {
    let decision = &decided.decision;
    let description = decided.release.as_ref().map(|release| release.description());
    let claims = claims(decided, description, allowed);
    let facts = facts(request, description, allowed);
    let mut cut = claims.cut;
    cut.extend(facts.cut);
    let observed = decision.observed().iter().map(|it| evidence::of(it, &allowed.names));
    log::Decision {
        at: made_at(decision.decision_id),
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
        observed: observed.collect(),
        expected: decision.expected().to_vec(),
    }
}

/// A gate's release as it is logged: what one needs to replay its decisions.
pub(super) fn release(
    gate: &str,
    generation: u64,
    release: &Release,
    kept_settings: &Map<String, Value>,
    verification: &Verification,
    allowed: &Allowed,
    at: u64,
) -> log::Release {
    log::Release {
        at: timestamp(at, 0),
        gate: gate.to_owned(),
        generation,
        policy: release.policy().clone(),
        release: release.digest().to_string(),
        settings: release.settings().as_json().clone(),
        kept_settings: kept_settings.clone(),
        cloud: verification.cloud().to_string(),
        leeway_seconds: verification.leeway().as_secs(),
        max_lifetime_seconds: verification.max_lifetime().as_secs(),
        wanted_claims: release.description().claims.clone(),
        logged_claims: allowed.names.clone(),
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

/// The time that a decision's id says.
fn made_at(id: Uuid) -> String {
    let (seconds, nanoseconds) = id.get_timestamp().map(|time| time.to_unix()).unwrap_or_default();
    timestamp(seconds, nanoseconds)
}

/// The time in RFC 3339; that of the year 1970 for one that has no such form.
fn timestamp(seconds: u64, nanoseconds: u32) -> String {
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
