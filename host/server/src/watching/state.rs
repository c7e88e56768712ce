//! What is known of a source, for those who ask.

use std::sync::Arc;

use admit_api::status::{SourceState, SourceStatus};

use super::tried::Tried;
use crate::store::TakenBack;
use admit::lock::Lock;

/// What is known of a source. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct SourceView(Arc<Lock<SourceStatus>>);

impl SourceView {
    pub fn new(path: &std::path::Path) -> Self {
        let (path, state) = (path.display().to_string(), SourceState::Waiting);
        let (digest, error, waits_for, retry_at) = (None, None, None, None);
        Self(Arc::new(Lock::new(SourceStatus { path, state, digest, error, waits_for, retry_at })))
    }

    /// What is known now.
    pub fn seen(&self) -> SourceStatus {
        self.0.lock().clone()
    }

    pub(super) fn found(&self, digest: &str) {
        self.0.lock().digest = Some(digest.to_owned());
    }

    /// Notes that there is no component to speak of.
    pub(super) fn note(&self, state: SourceState, error: Option<String>) {
        let seen = &mut *self.0.lock();
        (seen.state, seen.error, seen.waits_for, seen.retry_at) = (state, error, None, None);
    }

    /// Notes what came of the component that was found.
    pub(super) fn show(&self, tried: &Tried) {
        let state = match tried {
            Tried::Nothing => SourceState::Waiting,
            Tried::Applied => SourceState::Applied,
            Tried::Refused(_) | Tried::Waiting(_) | Tried::Ended(_) => SourceState::Refused,
        };
        let seen = &mut *self.0.lock();
        (seen.state, seen.error) = (state, tried.error().map(str::to_owned));
        (seen.waits_for, seen.retry_at) = tried.waits_for();
    }

    /// Notes that the gate no longer has what was applied, since it kept failing.
    pub(super) fn show_taken_back(&self, taken: &TakenBack) {
        let waits_for = "other content, or an administrator who activates it with `--force`";
        let seen = &mut *self.0.lock();
        (seen.state, seen.error) = (SourceState::Refused, Some(taken.to_string()));
        (seen.waits_for, seen.retry_at) = (Some(waits_for.to_owned()), None);
    }
}
