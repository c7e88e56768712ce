//! What `admit replay --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::comparison::{Decided, Kind};
use crate::decision::PolicyRef;
use crate::names::names;
use crate::text;

/// What `admit replay --format json` prints: what a policy would have decided instead of what was
/// logged, in one log or several. Equal arguments give equal bytes. Absent members are left out, never
/// `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Replay of a decision log")]
pub struct Replayed {
    /// The policy that decided anew.
    pub policy: PolicyRef,
    /// Decisions that were made again. With none, the exit code is 3.
    pub replayed: u64,
    /// The lines that were not, by why.
    pub left_out: Vec<LeftOut>,
    /// Settings that the policy does not have.
    pub settings_left_out: Vec<String>,
    /// Claims and facts that the log does not have but for their kind; a value of that kind took
    /// their place.
    pub stand_ins: Vec<String>,
    /// Claims that the policy wants and that the log knows nothing of; they were taken as missing.
    pub unknown_claims: Vec<String>,
    /// Decisions that came out as they were logged.
    pub equal: u64,
    /// Decisions that came out otherwise.
    pub changed: u64,
    /// How many changes there are of each kind.
    pub kinds: Kinds,
    /// The kinds that `--forbid` names and that were found. With any, the exit code is 4.
    #[schemars(extend("items" = {"type": "string", "enum": ["narrowing", "widening"]}))]
    pub forbidden: Vec<Kind>,
    /// What came out as it was logged, the most frequent first.
    pub agreements: Vec<Agreement>,
    /// The changes by kind, the most frequent of a kind first.
    pub groups: Vec<Group>,
}

/// How many changes there are of each kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Kinds {
    /// Less is admitted.
    pub narrowing: u64,
    /// More is admitted.
    pub widening: u64,
    /// As much is admitted, with another reason or question.
    pub other: u64,
}

/// Lines that were not replayed for the same reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Why these lines were left out.
    pub why: Why,
    /// How many there are, at least 1.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// The log of the first. Absent with a single log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The number of the first, from 1.
    #[schemars(range(min = 1))]
    pub first_line: u64,
    /// What the policy says of the settings, or what an unreadable line looks like. Absent when
    /// there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

names! {
    /// Why a line was not replayed.
    pub enum Why {
        /// No line of a decision log.
        Unreadable = "unreadable",
        /// Another policy decided, and no gate was named.
        OtherPolicy = "other_policy",
        /// The token did not verify, or nothing could be decided.
        NoClaims = "no_claims",
        /// A value was too long for the log.
        Cut = "cut",
        /// The log does not have the release that decided, and no settings were given.
        NoRelease = "no_release",
        /// The policy refuses the settings.
        Settings = "settings",
        /// The log lacks claims that the host checks.
        Refused = "refused",
    }
}

/// Decisions that came out as they were logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// How many there are, at least 1.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// What was decided, then and now.
    pub decision: Decided,
}

/// Changes from one decision to the same other one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The direction.
    #[schemars(extend("type" = "string", "enum" = ["narrowing", "widening", "other"]))]
    pub kind: Kind,
    /// How many there are, at least 1.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// What was logged.
    pub old: Decided,
    /// What the policy decides.
    pub new: Decided,
    /// What the host found, when the policy fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The first of them, at most three.
    #[schemars(length(min = 1, max = 3))]
    pub examples: Vec<Example>,
}

/// Where a decision stands in the log.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// The log. Absent with a single log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The number of its line, from 1.
    #[schemars(range(min = 1))]
    pub line: u64,
    /// The decision.
    #[schemars(with = "text::DecisionId")]
    pub decision_id: Uuid,
    /// The caller's own id of the request. Absent when it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
