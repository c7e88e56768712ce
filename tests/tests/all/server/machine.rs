//! The state machine of a served gate, without HTTP: any sequence of changes, promotions, roll-backs
//! and restarts leaves what a small model says.

mod model;
mod real;

use std::cell::RefCell;
use std::collections::BTreeMap;

use admit_policies::WINDOWS_MDM_1;
use admit_server::gates::Mode;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};

use self::model::Model;
use self::real::Real;
use admit_tests::fixture::CLIENT;

const SEED: u64 = 0x41_44_4d_49_54;
const SEQUENCES: u32 = 24;
const LENGTH: std::ops::Range<usize> = 16..28;

const CLIENT_IDS: &str = "windows_entra_client_ids";
const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

/// What is done to a gate.
#[derive(Clone, Debug)]
enum Operation {
    Change(Wanted),
    /// A component that is none.
    Broken(Mode),
    /// Whether the settings are named that would stop counting.
    Promote(bool),
    EndCandidate,
    /// To the release before or to a generation, and as above.
    RollBack(Option<u64>, bool),
    /// The server ends and starts again on the same store.
    Restart,
}

/// Another policy, other settings, or both.
#[derive(Clone, Debug)]
struct Wanted {
    /// Of `windows-mdm`: 1 or 2.
    version: Option<u8>,
    /// From a watched file, which may not bring an older version.
    from_source: bool,
    patch: Value,
    /// Whether the settings are named that would stop counting.
    is_named: bool,
    mode: Mode,
    /// For the revision before the current one.
    is_stale: bool,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let mode = || prop_oneof![6 => Just(Mode::Activate), 1 => Just(Mode::DryRun), 2 => Just(Mode::Candidate)];
    let version = prop_oneof![2 => Just(None), 1 => Just(Some(1)), 2 => Just(Some(2))];
    let (rarely, seldom) = (prop::bool::weighted(0.1), prop::bool::weighted(0.15));
    let named = || prop::bool::weighted(0.6);
    let wanted = (version, seldom, select(patches()), named(), mode(), rarely).prop_map(
        |(version, from_source, patch, is_named, mode, is_stale)| {
            let from_source = from_source && version.is_some();
            Wanted { version, from_source, patch, is_named, mode, is_stale }
        },
    );
    let to = prop_oneof![3 => Just(None), 2 => (0_u64..6).prop_map(Some)];
    let operation = prop_oneof![
        12 => wanted.prop_map(Operation::Change),
        1 => mode().prop_map(Operation::Broken),
        2 => named().prop_map(Operation::Promote),
        1 => Just(Operation::EndCandidate),
        4 => (to, named()).prop_map(|(to, is_named)| Operation::RollBack(to, is_named)),
        1 => Just(Operation::Restart),
    ];
    prop::collection::vec(operation, LENGTH)
}

/// Few settings, so that most releases are kept and compile nothing.
fn patches() -> Vec<Value> {
    vec![
        json!({}),
        json!({CLIENT_IDS: [CLIENT]}),
        json!({CLIENT_IDS: [OTHER]}),
        json!({CLIENT_IDS: null}),
        json!({"scopes": ["mdm_delegation", "more"]}),
        json!({"scopes": null}),
        json!({CLIENT_IDS: []}),
        json!({CLIENT_IDS: [CLIENT], "scopes": null}),
        json!({CLIENT_IDS: ["nobody"]}),
        json!({"scope": []}),
        json!({"server_url": 1}),
    ]
}

/// Ways to drop a setting that sequences take too seldom to be sure of.
fn drops() -> Vec<Operation> {
    let change = |version, patch, mode| {
        let (from_source, is_named, is_stale) = (false, false, false);
        Operation::Change(Wanted { version, from_source, patch, is_named, mode, is_stale })
    };
    vec![
        change(Some(2), json!({CLIENT_IDS: [OTHER]}), Mode::Activate),
        change(Some(1), json!({}), Mode::Candidate),
        Operation::Promote(false),
        Operation::Promote(true),
        Operation::RollBack(None, false),
        Operation::RollBack(Some(3), false),
    ]
}

