//! Nothing of one decision reaches the next one.

use admit::limits::Limits;
use admit_tests::fixture::{claims, with};
use serde_json::{Value, json};

use super::{Attack, Host, answers, patched, resources};

/// The decision without what is new in each: its id and its time.
fn lasting(host: &Host, attack: &Attack) -> Value {
    let mut decision = serde_json::to_value(host.decide(attack)).unwrap();
    let members = decision.as_object_mut().unwrap();
    members.remove("decision_id").unwrap();
    members.remove("duration_us").unwrap();
    decision
}

/// A permutation of `0..count`, the same one for the same seed.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<_> = (0..count).collect();
    let mut random = seed;
    for last in (1..count).rev() {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(random >> 33).unwrap() % (last + 1);
        order.swap(last, other);
    }
    order
}

fn assert_order_does_not_matter(host: &Host, attacks: &[Attack]) {
    let first: Vec<_> = attacks.iter().map(|attack| lasting(host, attack)).collect();
    for seed in 0..4 {
        for index in shuffled(attacks.len(), seed) {
            let (attack, expected) = (&attacks[index], &first[index]);
            assert_eq!(lasting(host, attack), *expected, "{}, seed {seed}", attack.name);
        }
    }
}

#[test]
fn answers_do_not_depend_on_the_order_of_requests() {
    let host = Host::shared();
    let mut attacks = [answers::attacks(), resources::attacks()].concat();
    attacks.extend((0..20).map(|n| Attack {
        name: format!("good {n}"),
        ..Attack::mode("", "allow").with_claims(json!({"oid": format!("oid-{n}")}))
    }));
    assert_order_does_not_matter(host, &attacks);
}

#[test]
fn nor_do_those_of_a_component_that_breaks_the_canonical_abi() {
    let host = Host::with(&patched::component(), Limits::default());
    assert_order_does_not_matter(&host, &patched::attacks());
}

/// The policy counts its calls and keeps every `oid` it has seen; it refuses in its second call.
#[test]
fn a_policy_is_always_called_for_the_first_time() {
    let host = Host::shared();
    let call = |thread: usize| {
        for call in 0..500 {
            let oid = json!({"oid": format!("{thread}-{call}")});
            let decision = host.decide(&Attack::mode("", "allow").with_claims(oid.clone()));
            assert_eq!(decision.reason(), None, "call {call} of thread {thread}");
            let identity = decision.identity().unwrap();
            assert_eq!(with(claims(), oid)["oid"], identity.object_id);
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || call(thread));
        }
    });
}
