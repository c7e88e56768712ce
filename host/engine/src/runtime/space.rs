//! How much address space this process may still take, and how many instances fit into it.

use crate::limits::Limits;

/// Address space behind a memory, so that an access just behind its end is noticed.
pub(super) const GUARD_BYTES: u64 = 64 * 1024;

/// The share of the address space that instances may take: compiling, threads and everything else
/// need some too.
const SHARE: u64 = 2;

/// The bytes of address space that are left; absent when there is no limit, or none that the system
/// says, which only Linux does.
pub(super) fn left() -> Option<u64> {
    let most = number(&std::fs::read_to_string("/proc/self/limits").ok()?, "Max address space")?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let taken = number(&status, "VmSize:").unwrap_or_default().saturating_mul(1024);
    Some(most.saturating_sub(taken))
}

/// The first number of the line that begins with `label`; absent when it has none.
fn number(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// How many instances fit into what is left, at most as many as are wanted.
pub(super) fn instances(left: Option<u64>, limits: &Limits) -> u32 {
    let Some(left) = left else { return limits.instances };
    let bytes = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let table = bytes(limits.table_elements).saturating_mul(8);
    let each = bytes(limits.memory_bytes).saturating_add(GUARD_BYTES).saturating_add(table);
    let fit = left / SHARE / each.max(1);
    u32::try_from(fit).unwrap_or(u32::MAX).min(limits.instances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_as_linux_writes_it() {
        let limits = "Max address space         6144000000           unlimited            bytes";
        assert_eq!(number(limits, "Max address space"), Some(6_144_000_000));
        let none = "Max address space         unlimited            unlimited            bytes";
        assert_eq!(number(none, "Max address space"), None);
        assert_eq!(number("VmPeak:\t 1 kB\nVmSize:\t  8192 kB", "VmSize:"), Some(8192));
    }

    #[test]
    fn as_many_instances_as_fit_into_half_of_what_is_left() {
        const MIB: u64 = 1024 * 1024;
        let fit = |left| instances(left, &Limits::default());
        assert_eq!(fit(None), 256);
        assert_eq!(fit(Some(1 << 40)), 256);
        assert_eq!(fit(Some(6_000 * MIB)), 185);
        assert_eq!(fit(Some(400 * MIB)), 12);
        assert_eq!(fit(Some(30 * MIB)), 0);
    }
}
