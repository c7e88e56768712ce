//! What a policy is asked, and how it is put together.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::json::anything;
use crate::{Object, World};

/// A token's claims and what the platform knows.
#[derive(Clone, Debug)]
pub struct Input {
    /// The claims, in the order of the token.
    pub claims: Object,
    /// The facts.
    pub facts: Object,
}

/// A name with values that make a difference.
pub(crate) type Choice = (&'static str, Vec<Value>);

/// A member that is set, or with `None` removed.
type Change = (String, Option<Value>);

impl World {
    /// Claims and facts: mostly those of a good token with up to three changes, sometimes anything.
    pub fn inputs(&self) -> BoxedStrategy<Input> {
        let facts = varied(&self.known, &self.facts, 2);
        let likely = (varied(&self.tokens, &self.claims, 3), facts.clone());
        let unlikely = (chaos(&self.claims), facts);
        prop_oneof![7 => likely, 1 => unlikely]
            .prop_map(|(claims, facts)| Input { claims, facts })
            .boxed()
    }

    /// Settings: the given ones with up to two changes; some of them are refused.
    pub fn any_settings(&self) -> BoxedStrategy<Object> {
        varied(&self.settings, &self.changes, 2)
    }

    /// Exactly the given settings, for subjects that take long to configure.
    pub fn given_settings(&self) -> BoxedStrategy<Object> {
        select(self.settings.clone()).boxed()
    }
}

/// One of `bases` with at most `most` changes.
fn varied(bases: &[Object], choices: &[Choice], most: usize) -> BoxedStrategy<Object> {
    if choices.is_empty() {
        return select(bases.to_vec()).boxed();
    }
    let changes = prop::collection::vec(change(choices), 0..=most);
    (select(bases.to_vec()), changes).prop_map(|(base, changes)| changed(base, changes)).boxed()
}

fn change(choices: &[Choice]) -> BoxedStrategy<Change> {
    let names: Vec<_> = choices.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = choices.iter().flat_map(|(name, values)| {
        values.iter().map(|value| ((*name).to_owned(), Some(value.clone())))
    });
    let name = select(names);
    prop_oneof![
        8 => select(listed.collect::<Vec<_>>()),
        1 => name.clone().prop_map(|name| (name, None)),
        1 => (name, anything().prop_map(Some)),
    ]
    .boxed()
}

fn changed(mut members: Object, changes: Vec<Change>) -> Object {
    for (name, value) in changes {
        match value {
            Some(value) => members.insert(name, value),
            None => members.shift_remove(&name),
        };
    }
    members
}

/// Known and unknown names with anything as values.
fn chaos(choices: &[Choice]) -> BoxedStrategy<Object> {
    let names: Vec<_> = choices.iter().map(|(name, _)| (*name).to_owned()).collect();
    let name = prop_oneof![6 => select(names), 1 => any::<String>()];
    prop::collection::vec((name, anything()), 0..12)
        .prop_map(|members| members.into_iter().collect())
        .boxed()
}
