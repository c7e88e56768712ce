//! Why claims were refused.

use crate::cloud::Cloud;
use crate::json::JsonError;
use crate::text::Shown;

/// Why verified claims are not acceptable.
///
/// Values of claims that name people are never part of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum ClaimsError {
    /// Vouched claims above the bound.
    #[error("the claims have {bytes} bytes; expected at most {max}")]
    TooLarge { bytes: usize, max: usize },
    /// The payload is not one strict JSON object.
    #[error("the payload is {0}")]
    Json(JsonError),
    /// Vouched claims are not one strict JSON object.
    #[error("the claims are {0}")]
    Vouched(JsonError),
    /// A claim that every token has is missing.
    #[error("the claim `{claim}` is missing")]
    Missing { claim: &'static str },
    /// A registered claim has another JSON type.
    #[error("the claim `{claim}` is {found}; expected {expected}")]
    Type { claim: &'static str, found: &'static str, expected: &'static str },
    /// A claim that differs from a registered one in letter case alone.
    #[error("the claim `{found}` is not spelt `{expected}`")]
    Spelling { found: Shown, expected: &'static str },
    /// A version that does not exist.
    #[error("the claim `ver` is `{found}`; expected `1.0` or `2.0`")]
    Version { found: Shown },
    /// A tenant id of another form.
    #[error("the claim `tid` is `{found}`; expected a GUID of 8-4-4-4-12 hexadecimal digits")]
    Tenant { found: Shown },
    /// Not the issuer of this version, cloud and tenant.
    #[error(
        "the claim `iss` is `{found}`; expected `{expected}` for `ver` and `tid` in cloud `{cloud}`"
    )]
    Issuer { found: Shown, expected: Shown, cloud: Cloud },
    /// The key belongs to another issuer, so it cannot vouch for this one.
    #[error("the key that signed belongs to `{key_issuer}`; expected the issuer `{expected}`")]
    KeyIssuer {
        /// The `issuer` of the key.
        key_issuer: Shown,
        /// What it must be after `{tenantid}` is filled in.
        expected: Shown,
    },
    /// The key belongs to another cloud.
    #[error("the key that signed belongs to cloud instance `{found}`; expected `{expected}`")]
    KeyCloud {
        /// The `cloud_instance_name` of the key.
        found: Shown,
        expected: &'static str,
    },
    /// `exp` has passed.
    #[error("the token expired {late} s ago (`exp` {exp}, now {now}, leeway {leeway} s)")]
    Expired {
        exp: f64,
        now: f64,
        /// The leeway in seconds.
        leeway: f64,
        /// `now` - `exp`.
        late: f64,
    },
    /// `nbf` or `iat` has not come.
    #[error("the token is not valid yet (`{claim}` {time}, now {now}, leeway {leeway} s)")]
    NotYetValid {
        /// `nbf` or `iat`.
        claim: &'static str,
        time: f64,
        now: f64,
        /// The leeway in seconds.
        leeway: f64,
    },
    /// `exp` is further away than any token may live.
    #[error(
        "the token lives {lifetime} s from `{from}` to `exp`; expected at most {longest} s, and \
         {tolerance} s of tolerance"
    )]
    Lifetime {
        lifetime: f64,
        /// What it is counted from: `iat`, or `now` without one.
        from: &'static str,
        longest: f64,
        /// What is accepted above it: the leeway, and by `iat` what the issuer sets that back.
        tolerance: f64,
    },
}

impl From<JsonError> for ClaimsError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl ClaimsError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "token.too_large",
            Self::Json(_)
            | Self::Vouched(_)
            | Self::Missing { .. }
            | Self::Type { .. }
            | Self::Spelling { .. }
            | Self::Version { .. }
            | Self::Tenant { .. } => "token.claims",
            Self::Issuer { .. } | Self::KeyIssuer { .. } | Self::KeyCloud { .. } => "token.issuer",
            Self::Expired { .. } => "token.expired",
            Self::NotYetValid { .. } => "token.not_yet_valid",
            Self::Lifetime { .. } => "token.lifetime",
        }
    }
}
