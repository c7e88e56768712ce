//! What differs between settings, as values.

use admit::settings::comparable;
use serde_json::{Map, Value};

use crate::text::{clean, value};

/// The settings of `wanted` whose values differ from those of `had`.
pub(super) fn differing(
    had: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Map<String, Value> {
    let differs = |(name, value): &(&String, &Value)| match had.get(*name) {
        Some(old) => !is_same(old, value),
        None => true,
    };
    let changed = wanted.iter().filter(differs);
    changed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A line for each value that goes and each that comes, by a patch of one setting: `null` removes.
pub(super) fn lines(name: &str, old: Option<&Value>, new: &Value) -> Vec<String> {
    let [old, new] = [old.unwrap_or(&Value::Null), new].map(values);
    let missing = |from: &[&Value], value: &Value| !from.iter().any(|one| is_same(one, value));
    let gone = old.iter().filter(|value| missing(&new, value)).map(|one| ('-', *one));
    let come = new.iter().filter(|value| missing(&old, value)).map(|one| ('+', *one));
    let line = |(sign, one): (char, &Value)| format!("{sign} {}: {}", clean(name), shown(one));
    gone.chain(come).map(line).collect()
}

/// The values of a list one by one; a list without any is a value, nothing is none.
fn values(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) if !items.is_empty() => items.iter().collect(),
        other => vec![other],
    }
}

fn shown(one: &Value) -> String {
    match one {
        Value::String(text) => clean(text),
        other => value(Some(other), ""),
    }
}

/// Whether two values are equal as the server compares them: the letter case of GUIDs, the order of
/// a list and repeats in it are no difference.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => comparable(one) == comparable(other),
        (Value::Array(one), Value::Array(other)) => {
            let within = |of: &[Value], value: &Value| of.iter().any(|item| is_same(item, value));
            one.is_empty() == other.is_empty()
                && one.iter().all(|value| within(other, value))
                && other.iter().all(|value| within(one, value))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
    const TWO: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";

    #[test]
    fn letter_case_of_guids_order_and_repeats_are_no_difference() {
        let upper = ONE.to_ascii_uppercase();
        for (one, other) in [
            (json!(ONE), json!(upper)),
            (json!([ONE, TWO]), json!([TWO, upper, TWO])),
            (json!(format!("{ONE}@{TWO}")), json!(format!("{upper}@{TWO}"))),
            (json!([]), json!([])),
            (json!(5), json!(5)),
        ] {
            assert!(is_same(&one, &other), "{one} {other}");
        }
        for (one, other) in [
            (json!("scope"), json!("Scope")),
            (json!(["a"]), json!(["A"])),
            (json!(["a"]), json!(["a", "b"])),
            (json!([]), json!(["a"])),
            (json!("a"), json!(["a"])),
            (json!(true), json!("true")),
        ] {
            assert!(!is_same(&one, &other), "{one} {other}");
        }
    }

    #[test]
    fn a_line_per_value() {
        for (old, new, expected) in [
            (Some(json!([ONE])), json!([ONE, TWO]), vec![format!("+ s: {TWO}")]),
            (
                Some(json!(["a", "b"])),
                json!(["b", "c"]),
                vec!["- s: a".to_owned(), "+ s: c".to_owned()],
            ),
            (Some(json!(true)), json!(false), vec!["- s: true".into(), "+ s: false".into()]),
            (Some(json!(["a"])), json!(null), vec!["- s: a".to_owned()]),
            (Some(json!(["a"])), json!([]), vec!["- s: a".to_owned(), "+ s: []".to_owned()]),
            (None, json!([]), vec!["+ s: []".to_owned()]),
            (None, json!("x\u{1b}"), vec!["+ s: x\\u{1b}".to_owned()]),
        ] {
            assert_eq!(lines("s", old.as_ref(), &new), expected);
        }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let had = json!({"a": [ONE], "b": "x", "c": 1});
        let wanted = json!({"a": [ONE.to_ascii_uppercase()], "b": "y", "d": []});
        let changed = differing(had.as_object().unwrap(), wanted.as_object().unwrap());
        assert_eq!(Value::Object(changed), json!({"b": "y", "d": []}));
    }
}
