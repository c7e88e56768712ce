//! What differs between two configurations, by key.

use std::fmt::Debug;

use admit::cloud::Cloud;
use indexmap::IndexMap;

use super::{Config, GateConfig, KeysConfig};

/// The value of each key, in a form in which equal values are equal. Long ones are never shown.
type Values = IndexMap<String, String>;

impl Config {
    /// The keys whose values count otherwise here than in `before`, in the order of the configuration. A
    /// gate or section that only one of them has is one key. What is not configured counts as its
    /// default.
    pub fn differing(&self, before: &Self) -> Vec<String> {
        let (before, after) = (before.values(), self.values());
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        let gone: Vec<_> = gone.cloned().collect();
        let other = after.into_iter().filter(|(key, value)| before.get(key) != Some(value));
        let mut differing: Vec<String> = Vec::new();
        for key in other.map(|(key, _)| key).chain(gone) {
            let key = self.or_whole(key, &before);
            if !differing.contains(&key) {
                differing.push(key);
            }
        }
        differing
    }

    /// The gate or section that a key is in, if it came or went as a whole.
    fn or_whole(&self, key: String, before: &Values) -> String {
        let is_in = |whole: &str| {
            let inside = format!("{whole}.");
            (
                before.keys().any(|key| key.starts_with(&inside)),
                self.values().keys().any(|key| key.starts_with(&inside)),
            )
        };
        let mut parts = key.split('.');
        let whole = match (parts.next(), parts.next()) {
            (Some("gates"), Some(gate)) => format!("gates.{gate}"),
            (Some(section @ ("gitops" | "decision_log")), _) => section.to_owned(),
            _ => return key,
        };
        let (was, is) = is_in(&whole);
        if was && is { key } else { whole }
    }

    fn values(&self) -> Values {
        let mut all = Values::new();
        let Self {
            service,
            admin,
            data_dir,
            log,
            gitops,
            keys: _,
            gates,
            limits,
            decision_log,
            fault_revert,
            store,
        } = self;
        put(&mut all, "service.listen", &service.listen);
        put(&mut all, "service.access", &service.access);
        put(&mut all, "admin.listen", &admin.listen);
        put(&mut all, "admin.hosts", &admin.hosts);
        put(&mut all, "data_dir", data_dir);
        put(&mut all, "log.level", &log.level);
        put(&mut all, "log.format", &log.format);
        if let Some(gitops) = gitops {
            put(&mut all, "gitops.repository", &gitops.repository);
        }
        for cloud in Cloud::ALL {
            put_keys(&mut all, cloud, &self.keys_of(cloud));
        }
        for (name, gate) in gates {
            put_gate(&mut all, &format!("gates.{name}"), gate);
        }
        put(&mut all, "limits.body_bytes", &limits.body_bytes);
        put(&mut all, "limits.header_seconds", &limits.header);
        put(&mut all, "limits.idle_seconds", &limits.idle);
        put(&mut all, "limits.body_seconds", &limits.body);
        put(&mut all, "limits.connections", &limits.connections);
        put(&mut all, "limits.decisions", &limits.decisions);
        put(&mut all, "limits.batch", &limits.batch);
        put(&mut all, "limits.unready_seconds", &limits.unready);
        put(&mut all, "limits.drain_seconds", &limits.drain);
        if let Some(log) = decision_log {
            put(&mut all, "decision_log.to", &log.to);
            put(&mut all, "decision_log.allows", &log.allows);
            put(&mut all, "decision_log.when_full", &log.when_full);
            put(&mut all, "decision_log.buffer", &log.buffer);
            put(&mut all, "decision_log.claims", &log.claims);
        }
        put(&mut all, "fault_revert.faults", &fault_revert.faults);
        put(&mut all, "fault_revert.within_seconds", &fault_revert.within);
        put(&mut all, "store.activities", &store.activities);
        put(&mut all, "store.activity_days", &store.activity_age);
        put(&mut all, "store.attempts", &store.attempts);
        put(&mut all, "store.releases", &store.releases);
        put(&mut all, "store.revoked_access_days", &store.revoked_access_age);
        all
    }
}

fn put(all: &mut Values, key: &str, value: &impl Debug) {
    all.insert(key.to_owned(), format!("{value:?}"));
}

fn put_keys(all: &mut Values, cloud: Cloud, keys: &KeysConfig) {
    let path = |key: &str| format!("keys.{}.{key}", cloud.name());
    match keys {
        KeysConfig::File(file) => put(all, &path("file"), file),
        KeysConfig::Remote { address, options } => {
            put(all, &path("address"), address);
            put(all, &path("cool_down_seconds"), &options.cool_down);
            put(all, &path("refresh_after_seconds"), &options.refresh_after);
            put(all, &path("max_age_seconds"), &options.max_age);
            put(all, &path("keep_vanished_seconds"), &options.keep_vanished);
            put(all, &path("timeout_seconds"), &options.timeout);
        }
    }
}

fn put_gate(all: &mut Values, path: &str, gate: &GateConfig) {
    let GateConfig { policy, settings, cloud, leeway, max_lifetime, cases, source } = gate;
    put(all, &format!("{path}.policy"), policy);
    for (name, value) in settings {
        put(all, &format!("{path}.settings.{name}"), value);
    }
    put(all, &format!("{path}.cloud"), cloud);
    put(all, &format!("{path}.leeway_seconds"), leeway);
    put(all, &format!("{path}.max_lifetime_seconds"), max_lifetime);
    put(all, &format!("{path}.cases"), cases);
    if let Some(source) = source {
        put(all, &format!("{path}.source.path"), &source.path);
        put(all, &format!("{path}.source.interval_seconds"), &source.interval);
        put(all, &format!("{path}.source.follow_links_outside"), &source.follow_links_outside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let back = other.differing(&one);
        assert_eq!(back, ["limits.batch", "gates.more", "decision_log"]);
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
