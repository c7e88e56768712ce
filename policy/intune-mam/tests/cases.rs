//! The policy, natively, over its case file.
#![cfg(test)]

use intune_mam::IntuneMam;

const CASES: &str = include_str!("../../../tests/cases/intune-mam.yaml");

#[test]
fn decides_every_case_as_expected() {
    assert_eq!(admit_guest::testing::run::<IntuneMam>(CASES), [] as [String; 0]);
}
