//! A JWK Set: usable keys by id, and the others with the reason.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Miss;
use super::jwk::{UnusableKey, VerificationKey};
use crate::json::{self, JsonError, Object};
use crate::text::Shown;
use crate::token::MAX_KID_BYTES;

/// Most bytes of a JWK Set or a discovery document.
pub const MAX_KEY_SET_BYTES: usize = 1024 * 1024;

/// Most keys of a JWK Set; Entra publishes about ten.
const MAX_KEYS: usize = 1_000;

/// Most skipped keys that a message names.
const MAX_NAMED: usize = 5;

/// A JWK Set (RFC 7517 5). May have no usable key.
#[derive(Debug, Default)]
pub struct KeySet {
    usable: HashMap<String, Arc<VerificationKey>>,
    skipped: Vec<SkippedKey>,
}

/// A key that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SkippedKey {
    /// Its id; absent when it has none that a token could name.
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: UnusableKey,
}

/// Why no token can be verified with a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoUsableKey {
    /// The set has no keys.
    #[error("the list `keys` is empty; expected at least one RSA key for signatures")]
    Empty,
    /// Not one of its keys may be used.
    #[error("no key is usable: {reasons}")]
    Unusable {
        /// Each key with its reason, five of them at most, and how often where that is said of several.
        reasons: String,
    },
}

/// Why a document is not a JWK Set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum KeySetError {
    /// Longer than 1 MiB.
    #[error("the JWK Set has {bytes} bytes; expected at most {MAX_KEY_SET_BYTES}")]
    TooLarge { bytes: usize },
    /// Not one strict JSON object.
    #[error("the JWK Set is {0}")]
    Json(JsonError),
    /// `keys` is missing or of another type.
    #[error("the JWK Set has {found} as `keys`; expected an array")]
    Keys {
        /// The JSON type that came, or `nothing`.
        found: &'static str,
    },
    /// More than 1,000 keys.
    #[error("the JWK Set has {found} keys; expected at most {MAX_KEYS}")]
    TooMany { found: usize },
}

impl From<JsonError> for KeySetError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl KeySet {
    /// Reads a JWK Set. Keys that may not be used are skipped, not fatal.
    ///
    /// Keys that agree in `kid`, modulus, exponent and scope are one key. Where keys with one `kid`
    /// differ, it names no key: all its holders are skipped.
    ///
    /// # Errors
    ///
    /// [`KeySetError`] when the document as a whole is no JWK Set within the bounds.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        let bytes = document.len();
        if bytes > MAX_KEY_SET_BYTES {
            return Err(KeySetError::TooLarge { bytes });
        }
        Self::from_object(&json::object_of_document(document)?)
    }

    pub(super) fn from_object(document: &Object) -> Result<Self, KeySetError> {
        let entries = match document.get("keys") {
            Some(Value::Array(entries)) => entries,
            Some(other) => {
                return Err(KeySetError::Keys { found: json::kind(other) });
            }
            None => return Err(KeySetError::Keys { found: "nothing" }),
        };
        if entries.len() > MAX_KEYS {
            return Err(KeySetError::TooMany { found: entries.len() });
        }
        Ok(Self::from_entries(entries))
    }

    fn from_entries(entries: &[Value]) -> Self {
        let read: Vec<_> = entries.iter().map(|entry| (key_id(entry), read_entry(entry))).collect();
        let ambiguous = ambiguous_ids(&read);
        let mut set = Self::default();
        for (kid, key) in read {
            let is_ambiguous = kid.is_some_and(|kid| ambiguous.contains(kid));
            match key {
                // A key that was there before is the same one.
                Ok(key) if !is_ambiguous => {
                    set.usable.insert(key.kid().to_owned(), Arc::new(key));
                }
                Ok(_) => set.skip(kid, UnusableKey::DuplicateKeyId),
                Err(_) if is_ambiguous => set.skip(kid, UnusableKey::DuplicateKeyId),
                Err(reason) => set.skip(kid, reason),
            }
        }
        set
    }

    fn skip(&mut self, kid: Option<&str>, reason: UnusableKey) {
        self.skipped.push(SkippedKey { kid: kid.map(str::to_owned), reason });
    }

    /// The one usable key with exactly this id.
    ///
    /// # Errors
    ///
    /// [`Miss`] says whether the set knows the id at all.
    pub fn find(&self, kid: &str) -> Result<Arc<VerificationKey>, Miss> {
        self.usable.get(kid).cloned().ok_or_else(|| {
            let mut skipped = self.skipped.iter();
            match skipped.find(|key| key.kid.as_deref() == Some(kid)) {
                Some(key) => Miss::Unusable(key.reason),
                None => Miss::Unknown,
            }
        })
    }

    /// How many keys may be used.
    pub fn len(&self) -> usize {
        self.usable.len()
    }

    /// Whether no key may be used.
    pub fn is_empty(&self) -> bool {
        self.usable.is_empty()
    }

    /// The keys that are not used, in the order of the document.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Whether a token can be verified with the set at all.
    ///
    /// # Errors
    ///
    /// [`NoUsableKey`], which says why not.
    pub fn check_usable(&self) -> Result<(), NoUsableKey> {
        match self.skipped.as_slice() {
            _ if !self.is_empty() => Ok(()),
            [] => Err(NoUsableKey::Empty),
            skipped => Err(NoUsableKey::Unusable { reasons: SkippedKey::list(skipped) }),
        }
    }

    pub(super) fn usable(&self) -> impl Iterator<Item = &Arc<VerificationKey>> {
        self.usable.values()
    }
}

