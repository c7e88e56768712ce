//! The fuzz targets for a moment, on any toolchain: every seed, then mutations of them. The same
//! inputs in every run but for what depends on the key of the process.

use admit_tests::fuzzing::{Mutator, TARGETS, Target, words};

/// Runs a target over its seeds and so many mutations.
fn run(name: &str, mutations: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = target.seeds();
    assert!(seeds.len() >= 5, "only {} seeds", seeds.len());
    seeds.iter().for_each(|seed| _ = try_one(target, seed));
    let mut mutator = Mutator::new(0x41_44_4d_49_54, words());
    let mut taken = 0;
    for _ in 0..mutations {
        let input = &seeds[mutator.below(seeds.len())];
        let other = &seeds[mutator.below(seeds.len())];
        taken += usize::from(try_one(target, &mutator.mutate(input, other)));
    }
    assert!(taken > 0, "no mutation was taken: the run never got past the first check");
    assert!(taken < mutations, "no mutation was refused");
}

/// Whether the reader takes this input; says which one it was that a target did not stand.
fn try_one(target: &Target, input: &[u8]) -> bool {
    std::panic::catch_unwind(|| (target.run)(input)).unwrap_or_else(|_| {
        panic!("{} does not stand b\"{}\"", target.name, input.escape_ascii());
    })
}

#[test]
fn token_bytes() {
    run("token_bytes", 60_000);
}

#[test]
fn header_json() {
    run("header_json", 60_000);
}

#[test]
fn payload_json() {
    run("payload_json", 30_000);
}

#[test]
fn jwk_set() {
    run("jwk_set", 30_000);
}

#[test]
fn settings() {
    run("settings", 100_000);
}

#[test]
fn case_file() {
    run("case_file", 60_000);
}

#[test]
fn component_bytes() {
    run("component_bytes", 1_500);
}

#[test]
fn soap_envelope() {
    run("soap_envelope", 60_000);
}

/// A mutator that made nothing new would make the other tests pass for nothing.
#[test]
fn mutations_differ_and_repeat() {
    let seed = b"{\"a\": [1, 2, 3]}".as_slice();
    let many = |seed_of_run| {
        let mut mutator = Mutator::new(seed_of_run, words());
        (0..1_000).map(|_| mutator.mutate(seed, b"other")).collect::<Vec<_>>()
    };
    let first = many(1);
    assert_eq!(first, many(1));
    assert_ne!(first, many(2));
    let distinct: std::collections::HashSet<_> = first.iter().collect();
    assert!(distinct.len() > 900, "only {}", distinct.len());
}
