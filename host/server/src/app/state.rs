//! What there is to say of the keys of a running server.

use admit::keys::{KeySet, KeyStatus, Keys, SkippedKey};
use admit::text::Shown;
use serde::Serialize;

use super::App;

/// Most keys that are named with what is special about them.
const MAX_NAMED: usize = 20;

/// The keys of a cloud.
#[derive(Clone, Debug, Serialize)]
pub struct KeysState {
    /// The cloud.
    pub cloud: &'static str,
    /// Where the set is fetched from; absent when it is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The proxy through which it is fetched, without user name and password; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How many keys of the newest set are in use.
    pub usable: usize,
    /// How many keys of the newest set are not used; absent when all are.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: usize,
    /// The first 20 of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped_keys: Vec<UnusedKey>,
    /// How many keys are in use although the newest set lacks them; absent when none is.
    #[serde(skip_serializing_if = "is_zero")]
    pub vanished: usize,
    /// The first 20 of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vanished_keys: Vec<VanishedKey>,
    /// The age of the set in seconds; absent before the first, and for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// What the last fetch failed with; absent when it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How many fetches were started.
    pub fetches: u64,
}

/// A key of a set that is not used.
#[derive(Clone, Debug, Serialize)]
pub struct UnusedKey {
    /// Its id; absent when it has none that a token could name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: String,
}

/// A key that is in use although the newest set lacks it.
#[derive(Clone, Debug, Serialize)]
pub struct VanishedKey {
    /// Its id.
    pub kid: String,
    /// How long it has been missing.
    pub missing_seconds: u64,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl App {
    /// The keys of every cloud that a gate takes tokens of.
    pub fn keys_state(&self) -> Vec<KeysState> {
        let states = self.keys.iter().map(|(cloud, keys)| match &**keys {
            Keys::Fixed(set) => KeysState::fixed(cloud.name(), set),
            Keys::Remote(remote) => KeysState::remote(cloud.name(), remote.status()),
        });
        states.collect()
    }
}

impl KeysState {
    fn fixed(cloud: &'static str, set: &KeySet) -> Self {
        Self {
            cloud,
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

    fn remote(cloud: &'static str, status: KeyStatus) -> Self {
        let vanished = status.vanished.iter().take(MAX_NAMED);
        let vanished = vanished.map(|(kid, missing)| VanishedKey {
            kid: Shown::new(kid).to_string(),
            missing_seconds: missing.as_secs(),
        });
        Self {
            cloud,
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

    /// Why there are no keys to use.
    pub(super) fn why_none(&self) -> String {
        let failed = self.last_error.as_deref().map(|error| format!("; the last fetch: {error}"));
        let failed = failed.unwrap_or_default();
        match self.age_seconds {
            Some(age) => format!("the key set is {age} s old, which is too old to be used{failed}"),
            None => format!("no key set was fetched yet{failed}"),
        }
    }
}

fn unused(skipped: &[SkippedKey]) -> Vec<UnusedKey> {
    let unused = |SkippedKey { kid, reason }: &SkippedKey| UnusedKey {
        kid: kid.as_deref().map(|kid| Shown::new(kid).to_string()),
        reason: reason.to_string(),
    };
    skipped.iter().take(MAX_NAMED).map(unused).collect()
}
