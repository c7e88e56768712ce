//! The releases that a gate had.
//!
//! What the store holds as text stays text: of a damaged row a list shows what is left.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activation::StepName;
use crate::activity::Actor;
use crate::decision::{Expected, PolicyRef};
use crate::names::names;
use crate::text;

/// A page of the attempts to give a gate another release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Releases {
    /// The newest first.
    #[schemars(length(max = 200))]
    pub releases: Vec<Attempt>,
    /// What `before` has to be for the next page. Absent when this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub next: Option<u64>,
}

/// An attempt to give a gate another release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Rises with each.
    #[schemars(range(min = 1))]
    pub id: u64,
    /// When it was made.
    #[schemars(with = "text::Time")]
    pub at: String,
    /// Who asked for it.
    pub actor: Actor,
    /// What led to it.
    #[schemars(with = "Action")]
    pub action: String,
    /// The policy. Absent when the artefact could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The digest of policy and settings together. Absent when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Digest>")]
    pub release: Option<String>,
    /// The gate's generation since. Absent when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub generation: Option<u64>,
    /// What came of it.
    pub result: AttemptResult,
    /// The step that failed. Absent when activated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<StepName>")]
    pub step: Option<String>,
    /// Why, one line. Absent when activated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether the gate decides with it now.
    pub active: bool,
    /// The settings that are configured and do not count with the active release. Absent when there
    /// are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub not_counting: Vec<Expected>,
    /// Why the release is known to fail. Absent when it is not, or when somebody has forced it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
}

names! {
    /// What came of it.
    pub enum AttemptResult {
        /// The gate decided with it.
        Activated = "activated",
        /// It was not activated.
        Refused = "refused",
    }
}

names! {
    /// What led to it.
    pub enum Action {
        /// The server started.
        Start = "start",
        /// Another policy was asked for.
        Policy = "policy",
        /// Other settings were.
        Settings = "settings",
        /// A candidate was promoted.
        Promote = "promote",
        /// Somebody went back.
        Rollback = "rollback",
        /// The server went back by itself, because the release kept failing.
        Revert = "revert",
        /// A watched file changed.
        Source = "source",
    }
}

/// Why a release is known to fail: it kept failing soon after its activation, and the server took it
/// back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TakenBack {
    /// Name, version and digest of the policy.
    pub policy: PolicyRef,
    /// The digest of policy and settings together.
    #[schemars(with = "text::Digest")]
    pub release: String,
    /// When it was taken back.
    #[schemars(with = "text::Time")]
    pub at: String,
    /// The decisions that had failed by then.
    #[schemars(range(min = 1))]
    pub faults: u32,
    /// The reason of the last of them.
    #[schemars(with = "text::Name")]
    pub reason: String,
    /// What failed then, one line.
    pub error: String,
}
