//! JSON of any shape, and the letter case of the GUIDs in it.

use admit_guest::Guid;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON value, a few levels deep.
pub(crate) fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9a-fA-F-]{30,40}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(any::<String>(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|map| json!(map)),
        ]
    });
    nested.boxed()
}

/// The value with the letters of every GUID in it in another case, as the bits of `cases` say.
#[must_use]
pub fn recased(value: &Value, cases: u64) -> Value {
    match value {
        Value::String(text) => Value::String(recased_text(text, cases)),
        Value::Array(items) => items.iter().map(|item| recased(item, cases)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), recased(value, cases))).collect()
        }
        _ => value.clone(),
    }
}

/// Characters of a GUID.
const GUID: usize = 36;

fn recased_text(text: &str, cases: u64) -> String {
    let mut recased = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let (taken, left) = match rest.split_at_checked(GUID) {
            Some((guid, left)) if Guid::parse(guid).is_ok() => {
                let letters = guid.chars().enumerate();
                recased.extend(letters.map(|(place, letter)| match cases >> place & 1 {
                    0 => letter.to_ascii_lowercase(),
                    _ => letter.to_ascii_uppercase(),
                }));
                (guid.len(), left)
            }
            _ => {
                recased.push(letter);
                (letter.len_utf8(), rest)
            }
        };
        rest = if taken == GUID { left } else { rest.get(taken..).unwrap_or_default() };
    }
    recased
}
