//! What a gate had last, kept so that going back to it compiles nothing.

use std::sync::Arc;

use admit::release::{Inspected, Release};

/// Bytes of what is kept together; the newest is kept however large it is.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Something that compiling made.
pub(super) trait Kept: Clone {
    /// What names it.
    fn digest(&self) -> &str;

    /// About how much memory it takes.
    fn bytes(&self) -> usize;
}

impl Kept for Inspected {
    fn digest(&self) -> &str {
        &self.policy().digest
    }

    fn bytes(&self) -> usize {
        self.kept_bytes()
    }
}

impl Kept for Arc<Release> {
    fn digest(&self) -> &str {
        Release::digest(self)
    }

    fn bytes(&self) -> usize {
        self.kept_bytes()
    }
}

/// The newest few, the newest first.
#[derive(Clone, Debug)]
pub(super) struct Recent<T> {
    kept: Vec<T>,
    most: usize,
}

impl<T: Kept> Recent<T> {
    /// Keeps nothing yet, and at most this number.
    pub(super) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), most }
    }

    /// The one with this digest.
    pub(super) fn get(&self, digest: &str) -> Option<&T> {
        self.kept.iter().find(|one| one.digest() == digest)
    }

    /// Keeps one as the newest.
    pub(super) fn keep(&mut self, one: T) {
        self.keep_within(one, MAX_BYTES);
    }

    /// Forgets the one with this digest.
    pub(super) fn forget(&mut self, digest: &str) {
        self.kept.retain(|one| one.digest() != digest);
    }

    fn keep_within(&mut self, one: T, most_bytes: usize) {
        self.forget(one.digest());
        self.kept.insert(0, one);
        self.kept.truncate(self.most);
        let mut bytes = 0;
        let fit = self.kept.iter().take_while(|one| {
            bytes += one.bytes();
            bytes <= most_bytes
        });
        let fit = fit.count().max(1);
        self.kept.truncate(fit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Sized(&'static str, usize);

    impl Kept for Sized {
        fn digest(&self) -> &str {
            self.0
        }

        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn kept(most: usize, most_bytes: usize) -> Vec<&'static str> {
        let mut recent = Recent::new(most);
        for one in [Sized("a", 3), Sized("b", 2), Sized("a", 3), Sized("c", 4)] {
            recent.keep_within(one, most_bytes);
        }
        recent.kept.iter().map(|one| one.0).collect()
    }

    #[test]
    fn the_newest_are_kept_as_far_as_number_and_bytes_go() {
        assert_eq!(kept(3, 9), ["c", "a", "b"], "once each");
        assert_eq!(kept(2, 9), ["c", "a"]);
        assert_eq!(kept(3, 8), ["c", "a"]);
        assert_eq!(kept(3, 6), ["c"]);
        assert_eq!(kept(3, 0), ["c"], "the newest, however large it is");
    }
}
