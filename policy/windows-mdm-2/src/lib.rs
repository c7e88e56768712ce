//! The policy `windows-mdm` 2 as a component: Windows MDM enrolment with v1.0 and v2.0 tokens.

pub use windows_mdm::v2::*;

admit_guest::export!(WindowsMdm);
