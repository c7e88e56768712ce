//! Too much time, memory, stack or data; no answer at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use admit::decision::Blame;
use admit::decision::Outcome;
use admit::facts::Facts;
use admit::limits::Limits;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{NOW, claims};
use admit_tests::guests::CoreModule;

use super::{Attack, Host, decide};

pub(super) fn attacks() -> Vec<Attack> {
    let rows = [
        ("loop", "policy.limit.fuel"),
        ("grow", "policy.limit.memory"),
        ("grow_at_once", "policy.limit.memory"),
        ("fill", "allow"),
        ("recurse", "policy.limit.stack"),
        // The stack in linear memory ends at address 0, before the host's is full.
        ("recurse_with_locals", "policy.failed"),
        ("abort", "policy.failed"),
        ("panic", "policy.failed"),
        ("clock", "policy.failed"),
        ("index", "policy.failed"),
        ("text_2_mib", "policy.limit.transfer"),
        ("texts_aliased", "policy.limit.transfer"),
        ("texts_many", "policy.limit.transfer"),
    ];
    rows.map(|(mode, expected)| Attack::mode(mode, expected)).into()
}

#[test]
fn a_panic_a_clock_and_a_loop_are_explained() {
    for (mode, explained) in [
        ("panic", "it panicked or aborted, or used what a policy does not have, such as a clock"),
        ("clock", "it panicked or aborted, or used what a policy does not have, such as a clock"),
        ("loop", "perhaps in a loop that does not end"),
    ] {
        let detail =
            Host::shared().decide(&Attack::mode(mode, "")).detail().unwrap_or_default().to_owned();
        assert!(detail.contains(explained), "{mode}: {detail}");
    }
}

#[test]
fn the_build_of_a_policy_that_reads_the_clock_says_so() {
    let reads = |component: &[u8]| admit_build::component::warning(component).is_some();
    assert!(reads(&CoreModule::misbehave().component()));
    for policy in admit_policies::all() {
        assert!(!reads(policy.component), "{}@{}", policy.name, policy.version);
    }
}

#[test]
fn a_policy_that_wants_too_much_is_stopped_with_its_limit_named() {
    Host::shared().withstands(&attacks());
}

#[test]
fn the_deadline_stops_a_loop_that_has_fuel_left() {
    let limits = Limits { decision_fuel: u64::MAX, ..Limits::default() };
    let deadline = limits.decision_deadline;
    let host = Host::with(&CoreModule::misbehave().component(), limits);
    let started = Instant::now();
    host.withstands(&[Attack::mode("loop", "policy.limit.time")]);
    let took = started.elapsed();
    assert!(took >= deadline, "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn small_threads_are_enough_for_good_and_hostile_policies() {
    const STACK_BYTES: usize = 256 * 1024;
    let host = Host::shared();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let run = || host.withstands(&attacks());
        thread.spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}

#[test]
fn good_decisions_go_on_beside_endless_loops() {
    let host = Host::shared();
    let attack = Attack::mode("loop", "policy.limit.fuel");
    std::thread::scope(|scope| {
        let hostile = || (0..20).for_each(|_| host.withstands(std::slice::from_ref(&attack)));
        let hostile: Vec<_> = (0..4).map(|_| scope.spawn(hostile)).collect();
        (0..200).for_each(|_| host.is_well("a loop in another thread"));
        hostile.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn decisions_beyond_the_instances_are_refused_and_nobody_elses_fault() {
    let limits = Limits { instances: 1, ..Limits::default() };
    let host = Host::with(&CoreModule::misbehave().component(), limits);
    let (attack, done) = (Attack::mode("loop", "policy.limit.fuel"), AtomicBool::new(false));
    let facts = Facts::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                host.decide(&attack);
            }
        });
        let mut refused = None;
        wait_until("a decision finds no free instance", || {
            let decision = decide(&host.good, &claims(), &facts, NOW, false);
            refused = (decision.outcome() == Outcome::Failed).then_some(decision);
            refused.is_some()
        });
        done.store(true, Ordering::Relaxed);
        let refused = refused.unwrap();
        assert_eq!(refused.reason(), Some("policy.limit.instances"));
        assert_eq!(refused.blame(), Some(Blame::Host));
    });
    host.is_well("the one instance is free again");
}
