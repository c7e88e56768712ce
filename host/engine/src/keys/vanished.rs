//! Keys that an earlier answer had and the newest one lacks.
//!
//! Replicas of one address may disagree for minutes while keys roll over, and a token may be signed with
//! a key that the replica asked last does not publish yet, or no longer. So a key goes on counting for a
//! while after an answer first lacked it. An answer that names the key in a form of no use lacks it too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Miss;
use super::jwk::{UnusableKey, VerificationKey};
use super::key_set::KeySet;

/// Most keys that are kept in mind. The key server alone chooses them: no token adds one.
const MOST: usize = 1_000;

/// How long after it last counted a key is known to have been there.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How long a key counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// After the first answer that lacked it.
    pub(super) keep: Duration,
    /// After the last answer that had it.
    pub(super) max_age: Duration,
}

/// The keys that earlier answers had.
#[derive(Debug, Default)]
pub(super) struct Vanished(HashMap<String, VanishedKey>);

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct VanishedKey {
    key: Arc<VerificationKey>,
    last_seen: Duration,
    missing_since: Duration,
    /// Why it does not count although it was there lately.
    barred: Option<UnusableKey>,
}

/// A set, when it was fetched, and what had vanished by then.
pub(super) struct Answered<'a> {
    pub(super) set: &'a KeySet,
    pub(super) fetched_at: Duration,
    pub(super) vanished: &'a Vanished,
}

impl Vanished {
    /// What the answer `newest`, asked for at `now`, lacks of what there was before.
    ///
    /// A key whose id stands for a usable key has not vanished: the newest content of an id counts.
    pub(super) fn after(
        before: &Answered<'_>,
        newest: &KeySet,
        now: Duration,
        terms: Terms,
    ) -> Self {
        let gone = before.set.usable().map(|key| {
            let key = Arc::clone(key);
            VanishedKey { key, last_seen: before.fetched_at, missing_since: now, barred: None }
        });
        let longer =
            before.vanished.0.values().filter(|key| key.is_remembered(now, terms)).cloned();
        let mut kept: Vec<_> =
            gone.chain(longer).filter_map(|gone| gone.unless_usable_in(newest)).collect();
        kept.sort_by_key(|gone| std::cmp::Reverse(gone.missing_since));
        kept.truncate(MOST);
        Self(kept.into_iter().map(|gone| (gone.key.kid().to_owned(), gone)).collect())
    }

    /// The key with this id, if it still counts.
    pub(super) fn find(
        &self,
        kid: &str,
        now: Duration,
        terms: Terms,
    ) -> Option<Arc<VerificationKey>> {
        let gone = self.0.get(kid).filter(|gone| gone.counts(now, terms))?;
        Some(Arc::clone(&gone.key))
    }

    /// How long a key with this id has been missing; absent when none was there lately.
    pub(super) fn missing_for(&self, kid: &str, now: Duration, terms: Terms) -> Option<Duration> {
        let gone = self.0.get(kid).filter(|gone| gone.is_remembered(now, terms))?;
        Some(gone.missing_for(now))
    }

    /// The ids of the keys that still count, with how long each has been missing, in order.
    pub(super) fn counting(&self, now: Duration, terms: Terms) -> Vec<(String, Duration)> {
        let counting = self.0.values().filter(|gone| gone.counts(now, terms));
        let mut counting: Vec<_> =
            counting.map(|gone| (gone.key.kid().to_owned(), gone.missing_for(now))).collect();
        counting.sort();
        counting
    }

    /// The ids that `earlier` did not have, in order.
    pub(super) fn new_since(&self, earlier: &Self) -> Vec<&str> {
        let new = self.0.keys().filter(|kid| !earlier.0.contains_key(*kid));
        let mut new: Vec<_> = new.map(String::as_str).collect();
        new.sort_unstable();
        new
    }
}

impl VanishedKey {
    /// The key as it stands after an answer; absent when that has a usable key with its id.
    fn unless_usable_in(self, newest: &KeySet) -> Option<Self> {
        let barred = match newest.find(self.key.kid()) {
            Ok(_) => return None,
            Err(Miss::Unusable(reason)) if reason.bars_earlier_key() => Some(reason),
            // Who read the private key can sign for as long as the key counts.
            Err(_) => self.barred.filter(|reason| *reason == UnusableKey::Private),
        };
        Some(Self { barred, ..self })
    }

    fn missing_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.missing_since)
    }

    /// INVARIANT: no key counts for longer after it was last seen than a set that could not be refreshed.
    fn counts(&self, now: Duration, terms: Terms) -> bool {
        self.barred.is_none()
            && self.missing_for(now) < terms.keep
            && now.saturating_sub(self.last_seen) < terms.max_age
    }

    fn is_remembered(&self, now: Duration, terms: Terms) -> bool {
        self.missing_for(now) < terms.keep.saturating_add(REMEMBERED)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const TERMS: Terms =
        Terms { keep: Duration::from_secs(600), max_age: Duration::from_secs(86_400) };

    /// A set of as many keys whose ids begin with `name`.
    fn set(name: &str, keys: usize) -> KeySet {
        let mut modulus = [0x5b_u8; 256];
        modulus[0] = 0x80;
        let n = URL_SAFE_NO_PAD.encode(modulus);
        let key =
            |number| json!({"kty": "RSA", "kid": format!("{name}{number}"), "n": n, "e": "AQAB"});
        let keys: Vec<_> = (0..keys).map(key).collect();
        let set = KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap();
        assert_eq!(set.len(), keys.len());
        set
    }

    #[test]
    fn a_key_server_that_invents_keys_fills_no_memory() {
        let mut vanished = Vanished::default();
        let mut set_before = set("0-", 900);
        for round in 1..5 {
            let now = Duration::from_secs(round * 30);
            let newest = set(&format!("{round}-"), 900);
            let before = Answered { set: &set_before, fetched_at: now, vanished: &vanished };
            vanished = Vanished::after(&before, &newest, now, TERMS);
            assert_eq!(vanished.0.len(), MOST.min(900 * usize::try_from(round).unwrap()));
            let last = format!("{}-0", round - 1);
            assert!(vanished.find(&last, now, TERMS).is_some(), "the newest of them are kept");
            set_before = newest;
        }
    }

    #[test]
    fn no_key_counts_longer_than_a_set_that_nobody_refreshes() {
        let (old, newest) = (set("old-", 1), set("new-", 1));
        let before =
            Answered { set: &old, fetched_at: Duration::ZERO, vanished: &Vanished::default() };
        let late = TERMS.max_age - Duration::from_secs(10);
        let vanished = Vanished::after(&before, &newest, late, TERMS);
        assert!(vanished.find("old-0", late, TERMS).is_some());
        assert!(vanished.find("old-0", TERMS.max_age, TERMS).is_none());
        assert_eq!(vanished.counting(late, TERMS), [("old-0".to_owned(), Duration::ZERO)]);
        let missing = vanished.missing_for("old-0", TERMS.max_age, TERMS);
        assert_eq!(missing, Some(Duration::from_secs(10)));
    }
}
