//! Why claims were refused.

use crate::cloud::Cloud;
use crate::json::JsonError;
use crate::text::Shown;

/// Why verified claims are not acceptable.
///
/// Values of claims that name people are never part of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ClaimsError {
    /// Vouched claims above the bound.
    #[error("the claims have {bytes} bytes; expected at most {max}")]
    TooLarge {
        /// Their size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// The payload is not one strict JSON object.
    #[error("the payload is {0}")]
    Json(JsonError),
    /// Vouched claims are not one strict JSON object.
    #[error("the claims are {0}")]
    Vouched(JsonError),
    /// A claim that every token has is missing.
    #[error("the claim `{claim}` is missing")]
    Missing {
        /// The claim.
        claim: &'static str,
    },
    /// A registered claim has another JSON type.
    #[error("the claim `{claim}` is {found}; expected {expected}")]
    Type {
        /// The claim.
        claim: &'static str,
        /// The JSON type that came.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A claim that differs from a registered one in letter case alone.
    #[error("the claim `{found}` is not spelt `{expected}`")]
    Spelling {
        /// What came.
        found: Shown,
        /// The registered name.
        expected: &'static str,
    },
    /// A version that does not exist.
    #[error("the claim `ver` is `{found}`; expected `1.0` or `2.0`")]
    Version {
        /// What came.
        found: Shown,
    },
    /// A tenant id of another form.
    #[error("the claim `tid` is `{found}`; expected a GUID of 8-4-4-4-12 hexadecimal digits")]
    Tenant {
        /// What came.
        found: Shown,
    },
    /// Not the issuer of this version, cloud and tenant.
    #[error(
        "the claim `iss` is `{found}`; expected `{expected}` for `ver` and `tid` in cloud `{cloud}`"
    )]
    Issuer {
        /// What came.
        found: Shown,
        /// The one issuer it can be.
        expected: Shown,
        /// The configured cloud.
        cloud: Cloud,
    },
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
        /// That of the configured cloud.
        expected: &'static str,
    },
    /// `exp` has passed.
    #[error("the token expired {late} s ago (`exp` {exp}, now {now}, leeway {leeway} s)")]
    Expired {
        /// The claim.
        exp: f64,
        /// The time of the decision.
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
        /// Its value.
        time: f64,
        /// The time of the decision.
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
        /// How long it lives.
        lifetime: f64,
        /// What it is counted from: `iat`, or `now` without one.
        from: &'static str,
        /// The maximum lifetime.
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
