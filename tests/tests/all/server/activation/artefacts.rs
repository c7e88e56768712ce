//! Bad artefacts: the step that refuses each, and why.

use admit::cases::section::{self, PackedFile};
use admit_policies::WINDOWS_MDM_2;
use admit_tests::guests::{self, CONFIGURE, CoreModule, DECIDE, DESCRIBE};
use serde_json::{Value, json};

use crate::artefacts::no_policies;

/// An artefact with settings, the step that refuses it, and a part of the reason.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) component: Vec<u8>,
    pub(super) settings: Value,
    pub(super) step: &'static str,
    pub(super) reason: &'static str,
}

fn row(name: &'static str, component: Vec<u8>, step: &'static str, reason: &'static str) -> Row {
    Row { name, component, settings: json!({}), step, reason }
}

fn misbehave() -> CoreModule {
    CoreModule::misbehave()
}

/// The misbehaving policy with a text changed, or with more in its module.
fn changed(name: &'static str, core: &CoreModule, step: &'static str, reason: &'static str) -> Row {
    row(name, core.component(), step, reason)
}

/// Settings of the misbehaving policy that say what its `configure` does.
fn configure(mode: &'static str, reason: &'static str) -> Row {
    let settings = json!({"mode": mode});
    Row { settings, ..row(mode, misbehave().component(), "configure", reason) }
}

/// Version 2.0.1 with these cases in it.
fn packed(cases: &str) -> Vec<u8> {
    let good = guests::patched(WINDOWS_MDM_2.component, "2.0.0", "2.0.1");
    let file = PackedFile { name: "my.yaml".to_owned(), bytes: cases.as_bytes().to_vec() };
    section::write(&good, &[file]).unwrap()
}

const CASES: &str = "\
policy: windows-mdm
settings: {server_url: https://mdm.example.com, windows_entra_tenant_ids: []}
base: entra-v2
cases:
  - name: nobody is admitted
    expect: {deny: scope_missing}
";

/// Refused before anything of it runs.
pub(super) fn unread() -> Vec<Row> {
    let good = WINDOWS_MDM_2.component;
    let large = [good, &[0; 2 << 20]].concat();
    let files = no_policies().into_iter();
    let mut rows: Vec<_> =
        files.map(|file| row(file.name, file.bytes, "inspect", file.reason)).collect();
    rows.extend([
        row("too large", large, "inspect", "expected at most 2097152"),
        row(
            "broken cases",
            packed("policy: windows-mdm\ncase: []\n"),
            "inspect",
            "`case` is unknown; did you mean `cases`?",
        ),
        row(
            "cases of another",
            packed(&CASES.replace("-mdm", "-mam")),
            "inspect",
            "expected cases for",
        ),
        row(
            "same version, other bytes",
            guests::patched(good, "Decides who may enrol", "decides who may enrol"),
            "inspect",
            "is known with other content",
        ),
    ]);
    rows
}

/// Refused by what it does.
pub(super) fn misbehaving() -> Vec<Row> {
    let traps = "(func (param i32 i32 i32 i32 i64 i32) (result i32) (unreachable))";
    let loops = "(func (result i32) (loop (br 0)) (i32.const 0))";
    let configures = "(func (param i32 i32) (result i32) (unreachable))";
    let described = |from, to| CoreModule::with_bytes(from, to);
    let vector = "(global (mut v128) (v128.const i32x4 0 0 0 0))";
    // The snapshot needs a page to put the place and the length of the others.
    let full = misbehave().replacing("(memory (;0;) 1)", "(memory (;0;) 1 20)");
    let full = full.instead_of(
        CONFIGURE,
        "(func (param i32 i32) (result i32) (call $original (local.get 0) (local.get 1))
           (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))",
    );
    let dropped = "(data $one \"one\") (func (data.drop $one))";
    vec![
        changed(
            "endless describe",
            &misbehave().instead_of(DESCRIBE, loops),
            "inspect",
            "`describe`",
        ),
        changed(
            "no version",
            &described("1.0.0-guest", "1.0.0.guest"),
            "inspect",
            "semantic version",
        ),
        changed(
            "no name",
            &described("second_rule", "Second rule"),
            "inspect",
            "breaks the contract",
        ),
        changed("two memories", &misbehave().with("(memory 1)"), "inspect", "memor"),
        changed(
            "broken configure",
            &misbehave().instead_of(CONFIGURE, configures),
            "configure",
            "trapped",
        ),
        configure("abort", "the policy trapped"),
        configure("grow", "more memory than an instance may have"),
        configure("refuse_nothing", "the policy refused"),
        changed("a vector that lasts", &misbehave().with(vector), "inspect", "v128 globals"),
        changed("data that is dropped", &misbehave().with(dropped), "inspect", "`data.drop`"),
        changed("no memory left", &full, "seal", "could not be read: the policy trapped"),
        changed(
            "broken decide",
            &misbehave().instead_of(DECIDE, traps),
            "rehearse",
            "the probe decision failed",
        ),
        row(
            "its own cases fail",
            packed(CASES),
            "rehearse",
            "expected deny scope_missing, got deny no_tenants_configured",
        ),
    ]
}
