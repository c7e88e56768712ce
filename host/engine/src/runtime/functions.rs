//! Compiled functions, kept for components that share them.
//!
//! Sealing changes a component's data, not its functions, and so do new settings: with its
//! functions kept, a policy is compiled once, and each further release of it costs little more than
//! linking.

use std::borrow::Cow;
use std::collections::HashMap;

use wasmtime::CacheStore;

use crate::lock::Lock;

/// Bytes of keys and compiled functions; far more than the policies of a process come to.
const MAX_BYTES: usize = 24 * 1024 * 1024;

/// Compiled functions by the hash of what they were compiled from and for.
///
/// Lives in this process alone: compiled code from outside is never loaded.
#[derive(Debug, Default)]
pub(super) struct Functions(Lock<Kept>);

#[derive(Default)]
struct Kept {
    functions: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let kept = self.0.lock();
        kept.functions.get(key).cloned().map(Cow::Owned)
    }

    /// Starts anew when full: what is still in use is soon there again.
    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut kept = self.0.lock();
        let size = key.len() + value.len();
        if size > MAX_BYTES {
            return false;
        }
        if kept.bytes + size > MAX_BYTES {
            *kept = Kept::default();
        }
        kept.bytes += size;
        if let Some(before) = kept.functions.insert(key.to_vec(), value) {
            kept.bytes -= key.len() + before.len();
        }
        true
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} functions, {} bytes", self.functions.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_comes_back_until_the_room_is_used_up() {
        let functions = Functions::default();
        assert_eq!(functions.get(b"a"), None);
        assert!(functions.insert(b"a", vec![1]));
        assert!(functions.insert(b"a", vec![2]));
        assert_eq!(functions.get(b"a").as_deref(), Some([2].as_slice()));
        assert!(!functions.insert(b"huge", vec![0; MAX_BYTES]));
        assert!(functions.insert(b"large", vec![0; MAX_BYTES - 5]));
        assert_eq!(functions.get(b"a"), None);
        assert!(functions.get(b"large").is_some());
    }
}
