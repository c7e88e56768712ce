//! The lines of a decision log.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::decision::{Blame, Expected, Outcome, PolicyRef, Signature};
use crate::evidence::Evidence;
use crate::names::names;
use crate::question::Facts;
use crate::{shared, text};

/// Each line of the decision log of `admit serve`, which `admit replay` reads: a release that became
/// active, or a decision. All characters are printable ASCII, others are written as `\u` escapes. No line
/// holds the token or a part of it, or the name of a person. Absent members are left out, never `null`. A
/// reader has to accept further members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schemars(title = "Line of a decision log")]
pub enum Line {
    /// A policy with its settings that a gate decides with. Written when it becomes active, at every
    /// start, first in a file that is opened anew or was cut off, and again now and then before a decision
    /// of its gate.
    Release(Box<Release>),
    /// A decision. Every refusal and failure is logged; of those that admit or ask, the share that is
    /// configured, chosen by `decision_id`.
    Decision(Box<Decision>),
}

impl Line {
    /// The gate that it is about.
    pub fn gate(&self) -> &str {
        match self {
            Self::Release(release) => &release.gate,
            Self::Decision(decision) => &decision.gate,
        }
    }
}

/// A policy with its settings that a gate decides with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoggedRelease")]
pub struct Release {
    /// When it was logged.
    #[schemars(with = "text::Moment")]
    pub at: String,
    /// The name of the gate.
    pub gate: String,
    /// The number of the gate's activation; decisions carry it too.
    #[schemars(range(min = 1))]
    pub generation: u64,
    /// Name, version and digest of the policy.
    pub policy: PolicyRef,
    /// The SHA-256 of component and settings together.
    #[schemars(with = "text::Digest")]
    pub release: String,
    /// The settings as configured; what is left out has the policy's default.
    pub settings: Map<String, Value>,
    /// Settings of the gate that the policy does not know, and another one may. Absent when there are
    /// none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(extend("minProperties" = 1))]
    pub kept_settings: Map<String, Value>,
    /// The cloud whose tokens the gate takes.
    #[schemars(extend("enum" = ["public", "us-gov", "china"]))]
    pub cloud: String,
    /// The time after `exp`, and before `nbf` and `iat`, in which a token is accepted.
    #[schemars(range(max = 300))]
    pub leeway_seconds: u64,
    /// The longest accepted time from `iat` to `exp`.
    pub max_lifetime_seconds: u64,
    /// The claims that the policy is passed.
    pub wanted_claims: Vec<String>,
    /// The claims whose values are logged.
    pub logged_claims: Vec<String>,
}

/// A decision, compact, of bounded size, and without anything that may not be logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoggedDecision")]
pub struct Decision {
    /// When the decision was made.
    #[schemars(with = "text::Moment")]
    pub at: String,
    /// The time it was made for, in whole seconds since 1970: what the token's times were compared with.
    pub now: u64,
    /// The gate that decided.
    #[serde(with = "shared")]
    #[schemars(with = "String")]
    pub gate: Arc<str>,
    /// The answer of the decision carries it too.
    #[schemars(with = "text::DecisionId")]
    pub decision_id: Uuid,
    /// The caller's own id of the request, control characters escaped; of one longer than 40 characters
    /// only the length. Absent when the request had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What was decided.
    pub outcome: Outcome,
    /// The policy's code on `deny`, the host's on `invalid` and `failed`. Absent on `allow` and `ask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Name>")]
    pub reason: Option<String>,
    /// Whose fault it is that the token was not admitted. Absent on `allow` and `ask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
    /// What the host found, on `invalid` and `failed`; `…` stands for what the text quotes of a token, but
    /// for values of logged claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The facts that are wanted, on `ask`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<text::Name>", length(min = 1))]
    pub asks: Vec<String>,
    /// The policy that decided. Absent while the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The number of the gate's activation; the line of the release with this number says the settings.
    /// Absent while the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub generation: Option<u64>,
    /// The claim `ver`. Absent when the token did not verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::TokenVersion>")]
    pub token_version: Option<String>,
    /// What was not checked. Absent when everything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// How long the decision took, in microseconds.
    #[serde(default)]
    pub duration_us: u64,
    /// The values of the claims on the allow-list that the token had. A text is cut after 1,024 bytes, a
    /// longer value of another type left out; see `cut`. Absent when the token did not verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
    /// The kinds of the other claims that the policy was passed, but not their values. Absent when there
    /// were none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "BTreeMap<String, Kind>", extend("minProperties" = 1))]
    pub withheld: Map<String, Value>,
    /// The facts that the policy was passed. A text only if its name is on the allow-list of claims. Absent
    /// when there were none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Facts")]
    pub facts: Map<String, Value>,
    /// The kinds of the texts that are not in `facts`. Absent when there were none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "BTreeMap<String, Kind>", extend("minProperties" = 1))]
    pub withheld_facts: Map<String, Value>,
    /// The claims and facts whose values are not whole: the decision cannot be replayed. Absent when all
    /// are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub cut: Vec<String>,
    /// What came: the claims and facts that speak against the token, whatever `decision_log.claims` names;
    /// values that may name a person are withheld. On `deny` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub observed: Vec<Evidence>,
    /// What was expected: the settings concerned; the line of the release has their values whole. On
    /// `deny` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub expected: Vec<Expected>,
}

names! {
    /// What a value was that is not written.
    pub enum Kind {
        /// Any other text.
        Text = "text",
        /// The empty text.
        EmptyText = "empty_text",
        /// A text of more than 256 characters, or with control or other invisible characters.
        UnusableText = "unusable_text",
        /// An array of texts.
        Texts = "texts",
        /// A number that fits 64 bits.
        Integer = "integer",
        /// Another number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// Another array.
        Array = "array",
        /// An object.
        Object = "object",
        /// `null`.
        Null = "null",
    }
}
