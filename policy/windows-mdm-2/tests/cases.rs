//! The policy, natively, over its case file and over that of version 1.
#![cfg(test)]

use admit_guest::contract::Verdict;
use admit_guest::testing::{run, verdicts};
use windows_mdm_2::WindowsMdm;

const CASES: &str = include_str!("../../../tests/cases/windows-mdm-2.yaml");
const CASES_OF_VERSION_1: &str = include_str!("../../../tests/cases/windows-mdm-1.yaml");

#[test]
fn decides_every_case_as_expected() {
    assert_eq!(run::<WindowsMdm>(CASES), [] as [String; 0]);
}

#[test]
fn admits_every_case_that_version_1_admits() {
    let before = verdicts::<windows_mdm_1::WindowsMdm>(CASES_OF_VERSION_1).unwrap();
    let after = verdicts::<WindowsMdm>(CASES_OF_VERSION_1).unwrap();
    let is_allow = |verdict: &Verdict| matches!(verdict, Verdict::Allow(_));
    assert!(before.iter().filter(|(_, verdict)| is_allow(verdict)).count() > 20);
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        assert!(!is_allow(before) || is_allow(after), "{name}: {after:?}");
    }
}
