//! Who issued the token, and whether its key may speak for that issuer.

use super::ClaimsError;
use crate::cloud::{Cloud, TokenVersion};
use crate::json::{self, Object};
use crate::keys::KeyScope;
use crate::text::Shown;

/// The version of the token.
pub(super) fn version(claims: &Object) -> Result<TokenVersion, ClaimsError> {
    match json::text(claims, "ver") {
        Some("1.0") => Ok(TokenVersion::V1),
        Some("2.0") => Ok(TokenVersion::V2),
        Some(other) => Err(ClaimsError::Version { found: Shown::new(other) }),
        None => Err(ClaimsError::Missing { claim: "ver" }),
    }
}

/// The issuer, letter by letter the one of this version, cloud and tenant.
///
/// Source: OpenID Connect Core 3.1.3.7; Microsoft Entra "Access tokens", "Validate the issuer".
pub(super) fn check_issuer<'a>(
    claims: &'a Object,
    cloud: Cloud,
    version: TokenVersion,
    tid: &str,
) -> Result<&'a str, ClaimsError> {
    let iss = json::text(claims, "iss").ok_or(ClaimsError::Missing { claim: "iss" })?;
    let expected = cloud.issuer(version, tid);
    if iss == expected {
        return Ok(iss);
    }
    let (found, expected) = (Shown::whole_against(iss, &expected), Shown::whole(&expected));
    Err(ClaimsError::Issuer { found, expected, cloud })
}

/// Checks that the key belongs to the issuer and to the cloud, as far as its set says so.
///
/// A key of the v2.0 form vouches for v1.0 tokens of the same tenant too.
///
/// Source: Microsoft Entra "Access tokens", "Validate the signing key issuer"; IdentityModel,
/// `AadTokenValidationParametersExtension`.
pub(super) fn check_key(
    scope: &KeyScope,
    cloud: Cloud,
    iss: &str,
    tid: &str,
) -> Result<(), ClaimsError> {
    if let Some(key_issuer) = &scope.issuer {
        let filled_in = key_issuer.replace("{tenantid}", tid);
        let expected = cloud.issuer(TokenVersion::V2, tid);
        if filled_in != iss && filled_in != expected {
            let key_issuer = Shown::whole_against(key_issuer, &expected);
            let expected = Shown::whole(&expected);
            return Err(ClaimsError::KeyIssuer { key_issuer, expected });
        }
    }
    match &scope.cloud_instance_name {
        Some(found) if found != cloud.instance_name() => {
            let expected = cloud.instance_name();
            Err(ClaimsError::KeyCloud { found: Shown::against(found, expected), expected })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TID: &str = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";

    fn issuer(
        iss: &str,
        cloud: Cloud,
        version: TokenVersion,
        tid: &str,
    ) -> Result<(), ClaimsError> {
        let claims = json::parse_object(format!(r#"{{"iss":"{iss}"}}"#).as_bytes()).unwrap();
        check_issuer(&claims, cloud, version, tid).map(drop)
    }

    #[test]
    fn each_version_and_cloud_has_one_issuer() {
        let v1 = format!("https://sts.windows.net/{TID}/");
        let v2 = format!("https://login.microsoftonline.com/{TID}/v2.0");
        assert!(issuer(&v1, Cloud::Public, TokenVersion::V1, TID).is_ok());
        assert!(issuer(&v2, Cloud::Public, TokenVersion::V2, TID).is_ok());
        for (iss, cloud, version) in [
            (&v1, Cloud::Public, TokenVersion::V2),
            (&v2, Cloud::Public, TokenVersion::V1),
            (&v2, Cloud::UsGov, TokenVersion::V2),
            (&v1, Cloud::China, TokenVersion::V1),
        ] {
            assert!(issuer(iss, cloud, version, TID).is_err(), "{iss} {cloud} {version}");
        }
    }

    #[test]
    fn the_tenant_counts_in_the_letter_case_of_the_claim() {
        let upper = TID.to_uppercase();
        let iss = format!("https://login.microsoftonline.com/{upper}/v2.0");
        assert!(issuer(&iss, Cloud::Public, TokenVersion::V2, &upper).is_ok());
        let error = issuer(&iss, Cloud::Public, TokenVersion::V2, TID).unwrap_err();
        assert_eq!(error.code(), "token.issuer");
    }

    #[test]
    fn a_key_speaks_for_its_issuer_and_cloud_alone() {
        let v2 = Cloud::Public.issuer(TokenVersion::V2, TID);
        let v1 = Cloud::Public.issuer(TokenVersion::V1, TID);
        let template = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let consumer =
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
        for (key_issuer, instance, iss, fits) in [
            (None, None, &v2, true),
            (Some(template), Some("microsoftonline.com"), &v2, true),
            (Some(template), None, &v1, true),
            (Some(&*v2), None, &v2, true),
            (Some(&*v1), None, &v1, true),
            (Some(&*v1), None, &v2, false),
            (Some(consumer), None, &v2, false),
            (Some("https://login.microsoftonline.us/{tenantid}/v2.0"), None, &v2, false),
            (None, Some("microsoftonline.us"), &v2, false),
        ] {
            let scope = KeyScope {
                issuer: key_issuer.map(str::to_owned),
                cloud_instance_name: instance.map(str::to_owned),
            };
            let result = check_key(&scope, Cloud::Public, iss, TID);
            assert_eq!(result.is_ok(), fits, "{scope:?} {iss}: {result:?}");
        }
    }
}
