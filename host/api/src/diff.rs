//! What `admit diff --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::comparison::{Decided, Kind, Part};
use crate::decision::{Identity, PolicyRef};

/// What `admit diff --format json` prints: which decisions change from the policy OLD to the policy
/// NEW on the same inputs. Equal arguments give equal bytes, unless an input is decided at the time
/// of this machine's clock. Absent members are left out, never `null`. May hold values of tokens
/// and settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Comparison of two policies")]
pub struct Diff {
    /// The policy OLD.
    pub old: PolicyRef,
    /// The policy NEW.
    pub new: PolicyRef,
    /// How many inputs both policies were asked about, by where they come from.
    pub inputs: Inputs,
    /// The settings of inputs that a policy does not describe, and that were left out when it was
    /// asked.
    pub settings_left_out: LeftOut,
    /// How many inputs were admitted (`allow`).
    pub admitted: Admitted,
    /// Inputs that both decide with the same outcome, reason, question and identity.
    pub equal: usize,
    /// The other inputs.
    pub changed: usize,
    /// The changed inputs by kind.
    pub kinds: Kinds,
    /// The kinds named by `--forbid` that were found. Not empty exactly when the exit code is 4.
    #[schemars(extend("items" = {"type": "string", "enum": ["narrowing", "widening", "identity"]}, "uniqueItems" = true))]
    pub forbidden: Vec<Kind>,
    /// Changes of the same kind, outcomes and reasons. By kind in the order above, the most
    /// frequent first.
    pub groups: Vec<Group>,
}

/// How many inputs both policies were asked about, by where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inputs {
    /// Cases of case files or of the components; equal ones count once.
    pub cases: usize,
    /// Lines of the log.
    pub log: usize,
    /// How many inputs, generated ones included, at least one of the policies decided; of the
    /// others the host refused the token, or the policy the settings. With none, nothing was
    /// compared, and the exit code is 3.
    pub decided: usize,
    /// Inputs made by variation of the others. Absent when none were wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
}

/// Inputs made by variation of the others. Absent when none were wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// How many were made.
    pub count: usize,
    /// What the variation started from; the same seed gives the same inputs.
    pub seed: u64,
    /// How many of them at least one of the policies decided.
    pub decided: usize,
}

/// The settings of inputs that a policy does not describe, and that were left out when it was
/// asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Those that OLD does not describe.
    #[schemars(extend("uniqueItems" = true))]
    pub old: Vec<String>,
    /// Those that NEW does not describe.
    #[schemars(extend("uniqueItems" = true))]
    pub new: Vec<String>,
}

/// How many inputs were admitted (`allow`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Admitted {
    /// By OLD.
    pub old: usize,
    /// By NEW.
    pub new: usize,
}

/// The changed inputs by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kinds {
    /// Less is admitted by NEW.
    pub narrowing: usize,
    /// More is admitted by NEW.
    pub widening: usize,
    /// Less is admitted by NEW, but only by a setting that OLD does not have: with the settings
    /// that both have, nothing is lost.
    pub new_setting: usize,
    /// As much is admitted, but as somebody else, or under another name.
    pub identity: usize,
    /// As much is admitted, with another reason or question.
    pub other: usize,
}

/// Changes of the same kind, outcomes and reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The direction.
    pub kind: Kind,
    /// How many there are.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// What OLD decides.
    pub old: Decided,
    /// What NEW decides.
    pub new: Decided,
    /// The first of them.
    pub example: Example,
}

/// One of the changes: where the input comes from, and what speaks for the decisions. For a
/// generated input, `file` and `case`, or `line` and `id`, are those of the input it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend(
    "dependentRequired" = {"generated": ["varied"], "varied": ["generated"], "id": ["line"]},
    "oneOf" = [{"required": ["file", "case"]}, {"required": ["line"]}],
))]
pub struct Example {
    /// The case file. Absent for a line of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The name of the case. Absent for a line of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The line of the log. Absent for a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<usize>,
    /// The `id` of that line. Absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number of a generated input. Absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub generated: Option<u32>,
    /// What differs from the input it was made from. For a generated input only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub varied: Option<Vec<Part>>,
    /// The claims, facts and settings that either refusal points at, and the settings that only one
    /// of the policies has.
    pub concerned: Vec<Part>,
    /// More of what OLD decides.
    pub old: Details,
    /// More of what NEW decides.
    pub new: Details,
}

/// More of what a policy decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Details {
    /// Who is named, by field. On `allow` and `ask` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Identity>")]
    pub identity: Option<Map<String, Value>>,
    /// What the host found. On `invalid` and `failed` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
