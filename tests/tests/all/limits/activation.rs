//! Components that misbehave while they are activated: nothing changes, and the step is named.

use admit::decision::Outcome;
use admit::facts::Facts;
use admit::gate::Gate;
use admit::limits::Limits;
use admit::runtime::Runtime;
use admit_tests::fixture::{NOW, claims};
use admit_tests::guests::{CONFIGURE, CoreModule, DECIDE, DESCRIBE, REALLOC};
use serde_json::{Value, json};

use super::{activate, decide, gate, windows_mdm};

const DESCRIBE_START: &str = "(func (result i32) (local $answer i32)
    (local.set $answer (call $original)) ";
const DECIDE_START: &str = "(func (param i32 i32 i32 i32 i64 i32) (result i32) ";

/// What is activated, with which settings, and the start of what the error says.
struct Row {
    name: &'static str,
    component: Vec<u8>,
    settings: Value,
    expected: String,
}

fn row(name: &'static str, core: CoreModule, expected: &'static str) -> Row {
    Row { name, component: core.component(), settings: json!({}), expected: expected.into() }
}

fn misbehave() -> CoreModule {
    CoreModule::misbehave()
}

/// Instead of `describe`.
fn describe(name: &'static str, body: &str, expected: &'static str) -> Row {
    let function = format!("{DESCRIBE_START} {body} (local.get $answer))");
    let recurse = "(func $recurse (call $recurse) (call $recurse))";
    row(name, misbehave().with(recurse).instead_of(DESCRIBE, &function), expected)
}

/// The description with one text changed.
fn description(from: &'static str, to: &str) -> Row {
    row(from, CoreModule::with_bytes(from, to), "")
}

/// A setting that tells `configure` what to do.
fn configure(mode: &'static str, expected: &'static str) -> Row {
    let settings = json!({"mode": mode});
    Row { settings, ..row(mode, misbehave(), expected) }
}

/// Instead of `decide`.
fn probe(name: &'static str, body: &str) -> Row {
    row(name, misbehave().instead_of(DECIDE, &format!("{DECIDE_START} {body})")), "")
}

