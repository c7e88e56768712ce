//! What differs between settings, as values.

use std::collections::HashSet;

use admit::settings::{by_value, is_same};
use serde_json::{Map, Value};

use crate::text::{clean, cut, value};

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
    let [old, new] = [old.unwrap_or(&Value::Null), new].map(by_value);
    let keys = |values: &[(String, &Value)]| values.iter().map(|(key, _)| key.clone()).collect();
    let [before, after]: [HashSet<_>; 2] = [keys(&old), keys(&new)];
    let gone = old.iter().filter(|(key, _)| !after.contains(key));
    let come = new.iter().filter(|(key, _)| !before.contains(key));
    let lines = |sign: char, values: Vec<&Value>| {
        let line = |text: String| format!("{sign} {}: {text}", clean(name));
        let more = values.len().saturating_sub(MAX_LINES);
        let all = if sign == '-' { "`admit generate` shows all" } else { "the file has all" };
        let more = (more > 0).then(|| line(format!("and {more} more ({all})")));
        let shown = values.into_iter().take(MAX_LINES).map(|one| line(shown(one)));
        shown.chain(more).collect::<Vec<_>>()
    };
    let mut all = lines('-', gone.map(|(_, value)| *value).collect());
    all.extend(lines('+', come.map(|(_, value)| *value).collect()));
    all
}

/// Values of a setting that are shown one by one as going, and as coming.
const MAX_LINES: usize = 100;

fn shown(one: &Value) -> String {
    match one {
        Value::String(text) => cut(&clean(text)),
        other => value(Some(other), ""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
    const TWO: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";

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
    fn the_largest_lists_are_shown_in_part() {
        let list =
            |from: u32| (from..from + 25_000).map(|n| format!("entry {n}")).collect::<Value>();
        let lines = lines("s", Some(&list(0)), &list(24_999));
        assert_eq!(lines.len(), 202);
        let gone = "- s: and 24899 more (`admit generate` shows all)";
        assert_eq!((&*lines[100], &*lines[101]), (gone, "+ s: entry 25000"));
        assert_eq!(lines[201], "+ s: and 24899 more (the file has all)");
    }

    #[test]
    fn only_what_differs_is_changed() {
        let had = json!({"a": [ONE], "b": "x", "c": 1});
        let wanted = json!({"a": [ONE.to_ascii_uppercase()], "b": "y", "d": []});
        let changed = differing(had.as_object().unwrap(), wanted.as_object().unwrap());
        assert_eq!(Value::Object(changed), json!({"b": "y", "d": []}));
    }
}
