//! A bounded pool of settings to vary: a policy is sealed for each.

use admit::contract::types::{SettingKind, ValueResult};
use admit::release::{Configured, Inspected};
use admit::settings::Settings;
use fastrand::Rng;
use serde_json::{Map, Value};

use super::super::ask::common;
use super::super::input::Input;

const MAX_SETTINGS: usize = 32;

/// The most of them that are as they came, so that there is room for variants.
const MAX_SEEN: usize = 16;

/// Variants that are tried; some are refused, some are there already.
const MAX_TRIES: usize = 128;

/// The settings that came, the most frequent first, and variants of them; all taken by both
/// policies.
pub(super) fn pool(
    random: &mut Rng,
    inputs: &[Input],
    policies: [&Inspected; 2],
) -> Vec<Map<String, Value>> {
    let mut pool = seen(inputs);
    pool.retain(|settings| are_taken(settings, policies));
    pool.truncate(MAX_SEEN);
    let switches = switches(policies);
    for _ in 0..MAX_TRIES {
        if pool.len() == MAX_SETTINGS {
            break;
        }
        let Some(variant) = variant(random, &pool, &switches) else {
            break;
        };
        if !pool.contains(&variant) && are_taken(&variant, policies) {
            pool.push(variant);
        }
    }
    pool
}

fn seen(inputs: &[Input]) -> Vec<Map<String, Value>> {
    let mut seen: Vec<(Map<String, Value>, usize)> = Vec::new();
    for input in inputs {
        let settings = &input.request.settings;
        match seen.iter_mut().find(|(other, _)| other == settings) {
            Some((_, times)) => *times += 1,
            None => seen.push((settings.clone(), 1)),
        }
    }
    seen.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    seen.into_iter().map(|(settings, _)| settings).collect()
}

/// Whether both policies take as many of the settings as they have.
fn are_taken(settings: &Map<String, Value>, policies: [&Inspected; 2]) -> bool {
    policies.into_iter().all(|policy| {
        let settings = Settings::from(common(settings, &[policy]));
        Configured::new(policy.clone(), settings).is_ok()
    })
}

/// The boolean settings with their defaults.
fn switches(policies: [&Inspected; 2]) -> Vec<(String, bool)> {
    let settings = policies.into_iter().flat_map(|policy| &policy.description().settings);
    let mut switches: Vec<(String, bool)> = Vec::new();
    for setting in settings.filter(|setting| matches!(setting.kind, SettingKind::Boolean)) {
        let default = matches!(setting.default, Some(ValueResult::Boolean(true)));
        if !switches.iter().any(|(name, _)| *name == setting.name) {
            switches.push((setting.name.clone(), default));
        }
    }
    switches
}

/// One of the pool with an entry less in a list, a boolean turned, or a setting of another one.
fn variant(
    random: &mut Rng,
    pool: &[Map<String, Value>],
    switches: &[(String, bool)],
) -> Option<Map<String, Value>> {
    let mut settings = random.choice(pool)?.clone();
    match random.u8(..3) {
        0 => remove_entry(random, &mut settings),
        1 => {
            if let Some((name, default)) = random.choice(switches) {
                let is = settings.get(name).and_then(Value::as_bool).unwrap_or(*default);
                settings.insert(name.clone(), (!is).into());
            }
        }
        _ => {
            let other = random.choice(pool).and_then(|other| random.choice(other));
            settings.extend(other.map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    Some(settings)
}

fn remove_entry(random: &mut Rng, settings: &mut Map<String, Value>) {
    let lists = settings.values_mut().filter_map(Value::as_array_mut);
    if let Some(list) = random.choice(lists.filter(|list| !list.is_empty()).collect::<Vec<_>>()) {
        list.remove(random.usize(..list.len()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variant_differs_in_an_entry_a_switch_or_a_setting() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let pool = [json!({"list": ["a", "b"], "empty": []}), json!({"text": "x"})].map(object);
        let switches = [("switch".to_owned(), true)];
        let mut random = Rng::with_seed(1);
        let variants = std::iter::repeat_with(|| variant(&mut random, &pool, &switches).unwrap());
        let variants: Vec<_> = variants.take(300).collect();
        for expected in [
            json!({"list": ["a"], "empty": []}),
            json!({"list": ["b"], "empty": []}),
            json!({"list": ["a", "b"], "empty": [], "switch": false}),
            json!({"list": ["a", "b"], "empty": [], "text": "x"}),
            json!({"text": "x", "empty": []}),
        ] {
            assert!(variants.contains(&object(expected.clone())), "no {expected}");
        }
        assert_eq!(variant(&mut random, &[], &switches), None);
    }
}
