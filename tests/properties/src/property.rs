//! The properties that any settings have.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::json::{anything, recased};
use crate::run::run;
use crate::{Answer, Decide, Input, Object, Seen, Subject, World};

/// No settings and no input make a policy fail: settings are taken or refused, inputs answered.
pub fn never_fails(
    subject: &dyn Subject,
    world: &World,
    settings: BoxedStrategy<Object>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    run(cases, &(settings, world.inputs()), |(settings, input)| {
        match subject.configured(&settings) {
            Some(policy) => seen.note_answer(policy.decide(&input).as_ref()),
            None => seen.note("refused"),
        }
        Ok(())
    });
    seen
}

/// Two subjects take the same settings, and refuse the same.
pub fn takes_the_same_settings(
    subject: &dyn Subject,
    other: &dyn Subject,
    world: &World,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    run(cases, &world.any_settings(), |settings| {
        let taken = subject.configured(&settings).is_some();
        prop_assert_eq!(taken, other.configured(&settings).is_some(), "{:?}", settings);
        seen.note(if taken { "taken" } else { "refused" });
        Ok(())
    });
    seen
}

/// Two subjects say the same, verdict and trace, wherever the second one's host lets it speak.
pub fn agrees(
    subject: &dyn Subject,
    other: &dyn Subject,
    world: &World,
    settings: BoxedStrategy<Object>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    run(cases, &(settings, world.inputs()), |(settings, input)| {
        let policies = (subject.configured(&settings), other.configured(&settings));
        let (Some(policy), Some(other)) = policies else {
            prop_assert!(policies.0.is_none() && policies.1.is_none(), "one refused the settings");
            return Ok(());
        };
        let answer = other.decide(&input);
        seen.note_answer(answer.as_ref());
        if answer.is_some() {
            prop_assert_eq!(policy.decide(&input), answer);
        }
        Ok(())
    });
    seen
}

/// The order of claims and facts does not matter.
pub fn ignores_order(
    subject: &dyn Subject,
    world: &World,
    settings: BoxedStrategy<Object>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    let inputs = world.inputs().prop_flat_map(|input| {
        let claims = shuffled(&input.claims);
        let facts = shuffled(&input.facts);
        (Just(input), claims, facts)
    });
    run(cases, &(settings, inputs), |(settings, (input, claims, facts))| {
        same(subject, &settings, &input, &Input { claims, facts }, &seen)
    });
    seen
}

fn shuffled(members: &Object) -> impl Strategy<Value = Object> + use<> {
    let members: Vec<_> = members.clone().into_iter().collect();
    Just(members).prop_shuffle().prop_map(Object::from_iter)
}

/// Claims that the policy does not name make no difference, whatever they hold.
pub fn ignores_unrelated_claims(
    subject: &dyn Subject,
    world: &World,
    settings: BoxedStrategy<Object>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    let known: Vec<_> = world.claims.iter().map(|(name, _)| *name).collect();
    let names = prop_oneof![select(UNRELATED.to_vec()).prop_map(str::to_owned), any::<String>()];
    let names = names.prop_filter("unrelated", move |name| !known.contains(&name.as_str()));
    let values = prop_oneof![anything(), select(world.values())];
    let extra = prop::collection::vec((names, values), 1..4);
    run(cases, &(settings, world.inputs(), extra), |(settings, input, extra)| {
        let more = extra.into_iter().filter(|(name, _)| !input.claims.contains_key(name));
        let claims = more.chain(input.claims.clone()).collect();
        let facts = input.facts.clone();
        same(subject, &settings, &input, &Input { claims, facts }, &seen)
    });
    seen
}

/// Claims of Entra that no policy reads, and names that look like ones that are read.
const UNRELATED: [&str; 10] =
    ["groups", "wids", "email", "unique_name", "name", "sub", "device_id", "tid2", "aud_", "upn.1"];

impl World {
    /// Every value of a claim that makes a difference somewhere.
    fn values(&self) -> Vec<Value> {
        self.claims.iter().flat_map(|(_, values)| values.clone()).collect()
    }
}

/// The same answer to both, unless the host refuses the second.
fn same(
    subject: &dyn Subject,
    settings: &Object,
    input: &Input,
    changed: &Input,
    seen: &Seen,
) -> Result<(), TestCaseError> {
    if let Some(policy) = subject.configured(settings) {
        let (answer, after) = (policy.decide(input), policy.decide(changed));
        seen.note_answer(answer.as_ref());
        if after.is_some() {
            prop_assert_eq!(after, answer);
        }
    }
    Ok(())
}

/// Settings with the same settings in other letter case.
pub fn recasings(settings: BoxedStrategy<Object>) -> BoxedStrategy<(Object, Object)> {
    (settings, any::<u64>())
        .prop_map(|(settings, cases)| {
            let other = recased_members(&settings, cases);
            (settings, other)
        })
        .boxed()
}

/// The letter case of GUIDs, in settings and in claims, does not matter.
pub fn ignores_letter_case(
    subject: &dyn Subject,
    world: &World,
    settings: BoxedStrategy<(Object, Object)>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    let strategy = (settings, world.inputs(), any::<u64>());
    run(cases, &strategy, |((settings, other), input, letters)| {
        let policies = (subject.configured(&settings), subject.configured(&other));
        prop_assert_eq!(policies.0.is_some(), policies.1.is_some());
        let (Some(policy), Some(other)) = policies else { return Ok(()) };
        let claims = recased_members(&input.claims, letters);
        let changed = Input { claims, facts: input.facts.clone() };
        let answer = lower(&*policy, &input);
        seen.note_answer(answer.as_ref());
        prop_assert_eq!(lower(&*other, &changed), answer);
        Ok(())
    });
    seen
}

fn recased_members(members: &Object, cases: u64) -> Object {
    members.iter().map(|(name, value)| (name.clone(), recased(value, cases))).collect()
}

fn lower(policy: &dyn Decide, input: &Input) -> Option<Answer> {
    policy.decide(input).map(Answer::in_lower_case)
}
