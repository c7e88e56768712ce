//! A release that decides in the shadow of the active one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::decision::{Expected, Outcome, PolicyRef};
use crate::evidence::Evidence;
use crate::names::names;
use crate::text;

/// A release that decides in the shadow of the active one, and what it decided otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The name of the gate.
    #[schemars(with = "text::GateName")]
    pub gate: String,
    /// Name, version and digest of the policy.
    pub policy: PolicyRef,
    /// The digest of policy and settings together.
    #[schemars(with = "text::Digest")]
    pub release: String,
    /// Since when it decides.
    #[schemars(with = "text::Time")]
    pub since: String,
    /// Policy or settings changed since it was made, so that it cannot be promoted. Absent when
    /// they did not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The settings that count now and no longer would: a promotion has to name them. Absent when
    /// there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub dropped: Vec<Expected>,
    /// The settings that are kept and would count again with a promotion. Absent when there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub restored: Vec<Expected>,
    /// What it found.
    #[serde(flatten)]
    pub found: Found,
}

/// What a candidate did so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Requests that it decided: those agreed and those differed.
    pub decided: u64,
    /// Of these, those that came out the same: outcome, reason, and on `allow` and `ask` the
    /// identity.
    pub agreed: u64,
    /// Of these, those that came out otherwise.
    pub differed: u64,
    /// Requests that it was not asked about, since too much was waiting.
    pub skipped: u64,
    /// Of those decided, those to which it came to no decision.
    pub failed: u64,
    /// The differences, the most frequent first.
    #[schemars(length(max = 257))]
    pub differences: Vec<Difference>,
    /// A few decisions that came out otherwise, the oldest first.
    pub examples: Vec<Example>,
}

/// How a decision came out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct ShortDecision {
    /// What was decided.
    pub outcome: Outcome,
    /// The code of the refusal. Absent on `allow` and `ask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Name>")]
    pub reason: Option<String>,
}

names! {
    /// In what two decisions differ.
    pub enum DifferenceKind {
        /// Outcome or reason.
        Decision = "decision",
        /// Only whom they name.
        Identity = "identity",
        /// Any; there were too many different differences.
        Other = "other",
    }
}

/// Decisions that differ in the same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// In what they differ.
    pub kind: DifferenceKind,
    /// What was decided. Absent when the kind is `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<ShortDecision>,
    /// What the candidate said. Absent when the kind is `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<ShortDecision>,
    /// How many decisions differ so, at least 1.
    #[schemars(range(min = 1))]
    pub count: u64,
}

/// A decision that came out otherwise, with nothing in it that names a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// When it was decided.
    #[schemars(with = "text::Time")]
    pub at: String,
    /// The decision, to be found in the logs.
    #[schemars(with = "text::DecisionId")]
    pub decision_id: Uuid,
    /// In what they differ.
    pub kind: DifferenceKind,
    /// What was decided.
    pub old: ShortDecision,
    /// What the candidate said.
    pub new: ShortDecision,
    /// The claims of `decision_log.claims`, each cut to 256 characters; a list or object as text.
    #[schemars(with = "ShownClaims")]
    pub claims: Map<String, Value>,
    /// What the refusals among the two point at. Absent when they point at nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub observed: Vec<Evidence>,
}

/// Values of claims, with nothing that names a person.
#[derive(Debug)]
pub struct ShownClaims;

impl JsonSchema for ShownClaims {
    fn schema_name() -> Cow<'static, str> {
        "ShownClaims".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Values of claims, each cut to 256 characters; a list or object as text.",
            "type": "object",
            "additionalProperties": {"oneOf": [
                {"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"},
            ]},
        })
    }
}
