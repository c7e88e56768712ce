//! Who does something.

use std::fmt;

use serde::Serialize;

/// Who changed something: the name and role of an access token, or of a part of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The name of the access token, `admit` for the server itself, `source` for a watched file.
    pub name: String,
    /// The role's name, or `system`.
    pub role: String,
    /// The id of the access token; absent for a part of the server, and for what was done before ids
    /// were recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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
