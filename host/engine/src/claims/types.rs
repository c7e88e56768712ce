//! The JSON types of registered claims: of those that the host reads, for every token, and of those
//! that a policy asks for, for that policy. Any other claim is left alone, whatever it is.

use serde_json::Value;

use super::ClaimsError;
use crate::json::{self, Object};
use crate::text::Shown;

/// The JSON type of a claim.
#[derive(Clone, Copy)]
enum Kind {
    /// A string.
    Text,
    /// An array of strings; may be empty.
    Texts,
    /// A string, or an array of strings with at least one item.
    TextOrTexts,
    /// As [`Kind::TextOrTexts`]; may be empty. A claims mapping may issue one value as a string.
    AnyTexts,
    /// A number: seconds since 1970-01-01T00:00:00Z, fractions allowed (RFC 7519 2, NumericDate).
    Time,
    /// An object.
    Object,
}

/// The claims whose type is known, by name in ascending order.
///
/// Sources: RFC 7519 4.1; RFC 7800 3.1; OpenID Connect Core 2, 5.1; RFC 8693 4.2; Microsoft Entra
/// "Access token claims reference" and "Optional claims reference".
const TYPES: [(&str, Kind); 41] = [
    ("acr", Kind::Text),
    ("acrs", Kind::Texts),
    ("act", Kind::Object),
    ("amr", Kind::Texts),
    ("appid", Kind::Text),
    ("appidacr", Kind::Text),
    ("aud", Kind::TextOrTexts),
    ("auth_time", Kind::Time),
    ("azp", Kind::Text),
    ("azpacr", Kind::Text),
    ("cnf", Kind::Object),
    ("deviceid", Kind::Text),
    ("email", Kind::Text),
    ("exp", Kind::Time),
    ("family_name", Kind::Text),
    ("given_name", Kind::Text),
    ("groups", Kind::Texts),
    ("iat", Kind::Time),
    ("idp", Kind::Text),
    ("idtyp", Kind::Text),
    ("ipaddr", Kind::Text),
    ("iss", Kind::Text),
    ("jti", Kind::Text),
    ("login_hint", Kind::Text),
    ("middle_name", Kind::Text),
    ("name", Kind::Text),
    ("nbf", Kind::Time),
    ("nickname", Kind::Text),
    ("nonce", Kind::Text),
    ("oid", Kind::Text),
    ("preferred_username", Kind::Text),
    ("roles", Kind::AnyTexts),
    ("scp", Kind::Text),
    ("sid", Kind::Text),
    ("sub", Kind::Text),
    ("tid", Kind::Text),
    ("unique_name", Kind::Text),
    ("upn", Kind::Text),
    ("uti", Kind::Text),
    ("ver", Kind::Text),
    ("wids", Kind::Texts),
];

/// The claims that the host itself reads.
const HOST: [&str; 7] = ["aud", "exp", "iat", "iss", "nbf", "tid", "ver"];

/// Claims that decide: a second spelling beside or instead of one of them is refused, since another
/// reader might take it for the claim.
const DECISIVE: [&str; 6] = ["tid", "iss", "aud", "oid", "scp", "ver"];

/// Checks the types of the claims that the host reads, the spelling of the decisive ones, and that
/// `aud` is there.
pub(super) fn check(claims: &Object) -> Result<(), ClaimsError> {
    for (name, value) in claims {
        check_spelling(name)?;
        if HOST.contains(&&**name) {
            check_registered(name, value)?;
        }
    }
    match claims.get("aud") {
        Some(_) => Ok(()),
        None => Err(ClaimsError::Missing { claim: "aud" }),
    }
}

/// Checks the type of a claim that somebody reads; a claim that is not registered may have any.
pub(super) fn check_registered(name: &str, value: &Value) -> Result<(), ClaimsError> {
    match registered(name) {
        Some((claim, kind)) => check_type(claim, kind, value),
        None => Ok(()),
    }
}

