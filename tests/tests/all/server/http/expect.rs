//! Whether a value is as a scenario expects it.

use serde_json::Value;

/// Stands for anything in a text, and for any further entries of a list.
const ANY: &str = "…";

/// Compares a value with what is expected of it:
///
/// - of an object the members that are named, where `null` stands for none,
/// - of a list each entry; `[a, …]` begins so, `[…, a]` contains that, `{length: 3}` counts,
/// - of a text the whole; `a…b` begins and ends so, and `…a…b…` contains both in this order.
///
/// # Errors
///
/// The place of the first difference, and both values.
pub(super) fn matches(expected: &Value, came: &Value) -> Result<(), String> {
    at("", expected, came)
}

fn at(place: &str, expected: &Value, came: &Value) -> Result<(), String> {
    let differ = || Err(format!("{place}: expected {expected}, came {came}"));
    match (expected, came) {
        (Value::Object(members), Value::Array(items)) if members.contains_key("length") => {
            if members["length"] == items.len() {
                Ok(())
            } else {
                differ()
            }
        }
        (Value::Object(members), Value::Object(_)) => {
            members.iter().try_for_each(|(name, member)| {
                at(&format!("{place}/{name}"), member, came.get(name).unwrap_or(&Value::Null))
            })
        }
        (Value::Array(expected), Value::Array(items)) => list(place, expected, items),
        (Value::String(pattern), Value::String(text)) if fits(pattern, text) => Ok(()),
        (Value::String(pattern), other)
            if pattern.contains(ANY) && fits(pattern, &other.to_string()) =>
        {
            Ok(())
        }
        (expected, came) if expected == came => Ok(()),
        _ => differ(),
    }
}

fn list(place: &str, expected: &[Value], came: &[Value]) -> Result<(), String> {
    let each = |expected: &[Value]| {
        let mut pairs = expected.iter().zip(came).enumerate();
        pairs.try_for_each(|(index, (one, other))| at(&format!("{place}/{index}"), one, other))
    };
    let many =
        || format!("{place}: expected {} entries, came {}", expected.len(), Value::from(came));
    match expected {
        [first, contained @ ..] if first == ANY => contained.iter().try_for_each(|one| {
            let found = came.iter().any(|other| at(place, one, other).is_ok());
            if found { Ok(()) } else { Err(format!("{place}: no {one} in {}", Value::from(came))) }
        }),
        [before @ .., last] if last == ANY => {
            if came.len() < before.len() {
                Err(many())
            } else {
                each(before)
            }
        }
        _ if expected.len() == came.len() => each(expected),
        _ => Err(many()),
    }
}

/// Whether a text is of a pattern.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<_> = pattern.split(ANY).collect();
    let [first, between @ .., last] = &parts[..] else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in between {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn a_difference_is_found() {
    use serde_json::json;
    for (expected, came, is_it) in [
        (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
        (json!({"a": null}), json!({"b": 2}), true),
        (json!({"b": null}), json!({"b": 2}), false),
        (json!({"c": 1}), json!({"b": 2}), false),
        (json!([1, 2]), json!([1, 2, 3]), false),
        (json!([1, "…"]), json!([1, 2, 3]), true),
        (json!([2, "…"]), json!([1, 2, 3]), false),
        (json!(["…", 3, 1]), json!([1, 2, 3]), true),
        (json!(["…", 4]), json!([1, 2, 3]), false),
        (json!({"length": 3}), json!([1, 2, 3]), true),
        (json!({"length": 2}), json!([1, 2, 3]), false),
        (json!("ab"), json!("abc"), false),
        (json!("a…"), json!("abc"), true),
        (json!("…b…"), json!("abc"), true),
        (json!("…c…b…"), json!("abc"), false),
        (json!("a…b"), json!("abc"), false),
        (json!("…"), Value::Null, true),
        (json!(1), json!("1"), false),
    ] {
        assert_eq!(matches(&expected, &came).is_ok(), is_it, "{expected} {came}");
    }
}
