//! Those who wait for room in the buffer of the log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often one who waits looks again without being woken.
const LOOK: Duration = Duration::from_millis(100);

/// Where threads wait.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiting: AtomicUsize,
    lock: Mutex<()>,
    freed: Condvar,
}

impl Room {
    /// Waits until `attempt` returns something.
    pub(super) fn wait<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let found = loop {
            if let Some(found) = attempt() {
                break found;
            }
            let woken = self.freed.wait_timeout(guard, LOOK);
            guard = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        found
    }

    /// Wakes one of those who wait.
    pub(super) fn freed(&self) {
        if self.waiting() > 0 {
            // Locked, so that nobody is between a vain attempt and waiting.
            let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.freed.notify_one();
        }
    }

    /// Wakes everybody who waits.
    pub(super) fn closed(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.freed.notify_all();
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}
