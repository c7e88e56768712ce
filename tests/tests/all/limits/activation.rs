//! Components that misbehave while they are activated: nothing changes, and the step is named.

use admit::decision::Outcome;
use admit::facts::Facts;
use admit::gate::Gate;
use admit::limits::Limits;
use admit::runtime::Runtime;
use admit_tests::fixture::{NOW, claims};
use admit_tests::guests::{CONFIGURE, CoreModule, DECIDE, DESCRIBE, REALLOC};
use serde::Deserialize;
use serde_json::json;

use super::{activate, decide, gate, windows_mdm};

/// A change of the misbehaving policy: `tests/attacks/activation.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    start: Option<String>,
    describe: Option<String>,
    configure: Option<String>,
    realloc: Option<String>,
    decide: Option<String>,
    text: Option<[String; 2]>,
    mode: Option<String>,
    /// The step, and the start of what the error says after naming it.
    says: String,
}

impl Row {
    fn component(&self) -> Vec<u8> {
        let mut core = match &self.text {
            Some([from, to]) => CoreModule::with_bytes(from, to),
            None => CoreModule::misbehave(),
        };
        if let Some(body) = &self.start {
            core = core.with(&format!("(func $begin {body})")).with("(start $begin)");
        }
        if let Some(body) = &self.describe {
            let function = format!(
                "(func (result i32) (local $answer i32) (local.set $answer (call $original)) {body} \
                 (local.get $answer))"
            );
            let recurse = "(func $recurse (call $recurse) (call $recurse))";
            core = core.with(recurse).instead_of(DESCRIBE, &function);
        }
        if let Some(body) = &self.decide {
            let function = format!("(func (param i32 i32 i32 i32 i64 i32) (result i32) {body})");
            core = core.instead_of(DECIDE, &function);
        }
        for (export, function) in [(CONFIGURE, &self.configure), (REALLOC, &self.realloc)] {
            core = function.iter().fold(core, |core, function| core.instead_of(export, function));
        }
        core.component()
    }

    fn expected(&self) -> String {
        let (step, rest) = self.says.split_once(": ").unwrap();
        format!("{step}: activation failed at step {step}: {rest}")
    }
}

/// A gate with a good release, and with limits for set-up that are reached at once.
fn good_gate() -> Gate {
    let limits = Limits { setup_fuel: 50_000_000, ..Limits::default() };
    let gate = gate("good", &Runtime::with_limits(limits).unwrap());
    gate.activate(windows_mdm()).unwrap();
    gate
}

#[test]
fn what_misbehaves_is_refused_and_the_good_release_goes_on() {
    let rows: Vec<Row> =
        serde_saphyr::from_str(include_str!("../../../attacks/activation.yaml")).unwrap();
    let gate = good_gate();
    let mut wrong = Vec::new();
    for row in rows {
        let settings = row.mode.as_ref().map_or_else(|| json!({}), |mode| json!({"mode": mode}));
        let error = activate(&gate, &row.component(), settings).err();
        let error = error.unwrap_or_else(|| "activated".into());
        if !error.starts_with(&row.expected()) || error.chars().any(char::is_control) {
            wrong.push(format!("{}: expected {:?}, got {error:?}", row.name, row.expected()));
        }
        let decision = decide(&gate, &claims(), &Facts::default(), NOW, false);
        let came = (decision.outcome(), decision.generation);
        assert_eq!(came, (Outcome::Allow, Some(1)), "after {}", row.name);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_configure_says_at_length_is_bounded() {
    let long = json!({"mode": "refuse_at_length"});
    let long = activate(&good_gate(), &CoreModule::misbehave().component(), long);
    assert!(long.unwrap_err().len() < 1_200);
}

#[test]
fn what_configure_leaves_in_memory_is_sealed_however_much_it_is() {
    let gate = gate("full", &Runtime::new().unwrap());
    activate(&gate, &CoreModule::misbehave().component(), json!({"mode": "fill"})).unwrap();
    for _ in 0..50 {
        let decision = decide(&gate, &claims(), &Facts::default(), NOW, true);
        assert_eq!(decision.outcome(), Outcome::Allow, "{:?}", decision.detail());
    }
}
