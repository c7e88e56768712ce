//! What obtained a token: the claims `azp`, `appid` and `idtyp`.

use crate::{Guid, GuidSet, TokenVersion};

/// The claim that names the calling application, which differs by version.
#[must_use]
pub const fn claim(version: TokenVersion) -> &'static str {
    match version {
        TokenVersion::V1 => "appid",
        TokenVersion::V2 => "azp",
    }
}

/// Whether the calling application is on the list.
#[must_use]
pub fn is_listed(app: &str, allowed: &GuidSet) -> bool {
    Guid::parse(app).is_ok_and(|app| allowed.contains(&app))
}

/// Whether the claim `idtyp` says that an application obtained the token for itself.
#[must_use]
pub const fn is_app_only(idtyp: &str) -> bool {
    idtyp.eq_ignore_ascii_case("app")
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";

    #[test]
    fn each_version_has_its_claim() {
        assert_eq!(claim(TokenVersion::V1), "appid");
        assert_eq!(claim(TokenVersion::V2), "azp");
    }

    #[test]
    fn finds_a_listed_application() {
        let allowed = GuidSet::from_iter([Guid::parse(APP).unwrap()]);
        assert!(is_listed(&APP.to_uppercase(), &allowed));
        assert!(!is_listed("29d9ed98-a469-4536-ade2-f981bc1d605f", &allowed));
        assert!(!is_listed("", &allowed));
    }

    #[test]
    fn tells_application_tokens() {
        assert!(is_app_only("app"));
        assert!(is_app_only("APP"));
        assert!(!is_app_only("user"));
        assert!(!is_app_only(""));
    }
}
