//! What differs between two configurations, by key.

use admit::cases::strict::Shape;
use serde_json::Value;

use super::Config;

impl Config {
    /// The keys whose values count otherwise here than in `before`, in the order of the configuration. A
    /// gate or section that only one of them has is one key. What is not configured counts as its
    /// default.
    pub fn differing(&self, before: &Self) -> Vec<String> {
        let mut keys = Vec::new();
        differing("", &before.write(), &self.write(), &mut keys);
        keys
    }
}

fn differing(path: &str, before: &Value, after: &Value, keys: &mut Vec<String>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            keys.push(path.to_owned());
        }
        return;
    };
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    for name in new.keys().chain(gone) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let of =
            |values: &serde_json::Map<String, Value>| values.get(name).cloned().unwrap_or_default();
        differing(&path, &of(old), &of(new), keys);
    }
}

#[cfg(test)]
mod tests {
    use admit::cloud::Cloud;

    use super::*;
    use crate::config::KeysConfig;

    #[test]
    fn a_gate_or_section_that_comes_or_goes_is_one_key() {
        let (mut one, mut other) = (Config::default(), Config::default());
        assert_eq!(one.differing(&other), [""; 0]);
        let gate = one.gates.get("windows-mdm").cloned().unwrap();
        one.gates.insert("more".to_owned(), gate);
        one.decision_log = Some(super::super::DecisionLogConfig::default());
        other.limits.batch = 7;
        let expected = ["gates.more", "limits.batch", "decision_log"];
        assert_eq!(one.differing(&other), expected);
        assert_eq!(other.differing(&one), expected);
    }

    #[test]
    fn what_is_configured_as_the_default_differs_in_nothing() {
        let (mut one, other) = (Config::default(), Config::default());
        one.keys.insert(Cloud::China, KeysConfig::of_cloud(Cloud::China));
        assert_eq!(one.differing(&other), [""; 0]);
        one.keys.insert(Cloud::China, KeysConfig::File("keys.json".into()));
        let changed = one.differing(&other);
        assert_eq!(changed.first().map(String::as_str), Some("keys.china.file"), "{changed:?}");
    }
}
