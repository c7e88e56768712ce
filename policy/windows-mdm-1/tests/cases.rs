//! The policy, natively, over its case file.
#![cfg(test)]

use windows_mdm_1::WindowsMdm;

const CASES: &str = include_str!("../../../tests/cases/windows-mdm-1.yaml");

#[test]
fn decides_every_case_as_expected() {
    assert_eq!(admit_guest::testing::run::<WindowsMdm>(CASES), [] as [String; 0]);
}
