//! What no compiler emits: hostile core functions around the policy's own.
//!
//! One component holds all of them. The time of the request chooses: attack *n* acts when `now` is
//! *n* seconds after the fixture's, so that the policy is a good one at any other time.

use std::sync::OnceLock;

use admit::limits::Limits;
use admit_tests::fixture::NOW;
use admit_tests::guests::{CoreModule, DECIDE, POST_DECIDE, REALLOC};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Attack, Host};

/// What happens to the answer of a policy: `tests/attacks/decide.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: String,
    #[serde(default)]
    mode: String,
    does: String,
    expected: String,
}

fn changes() -> &'static [Change] {
    static CHANGES: OnceLock<Vec<Change>> = OnceLock::new();
    CHANGES.get_or_init(|| {
        serde_saphyr::from_str(include_str!("../../../attacks/decide.yaml")).unwrap()
    })
}

/// Beyond the memory that the policy has, and much of what it may have.
const MEMORY: &str = "
    (func $recurse (call $recurse) (call $recurse))
    (func $spray
      (local $start i32)
      (local.set $start (i32.shl (memory.grow (i32.const 64)) (i32.const 16)))
      (memory.fill (local.get $start) (i32.const 0xa5) (i32.const 0x400000)))
    (func $search
      (local $at i32) (local $end i32)
      (local.set $at (i32.shl (memory.grow (i32.const 64)) (i32.const 16)))
      (local.set $end (i32.add (local.get $at) (i32.const 0x400000)))
      (loop
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if 0 (i32.lt_u (local.get $at) (local.get $end)))))
    (global $post (mut i32) (i32.const 0))";

const POST_RETURN: &str = "
    (func (param $answer i32)
      (if (i32.eq (global.get $post) (i32.const 1)) (then (loop (br 0))))
      (if (i32.eq (global.get $post) (i32.const 2)) (then (unreachable)))
      (call $original (local.get $answer)))";

/// The length of the argument chooses what goes wrong.
const ROOM: &str = "
    (func (param i32 i32 i32) (param $bytes i32) (result i32)
      (if (i32.eq (local.get $bytes) (i32.const 3001)) (then (loop (br 0))))
      (if (i32.eq (local.get $bytes) (i32.const 3002)) (then (return (i32.const -16))))
      (if (i32.eq (local.get $bytes) (i32.const 3003)) (then (unreachable)))
      (if (i32.eq (local.get $bytes) (i32.const 3004))
        (then (drop (memory.grow (i32.const 4000)))))
      (if (i32.eq (local.get $bytes) (i32.const 3008)) (then (return (i32.const 1))))
      (if (i32.eq (local.get $bytes) (i32.const 3005)) (then (call $recurse)))
      (call $original (local.get 0) (local.get 1) (local.get 2) (local.get $bytes)))";

/// A good `decide`, followed by the attack of this second.
fn decide() -> String {
    let mut attacks = String::new();
    for (second, Change { does, .. }) in (NOW + 1..).zip(changes()) {
        let now = format!("(i64.eq (local.get $now) (i64.const {second}))");
        attacks.push_str(&format!("(if {now} (then {does}))\n"));
    }
    format!(
        "(func (param i32 i32 i32 i32) (param $now i64) (param $trace i32) (result i32)
           (local $answer i32)
           (local.set $answer (call $original (local.get 0) (local.get 1) (local.get 2)
             (local.get 3) (local.get $now) (local.get $trace)))
           {attacks}
           (local.get $answer))"
    )
}

pub(super) fn component() -> Vec<u8> {
    let core = CoreModule::misbehave().with(MEMORY);
    let core = core.instead_of(DECIDE, &decide()).instead_of(POST_DECIDE, POST_RETURN);
    core.instead_of(REALLOC, ROOM).component()
}

pub(super) fn attacks() -> Vec<Attack> {
    let in_decide = (NOW + 1..).zip(changes()).map(|(now, Change { name, mode, expected, .. })| {
        let attack = Attack { name: name.clone(), now, ..Attack::mode(mode, expected) };
        if mode == "trace" { attack.with_trace() } else { attack }
    });
    let in_realloc = [
        ("endless realloc", text(3_001), "policy.limit.fuel"),
        ("realloc outside memory", text(3_002), "policy.failed"),
        ("realloc that traps", text(3_003), "policy.failed"),
        ("realloc that grows", text(3_004), "policy.limit.memory"),
        ("realloc that recurses", text(3_005), "policy.limit.stack"),
        ("realloc not aligned", json!({"groups": vec!["a"; 3_008 / 8]}), "policy.failed"),
    ];
    let in_realloc = in_realloc.map(|(name, claims, expected)| {
        let attack = Attack::mode("", expected).with_claims(claims);
        Attack { name: name.into(), ..attack }
    });
    in_decide.chain(in_realloc).collect()
}

fn text(bytes: usize) -> Value {
    json!({"upn": "x".repeat(bytes)})
}

#[test]
fn a_component_that_breaks_the_canonical_abi_is_stopped() {
    let host = Host::with(&component(), Limits::default());
    let attacks = attacks();
    host.withstands(&attacks);
    // Once more from the end: nothing depends on what came before.
    let backwards: Vec<_> = attacks.into_iter().rev().collect();
    host.withstands(&backwards);
}
