//! The claims of a token, checked as far as that does not need a policy.

mod error;
mod origin;
mod times;
mod types;

use std::fmt;
use std::time::Duration;

use admit_rules::Guid;
use serde_json::Value;

pub use self::error::ClaimsError;

use crate::cloud::{Cloud, TokenVersion};
use crate::json::{self, JsonError, Object};
use crate::keys::KeyScope;
use crate::text::Shown;
use crate::token::MAX_TOKEN_BYTES;
use crate::verify::VerifiedToken;

/// The most leeway that can be set.
pub const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// The time by which the issuer sets `iat` back when it issues a token: a token with a lifetime of
/// 28 hours says 28 hours and five minutes.
///
/// Source: tokens that Microsoft Entra issues.
pub const ISSUER_SETBACK: Duration = Duration::from_secs(300);

/// What the claims are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    cloud: Cloud,
    leeway: Duration,
    max_lifetime: Duration,
}

/// A leeway above the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a leeway of {} s is too long; expected at most {} s", .0.as_secs_f64(), MAX_LEEWAY.as_secs())]
pub struct LeewayTooLong(Duration);

impl Default for Verification {
    fn default() -> Self {
        Self::new(Cloud::Public)
    }
}

impl Verification {
    /// The tokens of a cloud, with a leeway of 60 seconds and a lifetime of at most 28 hours,
    /// [`ISSUER_SETBACK`] and leeway not counted.
    ///
    /// Source: Microsoft Entra "Access tokens", "Token lifetime": up to 28 hours with continuous
    /// access evaluation.
    pub fn new(cloud: Cloud) -> Self {
        let (leeway, max_lifetime) = (Duration::from_secs(60), Duration::from_secs(28 * 60 * 60));
        Self { cloud, leeway, max_lifetime }
    }

    /// Sets the time after `exp`, and before `nbf` and `iat`, in which a token is still accepted.
    ///
    /// # Errors
    ///
    /// [`LeewayTooLong`] above 300 seconds.
    pub fn with_leeway(mut self, leeway: Duration) -> Result<Self, LeewayTooLong> {
        if leeway > MAX_LEEWAY {
            return Err(LeewayTooLong(leeway));
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// Sets the longest time from `iat` to `exp`, [`ISSUER_SETBACK`] and leeway not counted.
    #[must_use]
    pub fn with_max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.max_lifetime = max_lifetime;
        self
    }

    /// The cloud whose tokens are accepted.
    pub fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// Time after `exp`, and before `nbf` and `iat`, in which a token is still accepted; 0 to 300 seconds.
    pub fn leeway(&self) -> Duration {
        self.leeway
    }

    /// The longest time from `iat` to `exp`, [`ISSUER_SETBACK`] and leeway not counted.
    pub fn max_lifetime(&self) -> Duration {
        self.max_lifetime
    }
}

/// The claims of an acceptable issuer at an acceptable time.
///
/// The claims that the host reads have their JSON types. `ver` is `1.0` or `2.0`, `tid` a GUID, `iss`
/// the issuer of that version, cloud and tenant, and `aud` there. What else the token carries is
/// unchecked: a policy gets a claim through [`VerifiedClaims::typed`].
#[derive(Clone)]
pub struct VerifiedClaims {
    claims: Object,
    version: TokenVersion,
}

impl VerifiedClaims {
    /// The claims of a token at `now`, in whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`], the first that applies: form, JSON types, version, tenant, issuer, key,
    /// times.
    pub fn from_token(
        token: &VerifiedToken,
        verification: &Verification,
        now: u64,
    ) -> Result<Self, ClaimsError> {
        let claims = json::parse_object(token.payload()).map_err(JsonError::without_place)?;
        Self::check(claims, Some(token.key_scope()), verification, now)
    }

    /// Claims for which the caller vouches: no signature was checked.
    ///
    /// Everything else is checked as for a token.
    ///
    /// # Errors
    ///
    /// As [`VerifiedClaims::from_token`], and [`ClaimsError::TooLarge`] above 64 KiB.
    pub fn vouched(
        claims: &[u8],
        verification: &Verification,
        now: u64,
    ) -> Result<Self, ClaimsError> {
        let (bytes, max) = (claims.len(), MAX_TOKEN_BYTES);
        if bytes > max {
            return Err(ClaimsError::TooLarge { bytes, max });
        }
        let claims = json::object_of_document(claims).map_err(ClaimsError::Vouched)?;
        Self::check(claims, None, verification, now)
    }

    fn check(
        claims: Object,
        key_scope: Option<&KeyScope>,
        verification: &Verification,
        now: u64,
    ) -> Result<Self, ClaimsError> {
        types::check(&claims)?;
        let version = origin::version(&claims)?;
        let tid = tid(&claims)?;
        let iss = origin::check_issuer(&claims, verification.cloud, version, tid)?;
        if let Some(scope) = key_scope {
            origin::check_key(scope, verification.cloud, iss, tid)?;
        }
        times::check(&claims, verification, now)?;
        Ok(Self { claims, version })
    }

    /// The claim with exactly this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The claim with exactly this name, of the JSON type that it is registered with.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::Type`] for a claim of another type; never for one that is not registered.
    pub fn typed(&self, name: &str) -> Result<Option<&Value>, ClaimsError> {
        let value = self.claims.get(name);
        value.map_or(Ok(()), |value| types::check_registered(name, value)).map(|()| value)
    }

    /// The text of a claim; absent when it is missing or not a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        json::text(&self.claims, name)
    }

    /// The claims in the order of the token.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.claims.iter().map(|(name, value)| (&**name, value))
    }

    /// The version that `ver` says and `iss` confirms.
    pub fn version(&self) -> TokenVersion {
        self.version
    }
}

impl fmt::Debug for VerifiedClaims {
    /// Shows no value: claims hold names of people.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifiedClaims")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The tenant id of the token, letter case as it came.
///
/// Source: Microsoft Entra "Claims validation": `tid` is a GUID.
fn tid(claims: &Object) -> Result<&str, ClaimsError> {
    let tid = json::text(claims, "tid").ok_or(ClaimsError::Missing { claim: "tid" })?;
    match Guid::parse(tid) {
        Ok(_) => Ok(tid),
        Err(_) => Err(ClaimsError::Tenant { found: Shown::new(tid) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leeway_is_at_most_five_minutes() {
        let verification = Verification::default();
        assert_eq!(verification.leeway(), Duration::from_secs(60));
        assert!(verification.with_leeway(MAX_LEEWAY).is_ok());
        let error = verification.with_leeway(Duration::from_secs(301)).unwrap_err();
        assert_eq!(error.to_string(), "a leeway of 301 s is too long; expected at most 300 s");
    }

    #[test]
    fn vouched_claims_are_bounded() {
        let large = vec![b' '; MAX_TOKEN_BYTES + 1];
        let error = VerifiedClaims::vouched(&large, &Verification::default(), 0).unwrap_err();
        assert_eq!(error.code(), "token.too_large");
    }
}
