//! One log line per decision. Never the token, a part of it, or a name of a person.

use crate::claims::VerifiedClaims;
use crate::decision::{Decision, Expected, Outcome};
use crate::json::Value;
use crate::text::Shown;

/// Most settings that a line shows; a policy's rule names one or two.
const MAX_EXPECTED: usize = 4;

/// Writes the line: refusals are the caller's business, failures somebody's work.
pub(super) fn decided(
    decision: &Decision,
    claims: Option<&VerifiedClaims>,
    error: Option<&super::decide::RequestError>,
) {
    match decision.outcome {
        Outcome::Allow | Outcome::Ask => {
            tracing::debug!(
                decision_id = %decision.decision_id,
                gate = &*decision.gate,
                outcome = decision.outcome.as_str(),
                generation = decision.generation,
                duration_us = decision.duration_us,
                "decided"
            );
        }
        Outcome::Deny | Outcome::Invalid => {
            let token = Claims(claims);
            tracing::info!(
                decision_id = %decision.decision_id,
                gate = &*decision.gate,
                outcome = decision.outcome.as_str(),
                reason = decision.reason.as_deref(),
                token.ver = decision.token_version.as_deref(),
                token.tid = token.shown("tid"),
                token.aud = token.shown("aud"),
                expected = expected(&decision.expected),
                policy.version = decision.policy.as_ref().map(|policy| &*policy.version),
                policy.digest = decision.policy.as_ref().map(|policy| &*policy.digest),
                generation = decision.generation,
                duration_us = decision.duration_us,
                "token refused{}",
                detail(error)
            );
        }
        Outcome::Failed => {
            tracing::warn!(
                decision_id = %decision.decision_id,
                gate = &*decision.gate,
                outcome = decision.outcome.as_str(),
                reason = decision.reason.as_deref(),
                policy.version = decision.policy.as_ref().map(|policy| &*policy.version),
                policy.digest = decision.policy.as_ref().map(|policy| &*policy.digest),
                generation = decision.generation,
                duration_us = decision.duration_us,
                "no decision{}",
                detail(error)
            );
        }
    }
}

/// The settings that speak against the token, as `name=value`: what an administrator compares with
/// what came. Settings hold no names of people.
fn expected(expected: &[Expected]) -> Option<String> {
    let shown = |Expected { setting, value, .. }: &Expected| {
        let value = value.as_ref().unwrap_or(&serde_json::Value::Null).to_string();
        format!("{setting}={}", Shown::whole(&value))
    };
    let shown: Vec<_> = expected.iter().take(MAX_EXPECTED).map(shown).collect();
    (!shown.is_empty()).then(|| shown.join(" "))
}

fn detail(error: Option<&super::decide::RequestError>) -> String {
    error.map(|error| format!(": {}", crate::failure::error_chain(error))).unwrap_or_default()
}

struct Claims<'a>(Option<&'a VerifiedClaims>);

impl Claims<'_> {
    fn shown(&self, name: &str) -> Option<String> {
        let text = match self.0?.get(name)? {
            Value::String(text) => Shown::whole(text).to_string(),
            other => Shown::whole(&serde_json::Value::from(other).to_string()).to_string(),
        };
        Some(text)
    }
}
