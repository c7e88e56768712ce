//! What was done, and by whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::names::names;
use crate::text;

/// A page of activities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Activities {
    /// The newest first.
    #[schemars(length(max = 200))]
    pub activities: Vec<Activity>,
    /// What `before` has to be for the next page. Absent when this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub next: Option<u64>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    /// Rises with each.
    #[schemars(range(min = 1))]
    pub id: u64,
    /// When it was done.
    #[schemars(with = "text::Time")]
    pub at: String,
    /// Who did it.
    pub actor: Actor,
    /// The gate concerned. Absent when it is about the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::GateName>")]
    pub gate: Option<String>,
    /// `added_…` and `deleted_…` for a value of a list, named by the policy's description; else
    /// `edited_setting`, `activated_policy`, `rejected_policy`, `started_candidate`,
    /// `ended_candidate`, `promoted_candidate`, `rolled_back`, `reverted_policy`,
    /// `took_back_release`, `set_aside_source`, `set_aside_policy`, `created_access` or
    /// `revoked_access`.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub kind: String,
    /// By type: the value under the name that the policy's description has for it; `setting` with
    /// `from` and `to`; `policy`, `version` and `digest`, with `step` and `error` when it was
    /// rejected, with `error` when a candidate ended because it could not go on; `id`, `name` and
    /// `role` of the access token.
    pub details: Map<String, Value>,
}

/// Who did something.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The name of the access token; `admit` for the server itself, `source` for a watched file.
    pub name: String,
    /// The role of the access token, or `system`.
    #[schemars(with = "ActorRole")]
    pub role: String,
    /// The id of the access token. Absent for a part of the server, and for what was done before
    /// ids were recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::AccessId>")]
    pub id: Option<String>,
}

names! {
    /// A role, or a part of the server.
    pub enum ActorRole {
        /// Everything.
        Admin = "admin",
        /// Policies and settings, from a repository.
        Gitops = "gitops",
        /// Reading.
        Maintainer = "maintainer",
        /// Reading.
        Observer = "observer",
        /// Decisions.
        Platform = "platform",
        /// A part of the server.
        System = "system",
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            actor if *actor == Self::server() => formatter.write_str("the server itself"),
            actor if *actor == Self::source() => formatter.write_str("its source"),
            Self { name, role, id: None } => write!(formatter, "`{name}` ({role})"),
            Self { name, role, id: Some(id) } => write!(formatter, "`{name}` ({role} {id})"),
        }
    }
}

impl Actor {
    /// The server itself: at its start, and when it reverts a release that fails.
    pub fn server() -> Self {
        Self { name: "admit".to_owned(), role: "system".to_owned(), id: None }
    }

    /// A watched file or directory.
    pub fn source() -> Self {
        Self { name: "source".to_owned(), role: "system".to_owned(), id: None }
    }
}
