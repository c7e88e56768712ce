//! One JSON Web Key: usable for RS256, or not and why.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::Value;

use super::roca;
use crate::json::{self, Object};

/// Bits of a modulus that RS256 may use. Below is weak (RFC 7518 3.3), above is slow.
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Exponents that may be used: odd, above 2^16 (FIPS 186-5 A.1.1), at most 33 bits, the most that
/// the cryptographic library takes.
const EXPONENTS: std::ops::RangeInclusive<u64> = 65_537..=0x1_ffff_ffff;

/// Members of a private key (RFC 7518 6.3.2). Every reader of the set could sign with such a key.
const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// For whom a key may speak.
///
/// Source: Microsoft Entra "Access tokens", "Validate the signing key issuer".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyScope {
    /// The issuer it belongs to, or a template with `{tenantid}`; absent when the set says nothing
    /// or only white space.
    pub issuer: Option<String>,
    /// The cloud it belongs to, for example `microsoftonline.com`; absent as above.
    pub cloud_instance_name: Option<String>,
}

/// A public key that may verify RS256 signatures.
pub struct VerificationKey {
    kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    decoding_key: DecodingKey,
    scope: Arc<KeyScope>,
}

/// Why a key of a set may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// Not a JSON object.
    #[error("the key is not a JSON object")]
    NotAnObject,
    /// `kty` is not `RSA`.
    #[error("`kty` is not `RSA`")]
    Type,
    /// `kid` is missing, empty, too long or not a string.
    #[error("`kid` is missing, empty, too long or not a string")]
    KeyId,
    /// Another key of the set has the same `kid`, and is not the same key.
    #[error(
        "`kid` stands for keys that differ; expected one modulus, exponent and scope for it in the \
         whole set"
    )]
    DuplicateKeyId,
    /// `use` is not `sig`.
    #[error("`use` is not `sig`")]
    Use,
    /// `key_ops` does not allow to verify.
    #[error("`key_ops` is not a list of strings with `verify`")]
    Operations,
    /// `alg` is not `RS256`.
    #[error("`alg` is not `RS256`")]
    Algorithm,
    /// The private key was published.
    #[error("the private key is published")]
    Private,
    /// `n` or `e` has a leading zero byte: it was written as a signed integer.
    #[error(
        "`{member}` has a leading zero byte; expected the fewest bytes (RFC 7518 6.3.1), without the sign \
         byte that some encoders put first"
    )]
    LeadingZero {
        /// `n` or `e`.
        member: &'static str,
    },
    /// A member that a key for RS256 needs is not there.
    #[error("`{member}` is missing")]
    Missing {
        /// `n` or `e`.
        member: &'static str,
    },
    /// `n` is not a modulus of 2048 to 8192 bits.
    #[error("`n` is not an odd modulus of 2048 to 8192 bits in strict base64url")]
    Modulus,
    /// `e` is not an exponent that may be used.
    #[error("`e` is not an odd exponent of 65537 or more, at most 33 bits, in strict base64url")]
    Exponent,
    /// The modulus has the fingerprint of a known weak generator (CVE-2017-15361).
    #[error("the modulus has the fingerprint of the ROCA weakness")]
    Roca,
    /// `issuer` or `cloud_instance_name` is not a string.
    #[error("`issuer` or `cloud_instance_name` is not a string")]
    Scope,
}

impl UnusableKey {
    /// Whether the set publishes the key for RS256 and does so in a way that cannot be used. A good
    /// token may name such a key, so the token is not to blame.
    ///
    /// The other keys are not for RS256, or prove nothing about who signed.
    pub fn is_fault_of_set(self) -> bool {
        match self {
            Self::DuplicateKeyId
            | Self::LeadingZero { .. }
            | Self::Missing { .. }
            | Self::Modulus
            | Self::Exponent
            | Self::Scope => true,
            Self::NotAnObject
            | Self::Type
            | Self::KeyId
            | Self::Use
            | Self::Operations
            | Self::Algorithm
            | Self::Private
            | Self::Roca => false,
        }
    }

    /// Whether a usable key that had the id before does not count as long as this is said of the id:
    /// another key may have it now, or anybody can sign with it.
    ///
    /// The other reasons say no more than a set without the key.
    pub(super) fn bars_earlier_key(self) -> bool {
        match self {
            Self::DuplicateKeyId | Self::Private | Self::Roca => true,
            Self::NotAnObject
            | Self::Type
            | Self::KeyId
            | Self::Use
            | Self::Operations
            | Self::Algorithm
            | Self::LeadingZero { .. }
            | Self::Missing { .. }
            | Self::Modulus
            | Self::Exponent
            | Self::Scope => false,
        }
    }
}

