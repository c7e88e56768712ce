//! The policy, natively, over the cases of version 2 and over its own.
#![cfg(test)]

use admit_guest::testing::run_all;
use windows_mdm_3::WindowsMdm;

#[test]
fn decides_every_case_as_expected() {
    let own = include_str!("../cases.yaml");
    let files = [("windows-mdm-2.yaml", windows_mdm::v2::CASES), ("cases.yaml", own)];
    assert_eq!(run_all::<WindowsMdm>(&files), [] as [String; 0]);
}
