//! Modules that want more than a policy may have, before any of their code runs.

use admit::release::Inspected;
use admit::runtime::Runtime;
use admit_tests::guests::CoreModule;

use super::chain;

fn with(fields: &str) -> CoreModule {
    CoreModule::misbehave().with(fields)
}

#[test]
fn memories_tables_and_features_are_limited() {
    let runtime = Runtime::new().unwrap();
    let large = CoreModule::misbehave().replacing("(memory (;0;) 1)", "(memory (;0;) 300)");
    let tables =
        CoreModule::misbehave().replacing("(table (;0;) 24 24", "(table (;0;) 1000000 1000000");
    let rows = [
        ("a memory that starts at 18.75 MiB", large, "memory"),
        ("two memories", with("(memory 1)"), "memor"),
        ("50 memories", with(&"(memory 1)".repeat(50)), "memor"),
        ("two tables", with("(table 10 funcref)"), "table"),
        ("a table of 1,000,000", tables, "table"),
        (
            "a table that grows",
            with("(func (drop (table.grow 0 (ref.null func) (i32.const 1000000))))"),
            "table",
        ),
        ("a 64-bit memory", with("(memory i64 1)"), "memor"),
        ("a shared memory", with("(memory 1 1 shared)"), "memor"),
        (
            "arithmetic that differs between processors",
            with(
                "(func (param v128 v128 v128) (result v128)
                   (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))",
            ),
            "relaxed",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, core, expected) in rows {
        let error = match Inspected::new(&runtime, &core.component()) {
            Ok(_) => "taken".into(),
            Err(error) => chain(&error),
        };
        if !error.contains(expected) {
            wrong.push(format!("{name}: expected {expected:?}, got {error:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
