//! Roles, and what each may do.

use std::fmt;
use std::str::FromStr;

/// What the holder of an access token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Admin,
    /// Policies and settings, from a repository.
    Gitops,
    /// Reading.
    Maintainer,
    /// Reading.
    Observer,
    /// Decisions, for a platform that is sent tokens.
    Platform,
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

/// A name that no role has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such role; expected `admin`, `gitops`, `maintainer`, `observer` or `platform`")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::Gitops, Self::Maintainer, Self::Observer, Self::Platform];

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

    /// The role's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Gitops => "gitops",
            Self::Maintainer => "maintainer",
            Self::Observer => "observer",
            Self::Platform => "platform",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}