impl SkippedKey {
    /// Each that differs from those before it, with how often it is there.
    pub fn counted(skipped: &[Self]) -> Vec<(&Self, usize)> {
        let mut counted: Vec<(&Self, usize)> = Vec::new();
        let mut places = HashMap::new();
        for key in skipped {
            let place = *places.entry(key).or_insert(counted.len());
            match counted.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => counted.push((key, 1)),
            }
        }
        counted
    }

    /// The first five that differ, with their reasons, and how many there are more, for a message.
    pub fn list(skipped: &[Self]) -> String {
        let counted = Self::counted(skipped);
        let named = counted.iter().take(MAX_NAMED);
        let mut reasons: Vec<_> = named.map(|(key, count)| key.times(*count)).collect();
        let more: usize = counted.iter().skip(MAX_NAMED).map(|(_, count)| count).sum();
        if more > 0 {
            reasons.push(format!("and {more} more"));
        }
        reasons.join("; ")
    }

    fn times(&self, count: usize) -> String {
        match count {
            1 => self.to_string(),
            _ => format!("{} ({count} times): {}", self.name(), self.reason),
        }
    }

    fn name(&self) -> String {
        match &self.kid {
            Some(kid) => format!("key `{}`", Shown::new(kid)),
            None => "key without id".to_owned(),
        }
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name(), self.reason)
    }
}

fn key_id(entry: &Value) -> Option<&str> {
    let Value::Object(jwk) = entry else {
        return None;
    };
    json::text(jwk, "kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))
}

type ReadEntry<'a> = (Option<&'a str>, Result<VerificationKey, UnusableKey>);

/// The ids whose holders are not all one key. Holders of which none may be used keep their reasons.
fn ambiguous_ids<'a>(read: &[ReadEntry<'a>]) -> HashSet<&'a str> {
    let mut first = HashMap::new();
    let mut ambiguous = HashSet::new();
    for (kid, key) in read {
        let Some(kid) = *kid else { continue };
        let agree = match (first.entry(kid).or_insert(key), key) {
            (Ok(first), Ok(key)) => first.is_same_as(key),
            (first, key) => first.is_err() && key.is_err(),
        };
        if !agree {
            ambiguous.insert(kid);
        }
    }
    ambiguous
}

