//! The line of a decision.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::super::error::RequestError;
use crate::claims::VerifiedClaims;
use crate::decision::{Decision, Expected, Outcome, PolicyRef};
use crate::text::Shown;

/// Most settings that a line shows; a policy's rule names one or two.
const MAX_EXPECTED: usize = 4;

/// The line of a refusal or a failure.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) decision_id: Uuid,
    gate: Arc<str>,
    outcome: Outcome,
    reason: Option<String>,
    version: Option<String>,
    tid: Option<String>,
    aud: Option<String>,
    expected: Option<String>,
    policy: Option<PolicyRef>,
    generation: Option<u64>,
    duration_us: u64,
    detail: String,
}

/// Writes the line of an admission, or of a question.
pub(super) fn admitted(decision: &Decision) {
    tracing::debug!(
        decision_id = %decision.decision_id,
        gate = &*decision.gate,
        outcome = decision.outcome().as_str(),
        generation = decision.generation,
        duration_us = decision.duration_us,
        "decided"
    );
}

impl Line {
    pub(super) fn new(
        decision: &Decision,
        claims: Option<&VerifiedClaims>,
        error: Option<&RequestError>,
    ) -> Self {
        Self {
            decision_id: decision.decision_id,
            gate: Arc::clone(&decision.gate),
            outcome: decision.outcome(),
            reason: decision.reason().map(str::to_owned),
            version: decision.token_version.clone(),
            tid: shown(claims, "tid"),
            aud: shown(claims, "aud"),
            expected: expected(decision.expected()),
            policy: decision.policy.clone(),
            generation: decision.generation,
            duration_us: decision.duration_us,
            detail: error
                .map(|error| format!(": {}", crate::failure::error_chain(error)))
                .unwrap_or_default(),
        }
    }

    /// Writes it: with how many it stands for where people look, else at `debug`. Refusals are the
    /// caller's business, failures somebody's work.
    pub(super) fn say(&self, count: Option<u64>) {
        macro_rules! write {
            ($level:ident, $message:literal) => {
                tracing::event!(
                    target: "admit::gate::log",
                    tracing::Level::$level,
                    decision_id = %self.decision_id,
                    gate = &*self.gate,
                    outcome = self.outcome.as_str(),
                    reason = self.reason.as_deref(),
                    count,
                    token.ver = self.version.as_deref(),
                    token.tid = self.tid.as_deref(),
                    token.aud = self.aud.as_deref(),
                    expected = self.expected.as_deref(),
                    policy.version = self.policy.as_ref().map(|policy| &*policy.version),
                    policy.digest = self.policy.as_ref().map(|policy| &*policy.digest),
                    generation = self.generation,
                    duration_us = self.duration_us,
                    $message,
                    self.detail
                )
            };
        }
        match (self.outcome, count) {
            (Outcome::Failed, Some(_)) => write!(WARN, "no decision{}"),
            (Outcome::Failed, None) => write!(DEBUG, "no decision{}"),
            (_, Some(_)) => write!(INFO, "token refused{}"),
            (_, None) => write!(DEBUG, "token refused{}"),
        }
    }
}

/// The settings that speak against the token, as `name=value`: what an administrator compares with
/// what came. Settings hold no names of people.
fn expected(expected: &[Expected]) -> Option<String> {
    let shown = |Expected { setting, value, .. }: &Expected| {
        let value = value.as_ref().unwrap_or(&Value::Null).to_string();
        format!("{setting}={}", Shown::whole(&value))
    };
    let shown: Vec<_> = expected.iter().take(MAX_EXPECTED).map(shown).collect();
    (!shown.is_empty()).then(|| shown.join(" "))
}

fn shown(claims: Option<&VerifiedClaims>, name: &str) -> Option<String> {
    let text = match claims?.get(name)? {
        Value::String(text) => Shown::whole(text).to_string(),
        other => Shown::whole(&other.to_string()).to_string(),
    };
    Some(text)
}
