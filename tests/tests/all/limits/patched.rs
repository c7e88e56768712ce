//! What no compiler emits: hostile core functions around the policy's own.
//!
//! One component holds all of them. The time of the request chooses: attack *n* acts when `now` is
//! *n* seconds after the fixture's, so that the policy is a good one at any other time.

use admit::limits::Limits;
use admit_tests::fixture::NOW;
use admit_tests::guests::{CoreModule, DECIDE, POST_DECIDE, REALLOC};
use serde_json::{Value, json};

use super::{Attack, Host};

/// Name, the policy's mode, what happens to its answer, what the host says.
///
/// `$answer` is the address of the answer: 0 verdict; 4 reason of a denial, 12 its claims; 36 trace.
/// A text or list is an address and a length.
const DECIDE_ATTACKS: &[(&str, &str, &str, &str)] = &[
    ("endless loop", "", "(loop (br 0))", "policy.limit.fuel"),
    (
        "endless loop of memory.fill",
        "",
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0))",
        "policy.limit.fuel",
    ),
    (
        "memory.fill of 4 GiB",
        "",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1))",
        "policy.limit.fuel",
    ),
    (
        "endless loop of memory.copy",
        "",
        "(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 65535)) (br 0))",
        "policy.limit.fuel",
    ),
    (
        "endless loop of refused memory.grow",
        "",
        "(loop (drop (memory.grow (i32.const 65536))) (br 0))",
        "policy.limit.memory",
    ),
    (
        "memory.fill beyond the end",
        "",
        "(memory.fill (i32.const -8) (i32.const 0) (i32.const 100))",
        "policy.failed",
    ),
    ("memory.grow to 4 GiB", "", "(drop (memory.grow (i32.const 65535)))", "policy.limit.memory"),
    ("recursion", "", "(call $recurse)", "policy.limit.stack"),
    ("unreachable", "", "(unreachable)", "policy.failed"),
    (
        "division by zero",
        "",
        "(drop (i32.div_u (i32.const 1) (local.get $trace)))",
        "policy.failed",
    ),
    ("call of nothing", "", "(call_indirect (i32.const -1))", "policy.failed"),
    ("answer outside memory", "", "(return (i32.const -16))", "policy.failed"),
    (
        "answer that ends outside memory",
        "",
        "(return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))",
        "policy.failed",
    ),
    ("answer not aligned", "", "(return (i32.const 1))", "policy.failed"),
    ("no such verdict", "", "(i32.store8 (local.get $answer) (i32.const 3))", "policy.failed"),
    (
        "no such outcome of a rule",
        "trace",
        "(i32.store8 offset=8 (i32.load offset=36 (local.get $answer)) (i32.const 4))",
        "policy.failed",
    ),
    (
        "text outside memory",
        "deny",
        "(i32.store offset=4 (local.get $answer) (i32.const -16))",
        "policy.failed",
    ),
    (
        "text that ends outside memory",
        "deny",
        "(i32.store offset=8 (local.get $answer) (i32.const 100000000))",
        "policy.failed",
    ),
    (
        "text that ends where it starts, once around",
        "deny",
        "(i32.store offset=8 (local.get $answer) (i32.const -1))",
        "policy.failed",
    ),
    (
        "text that is not UTF-8",
        "deny",
        "(i32.store8 (i32.load offset=4 (local.get $answer)) (i32.const 0xff))",
        "policy.failed",
    ),
    (
        "text with half a surrogate pair",
        "deny",
        "(i32.store (i32.load offset=4 (local.get $answer)) (i32.const 0x6180a0ed))",
        "policy.failed",
    ),
    (
        "list of 2^28 texts",
        "deny",
        "(i32.store offset=12 (local.get $answer) (i32.const 0))
         (i32.store offset=16 (local.get $answer) (i32.const 0x10000000))",
        "policy.failed",
    ),
    (
        "list of half a million empty texts",
        "deny",
        "(i32.store offset=12 (local.get $answer)
           (i32.shl (memory.grow (i32.const 64)) (i32.const 16)))
         (i32.store offset=16 (local.get $answer) (i32.const 524288))",
        "policy.limit.transfer",
    ),
    (
        "list whose length in bytes does not fit 32 bits",
        "deny",
        "(i32.store offset=16 (local.get $answer) (i32.const 0x20000001))",
        "policy.failed",
    ),
    (
        "list not aligned",
        "deny",
        "(i32.store offset=12 (local.get $answer) (i32.const 1))
         (i32.store offset=16 (local.get $answer) (i32.const 1))",
        "policy.failed",
    ),
    (
        "list of itself",
        "deny",
        "(i32.store offset=12 (local.get $answer) (local.get $answer))
         (i32.store offset=16 (local.get $answer) (i32.const 5))",
        "policy.failed",
    ),
    ("endless post-return", "", "(global.set $post (i32.const 1))", "policy.limit.fuel"),
    ("post-return that traps", "", "(global.set $post (i32.const 2))", "policy.failed"),
    // Not attacks: a NaN has the same bits everywhere, and memory is new in every decision.
    (
        "bits of a NaN",
        "",
        "(if (i64.ne (i64.const 0x7ff8000000000000) (i64.reinterpret_f64 (f64.div
             (f64.convert_i32_u (local.get $trace)) (f64.convert_i32_u (local.get $trace)))))
           (then (unreachable)))",
        "allow",
    ),
    ("something left in memory", "", "(call $spray)", "allow"),
    ("something found in memory", "", "(call $search)", "allow"),
];

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
    for (second, (_, _, attack, _)) in (NOW + 1..).zip(DECIDE_ATTACKS) {
        let now = format!("(i64.eq (local.get $now) (i64.const {second}))");
        attacks.push_str(&format!("(if {now} (then {attack}))\n"));
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
    let in_decide = (NOW + 1..).zip(DECIDE_ATTACKS).map(|(now, (name, mode, _, expected))| {
        let attack = Attack { name: (*name).into(), now, ..Attack::mode(mode, expected) };
        if *mode == "trace" { attack.with_trace() } else { attack }
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