fn read_entry(entry: &Value) -> Result<VerificationKey, UnusableKey> {
    let Value::Object(jwk) = entry else {
        return Err(UnusableKey::NotAnObject);
    };
    VerificationKey::from_jwk(key_id(entry).ok_or(UnusableKey::KeyId)?, jwk)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::issuer::Issuer;

    fn parse(document: &serde_json::Value) -> Result<KeySet, KeySetError> {
        KeySet::parse(document.to_string().as_bytes())
    }

    #[test]
    fn a_bad_key_does_not_spoil_the_set() {
        let good = Issuer::generate().unwrap().jwk();
        let mut encryption = good.clone();
        encryption["use"] = json!("enc");
        encryption["kid"] = json!("enc");
        let mut nameless = good.clone();
        nameless.as_object_mut().unwrap().remove("kid");
        let set = parse(&json!({"keys": [1, encryption, nameless, good]})).unwrap();
        assert_eq!(set.len(), 1);
        assert!(set.find(good["kid"].as_str().unwrap()).is_ok());
        assert_eq!(set.find("enc").unwrap_err(), Miss::Unusable(UnusableKey::Use));
        assert_eq!(set.find("").unwrap_err(), Miss::Unknown);
        let shown: Vec<_> = set.skipped().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "key without id: the key is not a JSON object",
                "key `enc`: `use` is not `sig`",
                "key without id: `kid` is missing, empty, too long or not a string",
            ]
        );
    }

    #[test]
    fn the_same_key_twice_is_one_key() {
        let good = Issuer::generate().unwrap().jwk();
        let mut bare = good.clone();
        for name in ["use", "alg", "x5c", "x5t"] {
            bare.as_object_mut().unwrap().remove(name);
        }
        for again in [good.clone(), bare] {
            let set = parse(&json!({"keys": [good, again, good]})).unwrap();
            assert!(set.find(good["kid"].as_str().unwrap()).is_ok());
            assert_eq!((set.len(), set.skipped()), (1, &[][..]));
        }
    }

    #[test]
    fn keys_that_differ_under_one_id_are_no_key() {
        let good = Issuer::generate().unwrap().jwk();
        let with = |name: &str, value: serde_json::Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        let other = Issuer::generate().unwrap().jwk();
        for second in [
            with("n", other["n"].clone()),
            with("e", json!("AQAD")),
            with("issuer", json!("https://login.microsoftonline.com/other/v2.0")),
            with("cloud_instance_name", json!("microsoftonline.us")),
            with("use", json!("enc")),
            json!({"kty": "EC", "kid": good["kid"]}),
        ] {
            for keys in [[&good, &second, &good], [&second, &good, &good]] {
                let set = parse(&json!({"keys": keys})).unwrap();
                assert!(set.is_empty(), "{second}");
                let reasons: Vec<_> = set.skipped().iter().map(|key| key.reason).collect();
                assert_eq!(reasons, [UnusableKey::DuplicateKeyId; 3], "{second}");
            }
        }
    }

    #[test]
    fn a_set_without_a_usable_key_says_why() {
        let check = |document| parse(&document).unwrap().check_usable();
        assert_eq!(check(json!({"keys": [Issuer::generate().unwrap().jwk()]})), Ok(()));
        let empty = check(json!({"keys": []})).unwrap_err();
        assert!(empty.to_string().starts_with("the list `keys` is empty; expected"), "{empty}");
        let bad = |kid: String| json!({"kty": "EC", "kid": kid});
        let bad: Vec<_> = (0..7).map(|number| bad(number.to_string())).collect();
        let error = check(json!({"keys": bad})).unwrap_err().to_string();
        assert!(error.starts_with("no key is usable: key `0`: `kty` is not `RSA`; "));
        assert!(error.ends_with("key `4`: `kty` is not `RSA`; and 2 more"), "{error}");
    }

    #[test]
    fn what_is_said_of_several_keys_is_said_once() {
        let good = Issuer::generate().unwrap().jwk();
        let mut other = Issuer::generate().unwrap().jwk();
        other["kid"] = json!("a");
        let mut first = good.clone();
        first["kid"] = json!("a");
        let set = parse(&json!({"keys": [1, first, good, other, null, {"kid": "b"}]})).unwrap();
        let text = SkippedKey::list(set.skipped());
        let reason = UnusableKey::DuplicateKeyId;
        assert_eq!(
            text,
            format!(
                "key without id (2 times): the key is not a JSON object; key `a` (2 times): {reason}; key \
                 `b`: `kty` is not `RSA`"
            )
        );
        let many = vec![json!(1); 900];
        let error = parse(&json!({ "keys": many })).unwrap().check_usable().unwrap_err();
        assert!(
            error.to_string().ends_with("key without id (900 times): the key is not a JSON object")
        );
    }

    #[test]
    fn other_documents_are_refused() {
        for (document, text) in [
            (json!([]), "the JWK Set is not a JSON object but an array"),
            (json!({}), "the JWK Set has nothing as `keys`; expected an array"),
            (json!({"keys": {}}), "the JWK Set has an object as `keys`; expected an array"),
            (json!({"keys": vec![0; 1_001]}), "the JWK Set has 1001 keys; expected at most 1000"),
        ] {
            assert_eq!(parse(&document).unwrap_err().to_string(), text);
        }
        let large = vec![b' '; MAX_KEY_SET_BYTES + 1];
        assert!(matches!(KeySet::parse(&large), Err(KeySetError::TooLarge { .. })));
        for broken in ["", "<html>", "{\"keys\":[", "{\"keys\":[],\"keys\":[]}"] {
            assert!(matches!(KeySet::parse(broken.as_bytes()), Err(KeySetError::Json(_))));
        }
    }
}
