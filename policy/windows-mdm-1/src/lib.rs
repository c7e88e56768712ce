//! The policy `windows-mdm` 1 as a component: Windows MDM enrolment with v1.0 tokens.

pub use windows_mdm::v1::*;

admit_guest::export!(WindowsMdm);