fn registered(name: &str) -> Option<(&'static str, Kind)> {
    let place = TYPES.binary_search_by_key(&name, |(claim, _)| claim).ok()?;
    TYPES.get(place).copied()
}

fn check_spelling(name: &str) -> Result<(), ClaimsError> {
    let mut decisive = DECISIVE.into_iter();
    match decisive.find(|claim| claim.eq_ignore_ascii_case(name)) {
        Some(expected) if expected != name => {
            Err(ClaimsError::Spelling { found: Shown::new(name), expected })
        }
        _ => Ok(()),
    }
}

fn check_type(claim: &'static str, kind: Kind, value: &Value) -> Result<(), ClaimsError> {
    let (fits, expected) = match kind {
        Kind::Text => (is_text(value), "a string"),
        Kind::Texts => (are_texts(value), "an array of strings"),
        Kind::TextOrTexts => (
            is_text(value) || are_texts(value) && *value != Value::Array(Vec::new()),
            "a string or a non-empty array of strings",
        ),
        Kind::AnyTexts => (is_text(value) || are_texts(value), "a string or an array of strings"),
        Kind::Time => (matches!(value, Value::Number(_)), "a number of seconds"),
        Kind::Object => (matches!(value, Value::Object(_)), "an object"),
    };
    if fits { Ok(()) } else { Err(ClaimsError::Type { claim, found: json::kind(value), expected }) }
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::String(_))
}

fn are_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(is_text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(claims: &str) -> Result<(), ClaimsError> {
        check(&json::parse_object(claims.as_bytes()).unwrap())
    }

    const VALUES: [&str; 8] = ["null", "true", "1", r#""a""#, "[]", r#"["a"]"#, r#"["a",1]"#, "{}"];

    #[test]
    fn every_claim_that_is_read_refuses_every_other_type() {
        for (claim, kind) in TYPES {
            let fitting: &[&str] = match kind {
                Kind::Text => &[r#""a""#],
                Kind::Texts => &["[]", r#"["a"]"#],
                Kind::TextOrTexts => &[r#""a""#, r#"["a"]"#],
                Kind::AnyTexts => &[r#""a""#, "[]", r#"["a"]"#],
                Kind::Time => &["1"],
                Kind::Object => &["{}"],
            };
            for value in VALUES {
                let parsed = json::parse(value.as_bytes()).unwrap();
                let result = check_registered(claim, &parsed);
                assert_eq!(result.is_ok(), fitting.contains(&value), "{claim} {value}");
            }
        }
    }

    #[test]
    fn the_host_looks_at_the_types_of_its_own_claims_alone() {
        for (claim, _) in TYPES {
            let aud = if claim == "aud" { "" } else { r#","aud":"a""# };
            let result = |value| check_text(&format!(r#"{{"{claim}":{value}{aud}}}"#));
            assert_eq!(
                VALUES.into_iter().all(|value| result(value).is_ok()),
                !HOST.contains(&claim)
            );
        }
        assert!(check_registered("xms_cc", &Value::Null).is_ok());
    }

    #[test]
    fn names_are_in_order_and_unique() {
        assert!(TYPES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn other_spellings_of_decisive_claims_are_refused() {
        for claim in DECISIVE {
            let upper = claim.to_uppercase();
            let error = check_text(&format!(r#"{{"aud":"a","{upper}":"x"}}"#)).unwrap_err();
            assert_eq!(error.to_string(), format!("the claim `{upper}` is not spelt `{claim}`"));
        }
        assert!(check_text(r#"{"aud":"a","Name":"x","XMS_CC":1}"#).is_ok());
    }

    #[test]
    fn an_audience_is_required() {
        assert_eq!(check_text("{}"), Err(ClaimsError::Missing { claim: "aud" }));
    }

    #[test]
    fn a_wrong_type_is_named_without_the_value() {
        let error = check_text(r#"{"aud":"a","iss":["adele"]}"#).unwrap_err();
        assert_eq!(error.to_string(), "the claim `iss` is an array; expected a string");
    }
}
