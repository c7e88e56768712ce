//! Whether the store can be written, as status and readiness tell it.

use std::time::{Duration, Instant};

use super::StoreError;

use admit::lock::Lock;

/// Time that an operation may take before the store counts as stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What went wrong last, and how long the operation under way takes.
#[derive(Debug, Default)]
pub(super) struct Health(Lock<State>);

#[derive(Debug, Default)]
struct State {
    problem: Option<String>,
    /// What no other success mends.
    malformed: Option<String>,
    busy_since: Option<Instant>,
    /// What is under way is a backup, which takes as long as the store is large.
    is_copying: bool,
}

impl State {
    fn stuck_for(&self) -> Option<u64> {
        let since = self.busy_since.filter(|_| !self.is_copying)?;
        let took = since.elapsed();
        (took > PATIENCE).then_some(took.as_secs())
    }
}

impl Health {
    /// Notes that a change could not be stored.
    pub(super) fn failed(&self, error: &StoreError) {
        if let StoreError::Malformed { .. } = error {
            return self.is_malformed(error);
        }
        let problem = admit::failure::error_chain(error);
        let before = self.0.lock().problem.replace(problem.clone());
        if before.is_none() {
            tracing::error!(
                problem,
                "the store cannot be written; changes are refused until it can"
            );
        }
    }

    /// Notes that a part of the database cannot be read. Another part may be written all the same: this
    /// lasts until a restart.
    fn is_malformed(&self, error: &StoreError) {
        let problem = admit::failure::error_chain(error);
        if self.0.lock().malformed.replace(problem.clone()).is_none() {
            tracing::error!(
                problem,
                "the store is malformed; it counts as failing until a restart"
            );
        }
    }

    pub(super) fn succeeded(&self) {
        if self.0.lock().problem.take().is_some() {
            tracing::info!("the store can be written again");
        }
    }

    /// Whether the last change failed, and another one may succeed.
    pub(super) fn is_failing(&self) -> bool {
        self.0.lock().problem.is_some()
    }

    pub(super) fn begins(&self) {
        self.0.lock().busy_since = Some(Instant::now());
    }

    /// Notes that what is under way is a backup.
    pub(super) fn copies(&self) {
        self.0.lock().is_copying = true;
    }

    /// Whether a backup is under way.
    pub(super) fn is_copying(&self) -> bool {
        self.0.lock().is_copying
    }

    pub(super) fn ends(&self) {
        let mut state = self.0.lock();
        (state.busy_since, state.is_copying) = (None, false);
    }

    /// Why nothing can be stored; absent when something can.
    pub(super) fn problem(&self) -> Option<String> {
        let state = self.0.lock();
        let stuck = || state.stuck_for().map(|seconds| StoreError::Stuck { seconds }.to_string());
        state.malformed.clone().or_else(|| state.problem.clone()).or_else(stuck)
    }

    /// For how many seconds the operation under way has not answered; absent when it may still do so.
    pub(super) fn stuck_for(&self) -> Option<u64> {
        self.0.lock().stuck_for()
    }

    /// Behaves as if an operation had begun so long ago.
    #[cfg(test)]
    pub(super) fn began_before(&self, time: Duration) {
        self.0.lock().busy_since = Instant::now().checked_sub(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_takes_long_is_no_stuck_store() {
        let health = Health::default();
        let long_ago = || Instant::now().checked_sub(PATIENCE * 2);
        health.0.lock().busy_since = long_ago();
        let stuck = health.problem().expect("a problem");
        assert!(stuck.contains("has not answered for 20 s"), "{stuck}");
        health.copies();
        assert!(health.is_copying());
        assert_eq!(health.problem(), None);
        health.ends();
        assert!(!health.is_copying());
        health.0.lock().busy_since = long_ago();
        assert!(health.problem().is_some(), "the next operation is no backup");
    }
}
