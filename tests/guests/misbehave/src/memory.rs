//! Many texts in one place, which safe Rust has no words for.

/// `count` texts of `bytes` bytes each, all of them the same bytes in memory.
///
/// The host is meant to refuse them. Were they given back to the allocator, it would be corrupted,
/// so they must not be dropped in this instance.
#[expect(unsafe_code, reason = "a hostile guest does not ask whether a text has one owner")]
pub(crate) fn aliased(count: usize, bytes: usize) -> Vec<String> {
    let shared = "a".repeat(bytes).leak().as_mut_ptr();
    let alias = || {
        // SAFETY: not sound; see above.
        unsafe { String::from_raw_parts(shared, bytes, bytes) }
    };
    (0..count).map(|_| alias()).collect()
}
