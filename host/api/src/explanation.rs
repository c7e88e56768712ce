//! What `admit explain --output json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::{PolicyRef, Presentation};
use crate::text;

/// What `admit explain --output json` prints: what each policy that was asked says under a name.
/// Absent members are left out, never `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Explanation of a reason or rule")]
pub struct Explanation {
    /// What was asked for: the code of a reason, or the name of a rule.
    pub name: String,
    /// What is known under that name.
    #[schemars(length(min = 1))]
    pub found: Vec<Found>,
}

/// A reason or a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["reason"]}, {"required": ["rule", "policy"]}]))]
pub struct Found {
    /// The policy that says so. Absent for a reason of the host that the policies do not word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// A reason for a refusal. Absent when this is a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// A rule of the policy. Absent when this is a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
}

/// A reason for a refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What happened, one sentence for an administrator.
    #[schemars(with = "text::Text")]
    pub title: String,
    /// What to change and where.
    #[schemars(with = "text::Text")]
    pub remedy: String,
    /// What the platform answers to its caller.
    pub presentation: Presentation,
}

/// A rule of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// What must be so.
    #[schemars(with = "text::Text")]
    pub summary: String,
    /// Its place in the order in which the rules are applied, from 1.
    #[schemars(range(min = 1))]
    pub place: usize,
    /// How many rules the policy has.
    #[schemars(range(min = 1))]
    pub of: usize,
}