/// Tries each on a gate that has a good release, and looks whether that one still decides.
fn refused(rows: Vec<Row>) {
    let gate = good_gate();
    let mut wrong = Vec::new();
    for Row { name, component, settings, expected } in rows {
        let error = activate(&gate, &component, settings).err();
        let error = error.unwrap_or_else(|| "activated".into());
        if !error.starts_with(&expected) || error.chars().any(char::is_control) {
            wrong.push(format!("{name}: expected {expected:?}, got {error:?}"));
        }
        still_decides(&gate, name);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// With limits for set-up that are reached at once.
fn good_gate() -> Gate {
    let limits = Limits { setup_fuel: 50_000_000, ..Limits::default() };
    let gate = gate("good", &Runtime::with_limits(limits).unwrap());
    gate.activate(windows_mdm()).unwrap();
    gate
}

fn still_decides(gate: &Gate, after: &str) {
    let decision = decide(gate, &claims(), &Facts::default(), NOW, false);
    assert_eq!(
        (decision.outcome(), decision.generation),
        (Outcome::Allow, Some(1)),
        "after {after}"
    );
}

#[test]
fn instantiation_is_limited() {
    let start =
        |body: &str| misbehave().with(&format!("(func $begin {body})")).with("(start $begin)");
    refused(vec![
        row(
            "endless start function",
            start("(loop (br 0))"),
            "inspect: activation failed at step inspect: `describe` failed: the policy used more \
             instructions than a call may",
        ),
        row(
            "start function that traps",
            start("(unreachable)"),
            "inspect: activation failed at step inspect: `describe` failed: the policy trapped: ",
        ),
        row(
            "start function that grows",
            start("(drop (memory.grow (i32.const 4000)))"),
            "inspect: activation failed at step inspect: `describe` failed: the policy wanted more \
             memory than an instance may have",
        ),
        row(
            "start function that recurses",
            start("(call $begin) (call $begin)"),
            "inspect: activation failed at step inspect: `describe` failed: the policy called \
             itself too deeply",
        ),
    ]);
}

#[test]
fn describe_is_limited() {
    refused(vec![
        describe(
            "endless",
            "(loop (br 0))",
            "inspect: activation failed at step inspect: `describe` failed: the policy used more \
             instructions than a call may",
        ),
        describe(
            "trap",
            "(unreachable)",
            "inspect: activation failed at step inspect: `describe` failed: the policy trapped: ",
        ),
        describe(
            "growth",
            "(drop (memory.grow (i32.const 4000)))",
            "inspect: activation failed at step inspect: `describe` failed: the policy wanted more \
             memory",
        ),
        describe(
            "recursion",
            "(call $recurse)",
            "inspect: activation failed at step inspect: `describe` failed: the policy called \
             itself too deeply",
        ),
        describe(
            "a name of 8 MiB",
            "(drop (memory.grow (i32.const 128)))
             (i32.store offset=4 (local.get $answer) (i32.const 0x800000))",
            "inspect: activation failed at step inspect: `describe` failed: the policy returned \
             more data than an answer may hold",
        ),
        describe(
            "a name outside memory",
            "(i32.store offset=0 (local.get $answer) (i32.const -16))",
            "inspect: activation failed at step inspect: `describe` failed: the policy trapped: ",
        ),
    ]);
}

#[test]
fn a_description_that_breaks_the_contract_is_refused() {
    const START: &str = "inspect: activation failed at step inspect: the description breaks the \
                         contract: ";
    let rows = [
        ("1.0.0-guest", "1.0.0.guest", "version: `1.0.0.guest` is not a semantic version"),
        ("second_rule", "Second rule", "rules: `Second rule` is not a name"),
        ("account.bot", "account\r\nb.", r"facts: `account\r\nb.` is not a name"),
        ("called_before", "token.unknown", "reasons: `token.unknown` is kept for the host"),
    ];
    let rows = rows.map(|(from, to, expected)| Row {
        expected: format!("{START}{expected}"),
        ..description(from, to)
    });
    refused(rows.into());
}

#[test]
fn configure_is_limited() {
    refused(vec![
        configure(
            "loop",
            "configure: activation failed at step configure: `configure` failed: the policy used \
             more instructions than a call may",
        ),
        configure(
            "grow",
            "configure: activation failed at step configure: `configure` failed: the policy wanted \
             more memory than an instance may have",
        ),
        configure(
            "recurse",
            "configure: activation failed at step configure: `configure` failed: the policy called \
             itself too deeply",
        ),
        configure(
            "abort",
            "configure: activation failed at step configure: `configure` failed: the policy \
             trapped: ",
        ),
        configure(
            "refuse_too_much",
            "configure: activation failed at step configure: `configure` failed: the policy \
             returned more data than an answer may hold",
        ),
        row(
            "endless configure without settings",
            misbehave().instead_of(
                CONFIGURE,
                "(func (param i32 i32) (result i32) (loop (br 0)) (i32.const 0))",
            ),
            "configure: activation failed at step configure: `configure` failed: the policy used \
             more instructions than a call may",
        ),
        Row {
            settings: json!({"mode": "x".repeat(1_000)}),
            ..row(
                "endless realloc",
                misbehave().instead_of(
                    REALLOC,
                    "(func (param i32 i32 i32 i32) (result i32) (loop (br 0)) (i32.const 0))",
                ),
                "configure: activation failed at step configure: `configure` failed: the policy \
                 used more instructions than a call may",
            )
        },
    ]);
}

#[test]
fn what_configure_says_is_shown_bounded_and_escaped() {
    refused(vec![
        configure("refuse", "configure: activation failed at step configure: mode: bad mode"),
        configure(
            "refuse_unknown",
            r"configure: activation failed at step configure: no_such_setting: two\r\nlines\u{1b}[2J",
        ),
        configure(
            "refuse_nothing",
            "configure: activation failed at step configure: the policy refused",
        ),
        configure(
            "refuse_at_length",
            "configure: activation failed at step configure: mode: long long",
        ),
    ]);
    let gate = good_gate();
    let long = activate(&gate, &misbehave().component(), json!({"mode": "refuse_at_length"}));
    assert!(long.unwrap_err().len() < 1_200);
}

#[test]
fn a_policy_that_cannot_decide_is_not_activated() {
    const PROBE: &str = "rehearse: activation failed at step rehearse: the probe decision failed: ";
    let rows = [
        ("trap", "(unreachable)", "the policy trapped: "),
        ("endless", "(loop (br 0)) (i32.const 0)", "the policy used more instructions"),
        ("growth", "(memory.grow (i32.const 4000))", "the policy wanted more memory"),
        ("answer outside memory", "(i32.const -16)", "the policy trapped: "),
        ("answer of nothing", "(i32.const 32)", "the policy's answer breaks the contract: "),
    ];
    let rows = rows.map(|(name, body, expected)| Row {
        expected: format!("{PROBE}{expected}"),
        ..probe(name, body)
    });
    refused(rows.into());
}

#[test]
fn what_configure_leaves_in_memory_is_sealed_however_much_it_is() {
    let gate = gate("full", &Runtime::new().unwrap());
    activate(&gate, &misbehave().component(), json!({"mode": "fill"})).unwrap();
    for _ in 0..50 {
        let decision = decide(&gate, &claims(), &Facts::default(), NOW, true);
        assert_eq!(decision.outcome(), Outcome::Allow, "{:?}", decision.detail());
    }
}
