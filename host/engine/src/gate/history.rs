//! The releases a gate had, for roll-back.

use std::sync::Arc;

use crate::release::Release;

/// Bytes of code and snapshots of the kept releases together; the last one is kept however large.
const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;

/// The generation counter and the releases before the active one, the last first.
pub(super) struct History {
    generation: u64,
    before: Vec<Arc<Release>>,
    kept: usize,
}

impl History {
    pub(super) fn new(kept: usize) -> Self {
        Self { generation: 0, before: Vec::new(), kept }
    }

    /// Lets numbers go on after `generation`.
    pub(super) fn go_on_after(&mut self, generation: u64) {
        self.generation = self.generation.max(generation);
    }

    /// The number of the last activation.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The number of the next activation. Numbers only rise.
    pub(super) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Keeps a release that is no longer active.
    pub(super) fn keep(&mut self, release: Arc<Release>) {
        self.before.insert(0, release);
        self.before.truncate(self.kept);
        let mut bytes = 0;
        let fit = self.before.iter().take_while(|release| {
            bytes += release.kept_bytes();
            bytes <= MAX_KEPT_BYTES
        });
        let fit = fit.count().max(1);
        self.before.truncate(fit);
    }

    /// The kept release with this digest.
    pub(super) fn kept(&self, digest: &str) -> Option<Arc<Release>> {
        self.before.iter().find(|release| **release.digest() == *digest).map(Arc::clone)
    }

    /// Forgets a release that is active again.
    pub(super) fn forget(&mut self, digest: &str) {
        self.before.retain(|release| **release.digest() != *digest);
    }

    /// Takes the release that was active before.
    pub(super) fn take_last(&mut self) -> Option<Arc<Release>> {
        if self.before.is_empty() { None } else { Some(self.before.remove(0)) }
    }
}
