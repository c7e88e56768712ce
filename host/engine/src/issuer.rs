//! A local stand-in for Entra: a key, its JWK Set, tokens. For trying and testing.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cloud::{Cloud, TokenVersion};

/// How long the tokens of the claim builders live; Entra's live 60 to 90 minutes.
const LIFETIME_SECONDS: u64 = 75 * 60;

/// An issuer with one RSA key of 2,048 bits.
///
/// ```
/// use admit::issuer::Issuer;
///
/// let issuer = Issuer::generate()?;
/// let tid = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";
/// let claims = issuer.claims_v2(tid, "0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01", 1_767_225_600);
/// let token = issuer.sign(&claims);
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), admit::issuer::IssuerError>(())
/// ```
pub struct Issuer {
    key: KeyPair,
    kid: String,
    cloud: Cloud,
}

/// Why there is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The system gave no key.
    #[error("no RSA key could be generated")]
    Generate,
    /// The bytes are not the key they should be.
    #[error("not an RSA private key of 2048 to 8192 bits in PKCS #8 DER")]
    NotAKey,
    /// The key could not be written.
    #[error("the RSA key could not be encoded")]
    Encode,
}

impl Issuer {
    /// An issuer of the public cloud with a new key.
    ///
    /// # Errors
    ///
    /// [`IssuerError::Generate`] when the system gives no key.
    pub fn generate() -> Result<Self, IssuerError> {
        KeyPair::generate(KeySize::Rsa2048).map(Self::new).map_err(|_| IssuerError::Generate)
    }

    /// An issuer of the public cloud with a stored key, PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// [`IssuerError::NotAKey`] for other bytes.
    pub fn from_der(pkcs8: &[u8]) -> Result<Self, IssuerError> {
        KeyPair::from_pkcs8(pkcs8).map(Self::new).map_err(|_| IssuerError::NotAKey)
    }

    /// The private key, PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// [`IssuerError::Encode`] when the key cannot be written.
    pub fn to_der(&self) -> Result<Vec<u8>, IssuerError> {
        let der: Pkcs8V1Der<'_> = self.key.as_der().map_err(|_| IssuerError::Encode)?;
        Ok(der.as_ref().to_vec())
    }

    /// The same key in another cloud.
    #[must_use]
    pub fn in_cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    fn new(key: KeyPair) -> Self {
        let kid = thumbprint(&key);
        Self { key, kid, cloud: Cloud::Public }
    }

    /// The cloud it pretends to be.
    pub fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// The id of the key: its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The JWK Set with the public key, as Entra's v2.0 endpoint publishes it.
    pub fn jwk_set(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        let (modulus, exponent) = components(&self.key);
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "n": modulus,
            "e": exponent,
            "cloud_instance_name": self.cloud.instance_name(),
            "issuer": self.cloud.issuer_template(TokenVersion::V2),
        })
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.kid});
        self.sign_parts(header.to_string(), claims.to_string())
    }

    /// A token of these bytes, whatever they are, signed with RS256: for hostile tests.
    ///
    /// # Panics
    ///
    /// When the key cannot sign, which would be a defect of the cryptographic library.
    pub fn sign_parts(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let header = URL_SAFE_NO_PAD.encode(header);
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self.signature(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The RS256 signature of `input`.
    ///
    /// # Panics
    ///
    /// As [`Issuer::sign_parts`].
    pub fn signature(&self, input: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)
            .expect("the buffer has the length of the modulus");
        signature
    }

    /// The claims of a v1.0 access token for a user, valid from `now`.
    pub fn claims_v1(&self, tid: &str, audience: &str, now: u64) -> Value {
        let mut claims = self.common_claims(TokenVersion::V1, tid, audience, now);
        extend(
            &mut claims,
            json!({
                "acr": "1",
                "amr": ["pwd", "mfa"],
                "appid": APP,
                "appidacr": "0",
                "family_name": "Vance",
                "given_name": "Adele",
                "ipaddr": "192.0.2.10",
                "unique_name": USER,
                "upn": USER,
            }),
        );
        claims
    }

    /// The claims of a v2.0 access token for a user, valid from `now`.
    pub fn claims_v2(&self, tid: &str, audience: &str, now: u64) -> Value {
        let mut claims = self.common_claims(TokenVersion::V2, tid, audience, now);
        extend(
            &mut claims,
            json!({
                "azp": APP,
                "azpacr": "0",
                "preferred_username": USER,
            }),
        );
        claims
    }

    fn common_claims(&self, version: TokenVersion, tid: &str, audience: &str, now: u64) -> Value {
        json!({
            "aud": audience,
            "iss": self.cloud.issuer(version, tid),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(LIFETIME_SECONDS),
            "name": "Adele Vance",
            "oid": "6e5cdf35-9d5e-4d19-8d3a-1b2f7c0a9e44",
            "rh": "0.AAAA",
            "scp": "mdm_delegation",
            "sub": "8pGkR3V1mXnq5sYt0ZcLwTfDhJbQvE2uA7oKiN4yMzs",
            "tid": tid,
            "uti": "rY0dXqJmKUu1o3cVbW8AAA",
            "ver": version.as_str(),
        })
    }
}

const APP: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";
const USER: &str = "adele.vance@contoso.example";

fn extend(claims: &mut Value, more: Value) {
    if let (Value::Object(claims), Value::Object(more)) = (claims, more) {
        claims.extend(more);
    }
}

fn components(key: &KeyPair) -> (String, String) {
    let components = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
    (URL_SAFE_NO_PAD.encode(components.n), URL_SAFE_NO_PAD.encode(components.e))
}

fn thumbprint(key: &KeyPair) -> String {
    let (modulus, exponent) = components(key);
    let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

impl fmt::Debug for Issuer {
    /// Shows nothing of the private key.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Issuer")
            .field("kid", &self.kid)
            .field("cloud", &self.cloud)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_is_the_same_key() {
        let issuer = Issuer::generate().unwrap();
        let stored = issuer.to_der().unwrap();
        let again = Issuer::from_der(&stored).unwrap();
        assert_eq!(again.kid(), issuer.kid());
        assert_eq!(again.jwk_set(), issuer.jwk_set());
        assert_eq!(again.sign(&json!({})), issuer.sign(&json!({})));
        assert_eq!(Issuer::from_der(b"no key").unwrap_err(), IssuerError::NotAKey);
    }

    #[test]
    fn the_cloud_shows_in_keys_and_claims() {
        let issuer = Issuer::generate().unwrap().in_cloud(Cloud::China);
        assert_eq!(issuer.jwk()["cloud_instance_name"], "partner.microsoftonline.cn");
        assert_eq!(issuer.claims_v1("t", "a", 0)["iss"], "https://sts.chinacloudapi.cn/t/");
    }

    #[test]
    fn debug_shows_no_private_key() {
        let text = format!("{:?}", Issuer::generate().unwrap());
        assert!(text.starts_with("Issuer { kid: ") && text.len() < 120, "{text}");
    }
}