impl VerificationKey {
    /// The key of a JWK with this id.
    pub(super) fn from_jwk(kid: &str, jwk: &Object) -> Result<Self, UnusableKey> {
        check_purpose(jwk)?;
        let modulus = modulus(jwk)?;
        let exponent = exponent(jwk)?;
        let scope = KeyScope {
            issuer: scope_member(jwk, "issuer")?,
            cloud_instance_name: scope_member(jwk, "cloud_instance_name")?,
        };
        Ok(Self {
            kid: kid.to_owned(),
            decoding_key: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            modulus,
            exponent,
            scope: Arc::new(scope),
        })
    }

    /// Whether both have one id, verify the same signatures, and may speak for the same issuers.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.modulus == other.modulus
            && self.exponent == other.exponent
            && self.scope == other.scope
    }

    /// The id, unique in its set.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// For whom the key may speak.
    pub fn scope(&self) -> &Arc<KeyScope> {
        &self.scope
    }

    pub(crate) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding_key
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn check_purpose(jwk: &Object) -> Result<(), UnusableKey> {
    if json::text(jwk, "kty") != Some("RSA") {
        return Err(UnusableKey::Type);
    }
    if !absent_or(jwk, "use", "sig") {
        return Err(UnusableKey::Use);
    }
    if !absent_or(jwk, "alg", "RS256") {
        return Err(UnusableKey::Algorithm);
    }
    if member(jwk, "key_ops").is_some_and(|operations| !allow_verify(operations)) {
        return Err(UnusableKey::Operations);
    }
    if PRIVATE.iter().any(|name| member(jwk, name).is_some()) {
        return Err(UnusableKey::Private);
    }
    Ok(())
}

/// A member of a key; `null`, as some serializers write what they do not have, is none.
fn member<'a>(jwk: &'a Object, name: &str) -> Option<&'a Value> {
    jwk.get(name).filter(|value| !value.is_null())
}

fn absent_or(jwk: &Object, name: &str, expected: &str) -> bool {
    member(jwk, name).is_none_or(|value| value.as_str() == Some(expected))
}

fn allow_verify(operations: &Value) -> bool {
    operations.as_array().is_some_and(|items| {
        items.iter().all(Value::is_string)
            && items.iter().any(|item| item.as_str() == Some("verify"))
    })
}

/// An unsigned integer in the fewest bytes (RFC 7518 2, Base64urlUInt); `otherwise` for what is none.
fn integer(
    jwk: &Object,
    name: &'static str,
    otherwise: UnusableKey,
) -> Result<Vec<u8>, UnusableKey> {
    if member(jwk, name).is_none() {
        return Err(UnusableKey::Missing { member: name });
    }
    let text = json::text(jwk, name).ok_or(otherwise)?;
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) if bytes.first() == Some(&0) => Err(UnusableKey::LeadingZero { member: name }),
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(otherwise),
    }
}

fn is_odd(integer: &[u8]) -> bool {
    integer.last().is_some_and(|last| last % 2 == 1)
}

fn bits(integer: &[u8]) -> usize {
    let first = integer.first().copied().unwrap_or(0);
    (integer.len() * 8).saturating_sub(first.leading_zeros() as usize)
}

fn modulus(jwk: &Object) -> Result<Vec<u8>, UnusableKey> {
    let modulus = integer(jwk, "n", UnusableKey::Modulus)?;
    if !is_odd(&modulus) || !MODULUS_BITS.contains(&bits(&modulus)) {
        return Err(UnusableKey::Modulus);
    }
    if roca::has_fingerprint(&modulus) { Err(UnusableKey::Roca) } else { Ok(modulus) }
}

fn exponent(jwk: &Object) -> Result<Vec<u8>, UnusableKey> {
    let exponent = integer(jwk, "e", UnusableKey::Exponent)?;
    if exponent.len() > 8 {
        return Err(UnusableKey::Exponent);
    }
    let value = exponent.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    if value % 2 == 1 && EXPONENTS.contains(&value) {
        Ok(exponent)
    } else {
        Err(UnusableKey::Exponent)
    }
}

