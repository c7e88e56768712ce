//! JWK Sets.

use admit::keys::KeySet;
use admit::token::{MAX_TOKEN_BYTES, UnverifiedToken};
use admit::verify::verify;
use serde_json::{Value, json};

use super::{is_fit_for_a_log, refused};
use crate::fixture::{claims, issuer};

/// Bytes as a JWK Set.
///
/// What the reader takes is JSON in which no other key stands under the id of a usable one, with the
/// public members of an RSA key. No key but the issuer's own opens the issuer's token.
pub fn jwk_set(bytes: &[u8]) -> bool {
    match KeySet::parse(bytes) {
        Ok(set) => check(bytes, &set),
        Err(error) => refused(&error),
    }
}

fn check(bytes: &[u8], set: &KeySet) -> bool {
    let document: Value = serde_json::from_slice(bytes).expect("an accepted key set is JSON");
    let listed = document.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |jwk: &Value| jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
    let is_usable = |jwk: &&Value| id(jwk).is_some_and(|kid| set.find(&kid).is_ok());
    assert_eq!(listed.iter().filter(is_usable).count() + set.skipped().len(), listed.len());
    for skipped in set.skipped() {
        is_fit_for_a_log(&skipped.to_string());
    }
    for jwk in &listed {
        let Some(kid) = jwk.get("kid").and_then(Value::as_str) else { continue };
        let Ok(key) = set.find(kid) else { continue };
        assert_eq!(key.kid(), kid);
        for other in listed.iter().filter(|other| id(other).as_deref() == Some(kid)) {
            let same = ["n", "e"].iter().all(|name| other.get(name) == jwk.get(name));
            assert!(same, "a key id that two keys have");
        }
        assert_eq!(jwk.get("kty").and_then(Value::as_str), Some("RSA"));
        assert!(["d", "p", "q"].iter().all(|name| jwk.get(name).is_none()), "a private key");
        let same_key = jwk.get("n") == issuer().jwk().get("n");
        let header = json!({"alg": "RS256", "kid": kid}).to_string();
        let token = issuer().sign_parts(header, claims().to_string());
        let token = UnverifiedToken::parse(&token, MAX_TOKEN_BYTES);
        let opens = token.is_ok_and(|token| verify(token, &key).is_ok());
        assert!(!opens || same_key, "another key opened the token");
    }
    !set.is_empty()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let jwk = issuer().jwk();
    let mut bare = jwk.clone();
    if let Some(members) = bare.as_object_mut() {
        members.retain(|name, _| matches!(name.as_str(), "kty" | "kid" | "n" | "e"));
    }
    let sets = [json!({"keys": [jwk]}), json!({"keys": [bare]}), json!({"keys": [bare, jwk]})];
    sets.map(|set| set.to_string().into_bytes()).into()
}
