//! Settings, compared as values.

use std::collections::HashSet;

use admit_rules::is_of_guids;
use serde_json::Value;

/// A text of a setting, or an entry of a list, in the form in which equal values are equal texts.
///
/// Without white space around it; GUIDs in lower case, also where they stand together as
/// `client-id@tenant-id`. Everything else keeps its letter case: scopes, paths and names may differ
/// by it. For comparison only: what is stored, shown and given to the policy is what came.
pub fn comparable(text: &str) -> String {
    let text = text.trim();
    if is_of_guids(text) { text.to_ascii_lowercase() } else { text.to_owned() }
}

/// The entries of a list in their order, or a value alone, by what makes them equal; none where there is no
/// value. An empty list is a value of its own.
pub fn by_value(value: &Value) -> Vec<(String, &Value)> {
    let key = |value: &Value| match value {
        Value::String(text) => Value::String(comparable(text)).to_string(),
        other => other.to_string(),
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| (key(item), item)).collect()
        }
        other => vec![(key(other), other)],
    }
}

/// Whether two values are equal: the letter case of GUIDs, white space around a text, the order of a list and
/// repeats in it are no difference. A list is never equal to a single value.
pub fn is_same(one: &Value, other: &Value) -> bool {
    if one.is_array() != other.is_array() {
        return false;
    }
    let keys = |value| by_value(value).into_iter().map(|(key, _)| key).collect::<HashSet<_>>();
    keys(one) == keys(other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{comparable, is_same};

    const LOWER: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
    const UPPER: &str = "8C9D0E1F-2A3B-4C5D-8E6F-7A8B9C0D1E2F";
    const OTHER: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";

    #[test]
    fn guids_lose_their_case_and_texts_their_outer_white_space() {
        for (text, expected) in [
            (UPPER.to_owned(), LOWER.to_owned()),
            (format!("\t{UPPER} \n"), LOWER.to_owned()),
            (format!("{UPPER}@{LOWER}"), format!("{LOWER}@{LOWER}")),
            (format!(" {UPPER}@{UPPER} "), format!("{LOWER}@{LOWER}")),
            (format!("{UPPER}@Example"), format!("{UPPER}@Example")),
            (format!("api://{UPPER}"), format!("api://{UPPER}")),
            (format!("{{{UPPER}}}"), format!("{{{UPPER}}}")),
            (format!("{UPPER} {UPPER}"), format!("{UPPER} {UPPER}")),
            (" Scope.Read ".to_owned(), "Scope.Read".to_owned()),
            ("a  B".to_owned(), "a  B".to_owned()),
            (" ".to_owned(), String::new()),
        ] {
            assert_eq!(comparable(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn letter_case_of_guids_order_and_repeats_are_no_difference() {
        for (one, other) in [
            (json!(LOWER), json!(UPPER)),
            (json!([LOWER, OTHER]), json!([OTHER, UPPER, OTHER])),
            (json!(format!("{LOWER}@{OTHER}")), json!(format!("{UPPER}@{OTHER}"))),
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
    fn the_largest_lists_are_compared_at_once() {
        let list = || (0..25_000).map(|n| format!("entry {n}")).collect::<Value>();
        assert!(is_same(&list(), &list()));
    }
}
