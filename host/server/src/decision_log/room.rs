//! Threads that wait for room in the buffer of the log.

use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use admit::lock::{Lock, held};

/// How often a waiting thread looks again without being woken.
const LOOK: Duration = Duration::from_millis(100);

/// Where threads wait.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiting: AtomicUsize,
    lock: Lock<()>,
    freed: Condvar,
}

impl Room {
    /// Waits until `attempt` returns something.
    pub(super) fn wait<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock();
        let found = loop {
            if let Some(found) = attempt() {
                break found;
            }
            let woken = self.freed.wait_timeout(guard, LOOK);
            guard = held(woken).0;
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        found
    }

    /// Wakes one waiting thread.
    pub(super) fn freed(&self) {
        if self.waiting() > 0 {
            // Locked, so that no thread is between a failed attempt and its wait.
            let _guard = self.lock.lock();
            self.freed.notify_one();
        }
    }

    /// Wakes every waiting thread.
    pub(super) fn closed(&self) {
        let _guard = self.lock.lock();
        self.freed.notify_all();
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}
