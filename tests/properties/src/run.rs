//! Runs that are the same every time.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};

/// The seed of every run.
const SEED: u64 = 0x41_44_4d_49_54;

/// Tries so many values; a failure is shrunk and shown.
pub(crate) fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> TestCaseResult,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        max_global_rejects: cases.saturating_mul(16),
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(strategy, test);
    assert!(
        outcome.is_ok(),
        "{}",
        outcome.err().map(|error| error.to_string()).unwrap_or_default()
    );
}