#[test]
fn any_sequence_of_operations_leaves_what_the_model_says() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    let config = ProptestConfig {
        cases: SEQUENCES,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(SEED),
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    };
    let play = |operations: Vec<Operation>| {
        let (mut model, mut real) = (Model::new(), Real::new());
        prop_assert_eq!(real.state(), model.state(), "at the start");
        for operation in &operations {
            let (expected, came) = (model.apply(operation), real.apply(operation));
            prop_assert_eq!(&came, expected, "{:?} in {:?}", operation, operations);
            prop_assert_eq!(real.state(), model.state(), "{:?} in {:?}", operation, operations);
            *seen.borrow_mut().entry(format!("{} {expected}", name(operation))).or_default() += 1;
        }
        Ok(())
    };
    let outcome = play(drops()).map_err(|error| error.to_string()).and_then(|()| {
        let played = TestRunner::new(config).run(&operations(), play);
        played.map_err(|error| error.to_string())
    });
    println!("{:?}", seen.borrow());
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let seen = seen.borrow();
    let missing: Vec<_> = DEMANDED.iter().filter(|one| !seen.contains_key(**one)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "{seen:?}");
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Change(Wanted { version: None, .. }) => "settings",
        Operation::Change(Wanted { from_source: true, .. }) => "source",
        Operation::Change(_) => "policy",
        Operation::Broken(_) => "broken",
        Operation::Promote(_) => "promote",
        Operation::EndCandidate => "end",
        Operation::RollBack(None, _) => "rollback",
        Operation::RollBack(Some(_), _) => "back to",
        Operation::Restart => "restart",
    }
}

/// What must have happened, or the sequences show nothing.
const DEMANDED: [&str; 33] = [
    "settings activated",
    "settings unchanged",
    "settings checked",
    "settings candidate",
    "settings changed_meanwhile",
    "settings misfits",
    "settings invalid",
    "policy activated",
    "policy unchanged",
    "policy checked",
    "policy dropped",
    "policy candidate",
    "policy changed_meanwhile",
    "policy misfits",
    "policy invalid",
    "source activated",
    "source inspect",
    "broken inspect",
    "promote activated",
    "promote dropped",
    "promote unchanged",
    "promote changed_meanwhile",
    "promote no_candidate",
    "end ended",
    "end no_candidate",
    "rollback activated",
    "rollback dropped",
    "back to activated",
    "back to dropped",
    "back to already_active",
    "back to unknown_generation",
    "rollback nothing_kept",
    "restart started",
];

#[test]
fn a_candidate_that_cannot_go_on_is_ended_and_told_of() {
    let mut real = Real::new();
    // The second was made before there was a release, of what was configured then.
    for (component, revision, version, error) in [
        (&b"(component)"[..], 1, Value::Null, "text"),
        (WINDOWS_MDM_1.component, 0, json!("1.0.0"), "changed since"),
    ] {
        real.keep_candidate(component, revision);
        real.close_store();
        real.open_store();
        assert_eq!(real.state().candidate, None);
        let told = real.newest_activity();
        assert_eq!(told.kind, "ended_candidate");
        assert_eq!(told.details.get("version").cloned().unwrap_or_default(), version);
        assert!(told.details["error"].as_str().unwrap().contains(error), "{told:?}");
        real.close_store();
        real.open_store();
        assert_eq!(real.newest_activity(), told, "once");
    }
}

#[test]
fn a_gate_whose_store_is_gone_decides_on_and_changes_nothing() {
    let (mut model, mut real) = (Model::new(), Real::new());
    let change = |version, patch, mode| {
        let (from_source, is_named, is_stale) = (false, true, false);
        Operation::Change(Wanted { version, from_source, patch, is_named, mode, is_stale })
    };
    for operation in
        [change(Some(1), json!({}), Mode::Activate), change(Some(2), json!({}), Mode::Candidate)]
    {
        assert_eq!(real.apply(&operation), model.apply(&operation));
    }
    let before = real.decided();
    real.close_store();
    let more = json!({"scopes": ["mdm_delegation", "more"]});
    for (operation, expected) in [
        (change(None, more.clone(), Mode::Activate), "persist"),
        (change(None, more, Mode::DryRun), "checked"),
        // What is known of other versions and of what was before cannot be read.
        (change(Some(2), json!({}), Mode::Activate), "store"),
        (Operation::RollBack(None, true), "store"),
        (Operation::Promote(true), "persist"),
    ] {
        assert_eq!(real.apply(&operation), expected, "{operation:?}");
        assert_eq!(real.decided(), before, "{operation:?}");
    }
    real.open_store();
    model.apply(&Operation::Restart);
    assert_eq!(real.state(), model.state());
}
