//! When a new release is taken back.

use std::time::Duration;

use super::read::Section;
use super::values;

/// When a release that fails soon after its activation is reverted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRevertConfig {
    /// Decisions that must fail through the policy's fault, 1 to 10000; 5 by default.
    pub faults: u32,
    /// The time after the activation in which they count. Whole seconds, 1 to 86400; 300 by default.
    pub within: Duration,
}

impl Default for FaultRevertConfig {
    fn default() -> Self {
        Self { faults: 5, within: Duration::from_secs(300) }
    }
}

impl FaultRevertConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let usual = Self::default();
        let faults = section.value("faults", values::whole(1..=10_000));
        let faults = faults.and_then(|faults| u32::try_from(faults).ok());
        let within = values::seconds(1..=86_400);
        Self {
            faults: faults.unwrap_or(usual.faults),
            within: section.value_or("within_seconds", usual.within, within),
        }
    }
}
