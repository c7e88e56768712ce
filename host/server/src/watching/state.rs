//! What is known of a source, for those who ask.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::tried::Tried;
use crate::store::TakenBack;

/// The names of what a source can be.
pub const SOURCE_STATES: [&str; 5] = ["waiting", "settling", "applied", "refused", "unreadable"];

/// What is known of a source. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct SourceState(Arc<Mutex<Seen>>);

/// What a source held the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// What is watched.
    pub path: String,
    /// One of [`SOURCE_STATES`]: `waiting` before something was found, `settling` while it may still be
    /// written, `applied`, `refused`, or `unreadable`.
    pub state: &'static str,
    /// The digest of what was found last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Why it was refused, or could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What has to change for it to be taken, and when it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// When it is tried again at the latest, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
}

impl SourceState {
    /// A source that was not looked at yet.
    pub fn new(path: &std::path::Path) -> Self {
        let (path, state) = (path.display().to_string(), "waiting");
        let (digest, error, waits_for, retry_at) = (None, None, None, None);
        Self(Arc::new(Mutex::new(Seen { path, state, digest, error, waits_for, retry_at })))
    }

    /// What is known now.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Notes which component was found.
    pub(super) fn found(&self, digest: &str) {
        self.lock().digest = Some(digest.to_owned());
    }

    /// Notes that there is no component to speak of.
    pub(super) fn note(&self, state: &'static str, error: Option<String>) {
        let seen = &mut *self.lock();
        (seen.state, seen.error, seen.waits_for, seen.retry_at) = (state, error, None, None);
    }

    /// Notes what came of the component that was found.
    pub(super) fn show(&self, tried: &Tried) {
        let state = match tried {
            Tried::Nothing => "waiting",
            Tried::Applied => "applied",
            Tried::Refused(_) | Tried::Waiting(_) | Tried::Ended(_) => "refused",
        };
        let seen = &mut *self.lock();
        (seen.state, seen.error) = (state, tried.error().map(str::to_owned));
        (seen.waits_for, seen.retry_at) = tried.waits_for();
    }

    /// Notes that the gate no longer has what was applied, since it kept failing.
    pub(super) fn show_taken_back(&self, taken: &TakenBack) {
        let waits_for = "other content, or an administrator who activates it with `--force`";
        let seen = &mut *self.lock();
        (seen.state, seen.error) = ("refused", Some(taken.to_string()));
        (seen.waits_for, seen.retry_at) = (Some(waits_for.to_owned()), None);
    }

    /// The lock guards plain values that are valid at every moment, so a poisoned one is fine.
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
