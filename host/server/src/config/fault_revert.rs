//! When a new release is taken back.

use std::time::Duration;

use admit::cases::shape;
use admit::cases::strict::{Form, seconds, whole};

shape! {
    /// When a release that fails soon after its activation is reverted by itself. A high share of refusals
    /// never reverts.
    pub struct FaultRevertConfig (Copy, Eq): Default {
        /// Decisions that must fail through the policy's fault.
        pub faults: u32 = "faults", faults().or(5);
        /// The time after the activation in which they count.
        pub within: Duration = "within_seconds", seconds(1..=86_400).or(Duration::from_secs(300));
    }
}

fn faults() -> Form<u32> {
    whole(1..=10_000)
        .map(|number| u32::try_from(number).unwrap_or(u32::MAX), |faults| (*faults).into())
}
