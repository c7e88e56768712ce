//! The keys of a running server, for the status.

use admit::keys::{KeySet, KeyStatus, Keys, SkippedKey};
use admit::text::Shown;
use admit_api::status::{KeysStatus, UnusedKey, VanishedKey};

use super::App;

/// Most keys that are named with what is special about them.
const MAX_NAMED: usize = 20;

impl App {
    /// The keys of every cloud that a gate takes tokens of.
    pub fn keys_state(&self) -> Vec<KeysStatus> {
        let states = self.keys.iter().map(|(cloud, keys)| match &**keys {
            Keys::Fixed(set) => fixed(cloud.name(), set),
            Keys::Remote(keys) => remote(cloud.name(), keys.status()),
        });
        states.collect()
    }
}

fn fixed(cloud: &'static str, set: &KeySet) -> KeysStatus {
    KeysStatus {
        cloud: cloud.to_owned(),
        address: None,
        proxy: None,
        usable: set.len(),
        skipped: set.skipped().len(),
        skipped_keys: unused(set.skipped()),
        vanished: 0,
        vanished_keys: Vec::new(),
        age_seconds: None,
        last_error: None,
        fetches: 0,
    }
}

fn remote(cloud: &'static str, status: KeyStatus) -> KeysStatus {
    let vanished = status.vanished.iter().take(MAX_NAMED);
    let vanished = vanished.map(|(kid, missing)| VanishedKey {
        kid: Shown::new(kid).to_string(),
        missing_seconds: missing.as_secs(),
    });
    KeysStatus {
        cloud: cloud.to_owned(),
        proxy: status.proxy,
        usable: status.usable,
        skipped: status.skipped.len(),
        skipped_keys: unused(&status.skipped),
        vanished: status.vanished.len(),
        vanished_keys: vanished.collect(),
        address: Some(status.address),
        age_seconds: status.age.map(|age| age.as_secs()),
        last_error: status.last_error,
        fetches: status.fetches,
    }
}

pub(super) fn why_none(keys: &KeysStatus) -> String {
    let failed = keys.last_error.as_deref().map(|error| format!("; the last fetch: {error}"));
    let failed = failed.unwrap_or_default();
    match keys.age_seconds {
        Some(age) => format!("the key set is {age} s old, which is too old to be used{failed}"),
        None => format!("no key set was fetched yet{failed}"),
    }
}

fn unused(skipped: &[SkippedKey]) -> Vec<UnusedKey> {
    let unused = |(SkippedKey { kid, reason }, count): (&SkippedKey, usize)| UnusedKey {
        kid: kid.as_deref().map(|kid| Shown::new(kid).to_string()),
        reason: reason.to_string(),
        count: (count > 1).then_some(count),
    };
    SkippedKey::counted(skipped).into_iter().take(MAX_NAMED).map(unused).collect()
}