fn scope_member(jwk: &Object, name: &str) -> Result<Option<String>, UnusableKey> {
    match member(jwk, name) {
        None => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(UnusableKey::Scope),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json;

    /// An odd number of `bits` bits without the ROCA fingerprint.
    fn modulus_of(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0x5b_u8; bits.div_ceil(8)];
        bytes[0] = 1 << ((bits - 1) % 8);
        bytes
    }

    fn jwk() -> serde_json::Value {
        json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus_of(2048)), "e": "AQAB"})
    }

    fn read(jwk: &serde_json::Value) -> Result<VerificationKey, UnusableKey> {
        let object = json::parse_object(jwk.to_string().as_bytes()).unwrap();
        VerificationKey::from_jwk("k", &object)
    }

    fn with(name: &str, value: serde_json::Value) -> Result<KeyScope, UnusableKey> {
        let mut jwk = jwk();
        jwk[name] = value;
        read(&jwk).map(|key| KeyScope::clone(key.scope()))
    }

    #[test]
    fn usable_keys() {
        assert_eq!(read(&jwk()).unwrap().kid(), "k");
        for (name, value) in [
            ("use", json!("sig")),
            ("alg", json!("RS256")),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["encrypt", "verify"])),
            ("e", json!("AQAAAAE")),
            ("n", json!(URL_SAFE_NO_PAD.encode(modulus_of(8192)))),
            ("x5c", json!(["ignored"])),
            // One rule for `null`: the member is not there.
            ("use", json!(null)),
            ("alg", json!(null)),
            ("key_ops", json!(null)),
            ("d", json!(null)),
            ("qi", json!(null)),
            ("x5t", json!(null)),
            ("issuer", json!(null)),
            ("cloud_instance_name", json!(null)),
        ] {
            assert!(with(name, value.clone()).is_ok(), "{name} {value}");
        }
    }

    #[test]
    fn unusable_keys() {
        let base64 = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
        let mut even = modulus_of(2048);
        *even.last_mut().unwrap() = 0x5a;
        let padded = [vec![0], modulus_of(2048)].concat();
        for (name, value, reason) in [
            ("kty", json!("EC"), UnusableKey::Type),
            ("kty", json!("rsa"), UnusableKey::Type),
            ("use", json!("enc"), UnusableKey::Use),
            ("alg", json!("PS256"), UnusableKey::Algorithm),
            ("alg", json!("rs256"), UnusableKey::Algorithm),
            ("key_ops", json!(["encrypt"]), UnusableKey::Operations),
            ("key_ops", json!([]), UnusableKey::Operations),
            ("key_ops", json!("verify"), UnusableKey::Operations),
            ("key_ops", json!(["verify", 1]), UnusableKey::Operations),
            ("d", json!("AQAB"), UnusableKey::Private),
            ("n", base64(&modulus_of(2047)), UnusableKey::Modulus),
            ("n", base64(&modulus_of(8193)), UnusableKey::Modulus),
            ("n", base64(&even), UnusableKey::Modulus),
            ("n", base64(&padded), UnusableKey::LeadingZero { member: "n" }),
            ("n", json!(""), UnusableKey::Modulus),
            ("n", json!(1), UnusableKey::Modulus),
            ("e", json!("AQ"), UnusableKey::Exponent),
            ("e", json!("Aw"), UnusableKey::Exponent),
            ("e", json!("AQAA"), UnusableKey::Exponent),
            ("e", json!("AAEAAQ"), UnusableKey::LeadingZero { member: "e" }),
            ("kty", json!(null), UnusableKey::Type),
            ("n", json!(null), UnusableKey::Missing { member: "n" }),
            ("e", json!(null), UnusableKey::Missing { member: "e" }),
            ("e", json!("AQAB=="), UnusableKey::Exponent),
            ("e", json!("AwAAAAE"), UnusableKey::Exponent),
            ("e", json!(65537), UnusableKey::Exponent),
            ("issuer", json!(1), UnusableKey::Scope),
            ("cloud_instance_name", json!([]), UnusableKey::Scope),
        ] {
            assert_eq!(with(name, value.clone()), Err(reason), "{name} {value}");
        }
    }

    /// 65537^128, which has 2049 bits: what the weak generator makes, without its secret.
    fn power_of_65537() -> Vec<u8> {
        (0..128).fold(vec![1], |power, _| {
            let mut carry = 0_u32;
            let shifted = power.iter().chain(&[0, 0]).rev();
            let same = power.iter().rev().chain(std::iter::repeat(&0));
            let mut sum: Vec<u8> = shifted
                .zip(same)
                .map(|(&a, &b)| {
                    let digit = u32::from(a) + u32::from(b) + carry;
                    carry = digit >> 8;
                    digit.to_le_bytes()[0]
                })
                .collect();
            sum.extend((carry > 0).then_some(1));
            sum.reverse();
            sum
        })
    }

    #[test]
    fn a_modulus_of_the_weak_generator_is_refused() {
        let modulus = power_of_65537();
        assert_eq!(bits(&modulus), 2049);
        assert_eq!(with("n", json!(URL_SAFE_NO_PAD.encode(modulus))), Err(UnusableKey::Roca));
    }

    #[test]
    fn a_blank_scope_is_absent() {
        for blank in [json!(null), json!(""), json!(" ")] {
            assert_eq!(with("issuer", blank).unwrap(), KeyScope::default());
        }
        let scope = with("issuer", json!("https://x/{tenantid}")).unwrap();
        assert_eq!(scope.issuer.as_deref(), Some("https://x/{tenantid}"));
    }
}
