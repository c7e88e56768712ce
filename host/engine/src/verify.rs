//! The signature.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::aws_lc;

use crate::keys::{KeyScope, VerificationKey};
use crate::text::Shown;
use crate::token::UnverifiedToken;

/// A token whose signature is good: what its issuer said, not yet whether it is acceptable.
///
/// INVARIANT: made by [`verify`] alone.
pub struct VerifiedToken {
    payload: Vec<u8>,
    key_scope: Arc<KeyScope>,
}

/// Why a signature was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The key is not the one the token names.
    #[error("the token names key `{named}`, but key `{given}` was given")]
    OtherKey {
        /// The `kid` of the token.
        named: Shown,
        /// The `kid` of the key.
        given: Shown,
    },
    /// The signature does not belong to this header, this payload and this key.
    #[error("the signature does not match key `{kid}`")]
    Signature {
        /// The `kid` of the token and of the key.
        kid: Shown,
    },
}

impl VerifyError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherKey { .. } => "token.key",
            Self::Signature { .. } => "token.signature",
        }
    }
}

/// The token with its payload open, if `key` signed it with RS256.
///
/// # Errors
///
/// [`VerifyError::OtherKey`] when the ids differ, [`VerifyError::Signature`] otherwise.
///
/// Source: RFC 7518 3.3.
pub fn verify(
    token: UnverifiedToken<'_>,
    key: &VerificationKey,
) -> Result<VerifiedToken, VerifyError> {
    if token.kid() != key.kid() {
        let (named, given) =
            (Shown::against(token.kid(), key.kid()), Shown::against(key.kid(), token.kid()));
        return Err(VerifyError::OtherKey { named, given });
    }
    if !signature_is_good(&token, key) {
        return Err(VerifyError::Signature { kid: Shown::new(token.kid()) });
    }
    Ok(VerifiedToken { payload: token.into_payload(), key_scope: Arc::clone(key.scope()) })
}

/// The provider is named here, so that no provider installed for the process can take its place.
fn signature_is_good(token: &UnverifiedToken<'_>, key: &VerificationKey) -> bool {
    let new_verifier = aws_lc::DEFAULT_PROVIDER.verifier_factory;
    new_verifier(&Algorithm::RS256, key.decoding_key())
        .is_ok_and(|verifier| verifier.verify(token.signing_input(), token.signature()).is_ok())
}

impl VerifiedToken {
    /// The payload as it was signed.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// For whom the key that signed may speak.
    pub(crate) fn key_scope(&self) -> &KeyScope {
        &self.key_scope
    }
}

impl fmt::Debug for VerifiedToken {
    /// Shows no part of the token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifiedToken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::issuer::Issuer;
    use crate::keys::KeySet;
    use crate::token::MAX_TOKEN_BYTES;

    fn key_of(issuer: &Issuer) -> Arc<VerificationKey> {
        let document = issuer.jwk_set().to_string();
        let set = KeySet::parse(document.as_bytes()).unwrap();
        set.find(issuer.kid()).unwrap()
    }

    fn verify_text(text: &str, key: &VerificationKey) -> Result<VerifiedToken, VerifyError> {
        verify(UnverifiedToken::parse(text, MAX_TOKEN_BYTES).unwrap(), key)
    }

    #[test]
    fn the_signature_opens_the_payload() {
        let issuer = Issuer::generate().unwrap();
        let token = issuer.sign(&json!({"a": 1}));
        let verified = verify_text(&token, &key_of(&issuer)).unwrap();
        assert_eq!(verified.payload(), br#"{"a":1}"#);
        assert_eq!(format!("{verified:?}"), "VerifiedToken { .. }");
    }

    #[test]
    fn another_key_payload_or_signature_is_refused() {
        let issuer = Issuer::generate().unwrap();
        let key = key_of(&issuer);
        let header = json!({"alg": "RS256", "kid": issuer.kid()});
        let forged = Issuer::generate().unwrap().sign_parts(header.to_string(), "{}");
        assert_eq!(verify_text(&forged, &key).unwrap_err().code(), "token.signature");

        let token = issuer.sign(&json!({"a": 1}));
        let parts: Vec<&str> = token.split('.').collect();
        let swapped = format!("{}.{}.{}", parts[0], "eyJhIjoyfQ", parts[2]);
        assert_eq!(verify_text(&swapped, &key).unwrap_err().code(), "token.signature");

        let stranger = key_of(&Issuer::generate().unwrap());
        assert_eq!(verify_text(&token, &stranger).unwrap_err().code(), "token.key");
    }
}
