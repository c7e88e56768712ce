//! One issuer, one moment, one good token of each version.

use std::sync::OnceLock;

use admit::claims::{Verification, VerifiedClaims};
use admit::issuer::Issuer;
use admit::keys::{KeySet, Keys, Wait};
use admit::token::{MAX_TOKEN_BYTES, UnverifiedToken};
use admit::verify::verify;
use serde_json::{Value, json};

/// The time of every decision: 2026-01-01T00:00:00Z.
pub const NOW: u64 = 1_767_225_600;
/// A tenant.
pub const TID: &str = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";
/// A client id, the audience of v2.0 tokens.
pub const CLIENT: &str = "0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01";
/// A server, the audience of v1.0 tokens.
pub const SERVER: &str = "https://mdm.example.com/";

/// The issuer that the tests of this process share: a key costs a moment to make.
///
/// # Panics
///
/// When the system gives no key.
pub fn issuer() -> &'static Issuer {
    static ISSUER: OnceLock<Issuer> = OnceLock::new();
    ISSUER.get_or_init(|| Issuer::generate().expect("an RSA key can be generated"))
}

/// The claims of a good v2.0 token.
pub fn claims() -> Value {
    issuer().claims_v2(TID, CLIENT, NOW)
}

/// The claims of a good v1.0 token.
pub fn claims_v1() -> Value {
    issuer().claims_v1(TID, SERVER, NOW)
}

/// `claims` with other values; `null` removes a claim.
pub fn with(mut claims: Value, changes: Value) -> Value {
    if let (Value::Object(claims), Value::Object(changes)) = (&mut claims, changes) {
        for (name, value) in changes {
            if value.is_null() {
                claims.remove(&name);
            } else {
                claims.insert(name, value);
            }
        }
    }
    claims
}

/// The issuer's key alone, with other members.
///
/// # Panics
///
/// When the document is no key set.
pub fn keys_with(changes: Value) -> Keys {
    let document = json!({"keys": [with(issuer().jwk(), changes)]});
    let set = KeySet::parse(document.to_string().as_bytes()).expect("a key set");
    Keys::fixed(set)
}

/// What the host says about a token, before any policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `ok`, or the code of the refusal.
    pub code: &'static str,
    /// The message of the refusal and of its causes.
    pub text: String,
}

/// Takes a token all the way: frame, key, signature, claims.
pub fn judge(token: &str, keys: &Keys, verification: &Verification, now: u64) -> Verdict {
    match judge_claims(token, keys, verification, now) {
        Ok(_) => Verdict { code: "ok", text: String::new() },
        Err(verdict) => verdict,
    }
}

/// As [`judge`], with the claims of a good token.
///
/// # Errors
///
/// The verdict of a bad one.
pub fn judge_claims(
    token: &str,
    keys: &Keys,
    verification: &Verification,
    now: u64,
) -> Result<VerifiedClaims, Verdict> {
    let token = UnverifiedToken::parse(token, MAX_TOKEN_BYTES)
        .map_err(|error| refused(error.code(), &error))?;
    let key = keys.find(token.kid(), Wait::May).map_err(|error| refused(error.code(), &error))?;
    let token = verify(token, &key).map_err(|error| refused(error.code(), &error))?;
    VerifiedClaims::from_token(&token, verification, now)
        .map_err(|error| refused(error.code(), &error))
}

fn refused(code: &'static str, error: &dyn std::error::Error) -> Verdict {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    Verdict { code, text }
}
