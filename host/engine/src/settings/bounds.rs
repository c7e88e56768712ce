//! How large settings may be.

use serde_json::{Map, Value};

use super::SettingRefusal;
use crate::bounded::json_bytes;
use crate::text::Shown;

/// Most bytes of a text, and of an entry of a list.
pub const MAX_TEXT_BYTES: usize = 4 * 1_024;

/// Most entries of a list.
pub const MAX_LIST_ENTRIES: usize = 25_000;

/// Most bytes of all settings together, as JSON.
pub const MAX_SETTINGS_BYTES: usize = 1_024 * 1_024;

/// Most settings, with those that are kept and do not count.
pub const MAX_SETTINGS: usize = 256;

/// Most bytes of a setting's name.
const MAX_NAME_BYTES: usize = 64;

/// What is too large, one entry per setting, with what came and what is allowed; none when all is
/// within bounds.
pub fn out_of_bounds(settings: &Map<String, Value>) -> Vec<SettingRefusal> {
    if let Some(refusal) = too_many(settings) {
        return vec![refusal];
    }
    let one = settings.iter().filter_map(|(name, value)| {
        let reason = name_problem(name).or_else(|| value_problem(value))?;
        Some(refusal(name, reason))
    });
    let refusals: Vec<_> = one.collect();
    if refusals.is_empty() { too_large(settings).into_iter().collect() } else { refusals }
}

/// Why a value is too large for a setting; absent when it is not.
pub fn value_problem(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text_problem(text),
        Value::Array(items) if items.len() > MAX_LIST_ENTRIES => {
            let count = items.len();
            Some(format!("a list of {count} entries; expected at most {MAX_LIST_ENTRIES}"))
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let problem = text_problem(item.as_str()?)?;
            Some(format!("entry {} of the list: {problem}", index + 1))
        }),
        _ => None,
    }
}

fn text_problem(text: &str) -> Option<String> {
    let length = text.len();
    (length > MAX_TEXT_BYTES)
        .then(|| format!("a text of {length} bytes; expected at most {MAX_TEXT_BYTES}"))
}

fn name_problem(name: &str) -> Option<String> {
    let length = name.len();
    (length > MAX_NAME_BYTES)
        .then(|| format!("a name of {length} bytes; expected at most {MAX_NAME_BYTES}"))
}

fn too_many(settings: &Map<String, Value>) -> Option<SettingRefusal> {
    let (last, _) = settings.iter().nth(MAX_SETTINGS)?;
    let count = settings.len();
    let reason = format!("the gate would have {count} settings; expected at most {MAX_SETTINGS}");
    Some(refusal(last, reason))
}

/// The refusal names the largest of them.
fn too_large(settings: &Map<String, Value>) -> Option<SettingRefusal> {
    let sizes = settings.iter().map(|(name, value)| (name, name.len() + 4 + json_bytes(value)));
    let sizes: Vec<_> = sizes.collect();
    let all: usize = 1 + sizes.iter().map(|(_, bytes)| bytes).sum::<usize>();
    let (name, bytes) = sizes.into_iter().max_by_key(|(_, bytes)| *bytes)?;
    (all > MAX_SETTINGS_BYTES).then(|| {
        let reason = format!(
            "all settings of the gate together are {all} bytes as JSON, {bytes} of them in this one; \
             expected at most {MAX_SETTINGS_BYTES}"
        );
        refusal(name, reason)
    })
}

fn refusal(name: &str, reason: String) -> SettingRefusal {
    SettingRefusal { name: Shown::name(name).to_string(), reason, value: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(settings: &Value) -> Vec<(String, String)> {
        let refusals = out_of_bounds(settings.as_object().unwrap());
        refusals.into_iter().map(|refusal| (refusal.name, refusal.reason)).collect()
    }

    fn guids(count: usize) -> Value {
        (0..count).map(|number| format!("{number:08x}-0000-4000-8000-000000000000")).collect()
    }

    #[test]
    fn what_is_within_bounds_passes_to_the_last_byte() {
        let name = "n".repeat(64);
        for settings in [
            json!({}),
            json!({"text": "x".repeat(4_096), "list": ["x".repeat(4_096)]}),
            json!({"list": guids(25_000), "number": -1, "flag": true}),
            json!({"list": vec!["x"; 25_000]}),
            json!({name: "x"}),
        ] {
            assert_eq!(problems(&settings), [], "{}", settings.to_string().len());
        }
    }

    #[test]
    fn what_is_too_large_is_named_with_what_came_and_what_may_be() {
        let of = |name: &str, reason: &str| (name.to_owned(), reason.to_owned());
        let settings = json!({
            "text": "é".repeat(2_049),
            "fine": "x",
            "list": vec!["x"; 25_001],
            "entry": ["x", "y".repeat(4_097)],
            "n".repeat(65): true,
        });
        let expected = [
            of("text", "a text of 4098 bytes; expected at most 4096"),
            of("list", "a list of 25001 entries; expected at most 25000"),
            of("entry", "entry 2 of the list: a text of 4097 bytes; expected at most 4096"),
            of("65 characters", "a name of 65 bytes; expected at most 64"),
        ];
        assert_eq!(problems(&settings), expected);
    }

    #[test]
    fn all_together_are_bounded_and_the_largest_is_named() {
        let settings = json!({"small": guids(2_500), "large": guids(25_000)});
        let [(name, reason)] = &problems(&settings)[..] else { panic!("not one") };
        let bytes = settings.to_string().len();
        assert_eq!(name, "large");
        assert!(reason.contains(&format!("are {bytes} bytes as JSON, 975010 of")), "{reason}");
        assert!(reason.ends_with("expected at most 1048576"), "{reason}");

        let many: Map<_, _> = (0..257).map(|number| (format!("s{number}"), json!(1))).collect();
        let [(name, reason)] = &problems(&Value::Object(many))[..] else { panic!("not one") };
        assert_eq!(
            (&**name, &**reason),
            ("s256", "the gate would have 257 settings; expected at most 256")
        );
    }
}
