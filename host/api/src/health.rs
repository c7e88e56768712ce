//! Whether a server lives, and whether requests should be sent to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::names;

/// The process answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// Always this.
    pub status: LiveStatus,
}

names! {
    /// That the process answers.
    pub enum LiveStatus {
        /// It does.
        Live = "live",
    }
}

/// Requests should be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ready {
    /// Whether anything fails all the same.
    pub status: ReadyStatus,
    /// The checks that fail all the same. Absent when none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub failing: Vec<FailingCheck>,
}

names! {
    /// That requests should be sent.
    pub enum ReadyStatus {
        /// Nothing fails.
        Ready = "ready",
        /// Something of one gate or cloud does.
        Degraded = "degraded",
    }
}

/// No requests should be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotReady {
    /// Always this.
    pub status: NotReadyStatus,
    /// The checks that fail.
    #[schemars(length(min = 1))]
    pub failing: Vec<FailingCheck>,
}

names! {
    /// That no requests should be sent.
    pub enum NotReadyStatus {
        /// None should.
        NotReady = "not_ready",
    }
}

/// A check that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailingCheck {
    /// `draining`, `store`, `gates`, `gate.NAME`, `keys.CLOUD` or `decision_log`.
    #[schemars(regex(
        pattern = r"^(draining|store|gates|gate\.[a-z0-9-]+|keys\.[a-z-]+|decision_log)$"
    ))]
    pub check: String,
    /// Why it fails, one line.
    pub reason: String,
}
