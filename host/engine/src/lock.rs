//! Locks that stay open after a panic.

use std::sync::{LockResult, Mutex, MutexGuard, PoisonError, TryLockError};

/// A lock for one thread at a time.
///
/// A lock of the standard library is poisoned once a thread panicked with it: what it guards may be half
/// changed, and everybody who locks it panics too. Admit keeps values behind locks that are valid at every
/// moment, so that a panic of one request stops no other.
///
/// INVARIANT: what is behind a lock is valid after every statement that changes it.
#[derive(Debug, Default)]
pub struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    /// Guards a value.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits until no other thread holds the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        held(self.0.lock())
    }

    /// The guard, unless another thread holds it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The value; the caller owns the lock alone.
    pub fn into_inner(self) -> T {
        held(self.0.into_inner())
    }
}

/// What a lock of the standard library gives, poisoned or not: for the same reason as [`Lock`], where it
/// takes a lock with readers or a condition to wait for.
pub fn held<G>(result: LockResult<G>) -> G {
    result.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_opens_after_a_panic_with_what_was_there() {
        let lock = Lock::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            *lock.lock() = 2;
            panic!("with the lock held");
        }));
        assert!(panicked.is_err());
        assert_eq!(*lock.lock(), 2);
        let guard = lock.try_lock();
        assert!(guard.is_some() && lock.try_lock().is_none());
        drop(guard);
        assert_eq!(lock.into_inner(), 2);
    }
}
