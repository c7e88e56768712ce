//! A JWK Set: usable keys by id, and the others with the reason.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::Miss;
use super::jwk::{UnusableKey, VerificationKey};
use crate::json::{self, JsonError, Object, Value};
use crate::text::Shown;
use crate::token::MAX_KID_BYTES;

/// Most bytes of a JWK Set or a discovery document.
pub const MAX_KEY_SET_BYTES: usize = 1024 * 1024;

/// Most keys of a JWK Set; Entra publishes about ten.
const MAX_KEYS: usize = 1_000;

/// A JWK Set (RFC 7517 5). May have no usable key.
#[derive(Debug, Default)]
pub struct KeySet {
    usable: HashMap<String, Arc<VerificationKey>>,
    skipped: Vec<SkippedKey>,
}

/// A key that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// Its id; absent when it has none that a token could name.
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: UnusableKey,
}

/// Why a document is not a JWK Set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than 1 MiB.
    #[error("the JWK Set has {bytes} bytes; expected at most {MAX_KEY_SET_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
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
    TooMany {
        /// How many there are.
        found: usize,
    },
}

impl From<JsonError> for KeySetError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl KeySet {
    /// Reads a JWK Set. Keys that may not be used are skipped, not fatal.
    ///
    /// A `kid` that occurs more than once names no key: all its holders are skipped.
    ///
    /// # Errors
    ///
    /// [`KeySetError`] when the document as a whole is no JWK Set within the bounds.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        let bytes = document.len();
        if bytes > MAX_KEY_SET_BYTES {
            return Err(KeySetError::TooLarge { bytes });
        }
        Self::from_object(&json::parse_object(document)?)
    }

    pub(super) fn from_object(document: &Object) -> Result<Self, KeySetError> {
        let entries = match document.get("keys") {
            Some(Value::Array(entries)) => entries,
            Some(other) => {
                return Err(KeySetError::Keys { found: other.kind() });
            }
            None => return Err(KeySetError::Keys { found: "nothing" }),
        };
        if entries.len() > MAX_KEYS {
            return Err(KeySetError::TooMany { found: entries.len() });
        }
        Ok(Self::from_entries(entries))
    }

    fn from_entries(entries: &[Value]) -> Self {
        let holders = count_holders(entries);
        let mut set = Self::default();
        for entry in entries {
            let kid = key_id(entry);
            match read_entry(entry, kid, &holders) {
                Ok(key) => {
                    set.usable.insert(key.kid().to_owned(), Arc::new(key));
                }
                Err(reason) => {
                    set.skipped.push(SkippedKey { kid: kid.map(str::to_owned), reason });
                }
            }
        }
        set
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
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            Some(kid) => write!(formatter, "key `{}`: {}", Shown::new(kid), self.reason),
            None => write!(formatter, "key without id: {}", self.reason),
        }
    }
}

fn key_id(entry: &Value) -> Option<&str> {
    let Value::Object(jwk) = entry else {
        return None;
    };
    jwk.text("kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))
}

fn count_holders(entries: &[Value]) -> HashMap<&str, usize> {
    let mut holders = HashMap::new();
    for kid in entries.iter().filter_map(key_id) {
        *holders.entry(kid).or_insert(0) += 1;
    }
    holders
}

fn read_entry(
    entry: &Value,
    kid: Option<&str>,
    holders: &HashMap<&str, usize>,
) -> Result<VerificationKey, UnusableKey> {
    let Value::Object(jwk) = entry else {
        return Err(UnusableKey::NotAnObject);
    };
    let kid = kid.ok_or(UnusableKey::KeyId)?;
    if holders.get(kid) != Some(&1) {
        return Err(UnusableKey::DuplicateKeyId);
    }
    VerificationKey::from_jwk(kid, jwk)
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
    fn a_repeated_key_id_names_no_key() {
        let good = Issuer::generate().unwrap().jwk();
        let mut other = json!({"kty": "EC"});
        other["kid"] = good["kid"].clone();
        for second in [good.clone(), other] {
            let set = parse(&json!({"keys": [good, second]})).unwrap();
            assert!(set.is_empty());
            assert_eq!(set.skipped().len(), 2);
        }
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
