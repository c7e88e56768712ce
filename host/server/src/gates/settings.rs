//! Settings before and after a change: merging, and the activities that record it.

use std::collections::BTreeMap;

use admit::bounded::Bounded;
use admit::contract::types::Description;
use admit::settings::{self, comparable};
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

/// Settings of a gate, and those of them that count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Configured {
    /// All of them.
    pub(super) all: Map<String, Value>,
    /// What the release is made with.
    pub(super) counting: Map<String, Value>,
}

impl Configured {
    /// All settings, of which those count that a policy knows.
    pub(super) fn known(all: Map<String, Value>, description: &Description) -> Self {
        let counting = known(&all, description);
        Self { all, counting }
    }

    /// These settings with `patch` applied. What did not count goes on not counting, unless the patch
    /// names it.
    pub(super) fn patched(&self, patch: &Map<String, Value>, description: &Description) -> Self {
        let counting = known(&merged(&self.counting, patch), description);
        Self { all: merged(&self.all, patch), counting }
    }

    /// These settings after the way back to a release that was made with `sealed`; `undone` names the
    /// settings that are configured no longer.
    ///
    /// INVARIANT: exactly what the release was made with counts, so that nothing comes to count that
    /// it decided without. No other setting is lost: what is configured besides is kept.
    pub(super) fn restored(&self, sealed: &Map<String, Value>, undone: &[String]) -> Self {
        let mut all = self.all.clone();
        undone.iter().for_each(|name| drop(all.shift_remove(name)));
        all.extend(sealed.clone());
        Self { all, counting: sealed.clone() }
    }

    /// The settings that are kept here and count in `after`.
    pub(super) fn counting_again(&self, after: &Self) -> Map<String, Value> {
        let is_kept = |name: &str| self.all.contains_key(name) && !self.counting.contains_key(name);
        let again = after.counting.iter().filter(|(name, _)| is_kept(name));
        again.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What the way back to `after` leaves out, whose policy has this description: settings that count
    /// here, and those that do not only because the policy that is left, which `left` describes, does
    /// not know them.
    pub(super) fn left_out(
        &self,
        after: &Self,
        description: &Description,
        left: &Description,
    ) -> Map<String, Value> {
        let is_missed = |name: &str| {
            let was_unknown = !is_known(name, left) && is_known(name, description);
            self.counting.contains_key(name) || was_unknown
        };
        let missed = |name: &str| !after.counting.contains_key(name) && is_missed(name);
        let left_out = after.all.iter().filter(|(name, _)| missed(name));
        left_out.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The settings that count here and are kept in `after`, where they do not.
    pub(super) fn dropped(&self, after: &Self) -> Map<String, Value> {
        let stays = |name: &str| after.counting.contains_key(name) || !after.all.contains_key(name);
        let dropped = self.counting.iter().filter(|(name, _)| !stays(name));
        dropped.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn known(all: &Map<String, Value>, description: &Description) -> Map<String, Value> {
    let known = all.iter().filter(|(name, _)| is_known(name, description));
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The names of the settings that a change gives other values.
pub(super) fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let differs = |name: &&String| !is_same(before.get(*name), after.get(*name));
    let added = after.keys().filter(|name| !before.contains_key(*name));
    before.keys().chain(added).filter(differs).cloned().collect()
}

/// The most entries of a list that a change records one by one.
const MAX_TOLD_ENTRIES: usize = 100;

/// The activities of a change of settings: one per list value that came or went, one per other
/// setting and per list of which very many came or went. Values are compared as values: the letter case of a GUID, repeats and order are no
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
                    let mut details = Map::new();
                    insert_bounded(&mut details, &entry.detail, &text.into());
                    let kind = format!("{verb}_{}", entry.activity);
                    NewActivity::new(kind, Value::Object(details))
                };
                let (deleted, added) = (gone.clone().count(), come.clone().count());
                if deleted + added > MAX_TOLD_ENTRIES {
                    activities.push(edited_list(&setting.name, deleted, added));
                    continue;
                }
                activities.extend(gone.map(|(_, text)| told("deleted", text)));
                activities.extend(come.map(|(_, text)| told("added", text)));
            }
            None if !is_same(old, new) => {
                activities.push(edited(&setting.name, old, new));
            }
            None => {}
        }
    }
    activities
}

/// The activities of settings that are kept and stopped counting, or count again.
pub(super) fn counting_otherwise(before: &Configured, after: &Configured) -> Vec<NewActivity> {
    let told = |kind: &str, settings: Map<String, Value>| {
        let told = settings.into_iter().map(|(name, value)| {
            let mut details = Map::new();
            details.insert("setting".to_owned(), name.into());
            insert_bounded(&mut details, "value", &value);
            NewActivity::new(kind, Value::Object(details))
        });
        told.collect::<Vec<_>>()
    };
    let mut activities = told("dropped_setting", before.dropped(after));
    activities.extend(told("restored_setting", before.counting_again(after)));
    activities
}

fn is_known(name: &str, description: &Description) -> bool {
    description.settings.iter().any(|setting| setting.name == name)
}

/// Of many entries, only how many came and went.
fn edited_list(name: &str, deleted: usize, added: usize) -> NewActivity {
    let details = json!({"setting": name, "deleted_entries": deleted, "added_entries": added});
    NewActivity::new("edited_setting", details)
}

fn edited(name: &str, from: Option<&Value>, to: Option<&Value>) -> NewActivity {
    let mut details = Map::new();
    details.insert("setting".to_owned(), name.into());
    from.into_iter().for_each(|from| insert_bounded(&mut details, "from", from));
    to.into_iter().for_each(|to| insert_bounded(&mut details, "to", to));
    NewActivity::new("edited_setting", Value::Object(details))
}

/// Adds a value as it is repeated; `NAME_entries` says how many entries a longer list has.
fn insert_bounded(details: &mut Map<String, Value>, name: &str, value: &Value) {
    let Bounded { value, entries, .. } = Bounded::new(value);
    details.extend(value.map(|value| (name.to_owned(), value)));
    details.extend(entries.map(|entries| (format!("{name}_entries"), entries.into())));
}

/// The entries of a list, by what makes them equal.
fn values(list: Option<&Value>) -> BTreeMap<String, &str> {
    let entries = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    entries.map(|entry| (comparable(entry), entry.trim())).collect()
}

fn is_same(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => settings::is_same(old, new),
        (old, new) => old == new,
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
