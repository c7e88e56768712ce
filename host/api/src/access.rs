//! Access tokens, and what their holders may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::names;
use crate::text;

names! {
    /// What the holder of an access token may do.
    pub enum Role {
        /// Everything.
        Admin = "admin",
        /// Policies and settings, from a repository. `maintainer` and
        Gitops = "gitops",
        /// Reading.
        Maintainer = "maintainer",
        /// Reading.
        Observer = "observer",
        /// Decisions.
        Platform = "platform",
    }
}

/// An access token to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewAccess {
    /// Who or what it is for.
    #[schemars(with = "text::AccessName")]
    pub name: String,
    /// What its holder may do.
    pub role: Role,
}

/// A new access token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedAccess {
    /// Its public part.
    #[schemars(with = "text::AccessId")]
    pub id: String,
    /// Who or what it is for.
    #[schemars(with = "text::AccessName")]
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// The whole token. Shown once and kept nowhere.
    #[schemars(regex(pattern = r"^admit_[A-Za-z0-9_-]{8}_[A-Za-z0-9_-]{43}$"))]
    pub token: String,
}

/// An access token, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Access {
    /// Its public part.
    #[schemars(with = "text::AccessId")]
    pub id: String,
    /// Who or what it is for.
    #[schemars(with = "text::AccessName")]
    pub name: String,
    /// What its holder may do.
    #[schemars(with = "Role")]
    pub role: String,
    /// When it was created.
    #[schemars(with = "text::Time")]
    pub created_at: String,
    /// The name of the access token that created it; `admit` for the server itself.
    pub created_by: String,
    /// The id of the access token that created it. Absent for the server itself, and for what was
    /// created before ids were recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::AccessId>")]
    pub created_by_id: Option<String>,
    /// When it was revoked. Absent while it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Time>")]
    pub revoked_at: Option<String>,
}

/// A page of the access tokens there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccessList {
    /// The newest first.
    pub access: Vec<Access>,
    /// `before` of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub next: Option<u64>,
}

/// What an endpoint asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Nothing: anybody who reaches the listener.
    Open,
    /// To have tokens decided.
    Decide,
    /// To see settings, releases, activities and the state.
    Read,
    /// To change policies and settings.
    Write,
    /// To create, list and revoke access tokens, and to copy the store, which holds their digests.
    Access,
}

impl Role {
    /// Whether this role has a right. The table in `docs/api.md` says the same.
    pub fn may(self, right: Right) -> bool {
        match right {
            Right::Open => true,
            Right::Decide => matches!(self, Self::Admin | Self::Platform),
            Right::Read => self != Self::Platform,
            Right::Write => matches!(self, Self::Admin | Self::Gitops),
            Right::Access => self == Self::Admin,
        }
    }
}
