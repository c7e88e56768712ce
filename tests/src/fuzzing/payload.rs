//! Payloads: vouched for, and signed.

use std::sync::OnceLock;

use admit::claims::{Verification, VerifiedClaims};
use admit::cloud::Cloud;
use admit::keys::Keys;
use serde_json::{Value, json};

use super::refused;
use crate::fixture::{NOW, claims, claims_v1, issuer, judge, keys_with};

/// Payloads up to here are signed as well; longer tokens have a bound of their own.
const MAX_SIGNED: usize = 32 * 1024;

/// Bytes as a claims set.
///
/// What the reader takes is a JSON object with a tenant, the issuer of that tenant and an audience,
/// that has expired ten years later. A signature changes nothing about that.
pub fn payload_json(bytes: &[u8]) -> bool {
    let verification = Verification::default();
    let vouched = VerifiedClaims::vouched(bytes, &verification, NOW);
    let taken = match &vouched {
        Ok(claims) => check(bytes, claims, &verification),
        Err(error) => refused(error),
    };
    // A signature takes longer than everything else here; most of what is refused needs none.
    if bytes.len() <= MAX_SIGNED && (vouched.is_ok() || bytes.len().is_multiple_of(16)) {
        let header = json!({"alg": "RS256", "kid": issuer().kid()}).to_string();
        let token = issuer().sign_parts(header, bytes);
        let verdict = judge(&token, keys(), &verification, NOW);
        let expected = vouched.map_or_else(|error| error.code(), |_| "ok");
        assert_eq!(verdict.code, expected, "{}", verdict.text);
    }
    taken
}

fn check(bytes: &[u8], claims: &VerifiedClaims, verification: &Verification) -> bool {
    let json: Value = serde_json::from_slice(bytes).expect("an accepted payload is JSON");
    let text = |name| json.get(name).and_then(Value::as_str);
    let tid = text("tid").expect("an accepted payload names its tenant");
    assert_eq!(claims.text("tid"), Some(tid));
    assert_eq!(text("iss"), Some(Cloud::Public.issuer(claims.version(), tid).as_str()));
    let is_audience = |aud: &Value| match aud {
        Value::Array(items) => items.iter().all(Value::is_string),
        other => other.is_string(),
    };
    assert!(json.get("aud").is_some_and(is_audience));
    let later = NOW + 10 * 366 * 24 * 60 * 60;
    assert!(VerifiedClaims::vouched(bytes, verification, later).is_err(), "it never expires");
    assert!(VerifiedClaims::vouched(bytes, &Verification::new(Cloud::China), NOW).is_err());
    true
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| keys_with(json!({})))
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [claims(), claims_v1()].map(|claims| claims.to_string().into_bytes()).into()
}
