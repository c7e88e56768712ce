//! Settings before and after a change: what is merged, and what is told of it.

use std::collections::BTreeMap;

use admit::contract::types::Description;
use admit::settings::comparable;
use serde_json::{Map, Value, json};

use crate::store::NewActivity;

/// `settings` with `patch` applied: `null` removes a setting, what is absent stays.
pub(super) fn merged(
    settings: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Map<String, Value> {
    let mut merged = settings.clone();
    for (name, value) in patch {
        if value.is_null() {
            merged.shift_remove(name);
        } else {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

/// The settings of a release that is gone back to: those it was sealed with, and those that its
/// policy does not know as they are now, which are not lost.
pub(super) fn restored(
    sealed: &Map<String, Value>,
    now: &Map<String, Value>,
    description: &Description,
) -> Map<String, Value> {
    let kept = now.iter().filter(|(name, _)| !is_known(name, description));
    let all = sealed.iter().chain(kept);
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The names of the settings that a change gives other values.
pub(super) fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let differs = |name: &&String| match (before.get(*name), after.get(*name)) {
        (Some(Value::Array(_)), Some(Value::Array(_))) => {
            let keys = |settings: &Map<String, Value>| {
                values(settings.get(*name)).into_keys().collect::<Vec<_>>()
            };
            keys(before) != keys(after)
        }
        (old, new) => old.map(by_value) != new.map(by_value),
    };
    let added = after.keys().filter(|name| !before.contains_key(*name));
    before.keys().chain(added).filter(differs).cloned().collect()
}

/// What is told of a change of settings: an entry per list value that came or went, one per other
/// setting. Values are compared as values: the letter case of a GUID, repeats and order are no
/// change.
pub(super) fn activities(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    description: &Description,
) -> Vec<NewActivity> {
    let mut activities = Vec::new();
    for (name, _) in before.iter().filter(|(name, _)| !is_known(name, description)) {
        if !after.contains_key(name) {
            activities.push(edited(name, before.get(name), None));
        }
    }
    for setting in &description.settings {
        let (old, new) = (before.get(&setting.name), after.get(&setting.name));
        match &setting.entry {
            Some(entry) => {
                let (old, new) = (values(old), values(new));
                let gone = old.iter().filter(|(value, _)| !new.contains_key(*value));
                let come = new.iter().filter(|(value, _)| !old.contains_key(*value));
                let told = |verb: &str, text: &str| {
                    NewActivity::new(
                        format!("{verb}_{}", entry.activity),
                        json!({ entry.detail.clone(): text }),
                    )
                };
                activities.extend(gone.map(|(_, text)| told("deleted", text)));
                activities.extend(come.map(|(_, text)| told("added", text)));
            }
            None if old.map(by_value) != new.map(by_value) => {
                activities.push(edited(&setting.name, old, new));
            }
            None => {}
        }
    }
    activities
}

fn is_known(name: &str, description: &Description) -> bool {
    description.settings.iter().any(|setting| setting.name == name)
}

fn edited(name: &str, from: Option<&Value>, to: Option<&Value>) -> NewActivity {
    let mut details = Map::new();
    details.insert("setting".to_owned(), name.into());
    details.extend(from.map(|from| ("from".to_owned(), from.clone())));
    details.extend(to.map(|to| ("to".to_owned(), to.clone())));
    NewActivity::new("edited_setting", Value::Object(details))
}

/// The entries of a list, by what makes them equal.
fn values(list: Option<&Value>) -> BTreeMap<String, &str> {
    let entries = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    entries.map(|entry| (comparable(entry), entry.trim())).collect()
}

fn by_value(value: &Value) -> Value {
    match value {
        Value::String(text) => comparable(text).into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use admit::contract::types::{Entry, Setting, SettingKind};

    use super::*;

    const ONE: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
    const TWO: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";

    fn setting(name: &str, kind: SettingKind, entry: Option<Entry>) -> Setting {
        let (title, help) = (String::new(), String::new());
        Setting { name: name.into(), title, help, kind, required: false, default: None, entry }
    }

    fn description() -> Description {
        let entry = |activity: &str, detail: &str| {
            Some(Entry { noun: "x".into(), activity: activity.into(), detail: detail.into() })
        };
        Description {
            name: "p".into(),
            version: "1.0.0".into(),
            summary: String::new(),
            claims: Vec::new(),
            facts: Vec::new(),
            settings: vec![
                setting("ids", SettingKind::Guids, entry("client_id", "client_id")),
                setting("pairs", SettingKind::Texts, entry("pair", "pair")),
                setting("scopes", SettingKind::Texts, entry("scope", "scope")),
                setting("url", SettingKind::Url, None),
                setting("tenant", SettingKind::Guid, None),
                setting("guests", SettingKind::Boolean, None),
            ],
            rules: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn told(before: Value, after: Value) -> Vec<(String, Value)> {
        let object = |value: Value| value.as_object().unwrap().clone();
        let told = activities(&object(before), &object(after), &description());
        told.into_iter().map(|one| (one.kind, Value::Object(one.details))).collect()
    }

    #[test]
    fn a_patch_leaves_what_it_does_not_name_and_removes_what_is_null() {
        let settings = json!({"a": 1, "b": [2], "c": 3});
        let patch = json!({"a": null, "b": [], "d": 4, "e": null});
        let merged = merged(settings.as_object().unwrap(), patch.as_object().unwrap());
        assert_eq!(Value::Object(merged), json!({"b": [], "c": 3, "d": 4}));
    }

    #[test]
    fn each_value_that_came_or_went_is_told_once() {
        assert_eq!(
            told(json!({"ids": [ONE]}), json!({"ids": [TWO, TWO]})),
            [
                ("deleted_client_id".into(), json!({"client_id": ONE})),
                ("added_client_id".into(), json!({"client_id": TWO})),
            ]
        );
        assert_eq!(
            told(json!({}), json!({"guests": false, "url": "https://a.example"})),
            [
                ("edited_setting".into(), json!({"setting": "url", "to": "https://a.example"})),
                ("edited_setting".into(), json!({"setting": "guests", "to": false})),
            ]
        );
        assert_eq!(
            told(json!({"gone": 1}), json!({})),
            [("edited_setting".into(), json!({"setting": "gone", "from": 1}))]
        );
    }

    #[test]
    fn letter_case_order_repeats_and_white_space_of_ids_tell_nothing() {
        let upper = ONE.to_ascii_uppercase();
        let pair = format!("{ONE}@{TWO}");
        for (before, after) in [
            (json!({"ids": [ONE, TWO]}), json!({"ids": [TWO, upper, ONE]})),
            (json!({"ids": [ONE]}), json!({"ids": [format!(" {ONE} ")]})),
            (json!({"pairs": [pair]}), json!({"pairs": [pair.to_ascii_uppercase()]})),
            (json!({"tenant": ONE}), json!({"tenant": upper})),
            (json!({"ids": []}), json!({})),
            (json!({"unknown": 1}), json!({"unknown": 1})),
        ] {
            assert_eq!(told(before.clone(), after.clone()), [], "{before} {after}");
        }
        assert_eq!(told(json!({"scopes": ["a"]}), json!({"scopes": ["A"]})).len(), 2);
    }
}
