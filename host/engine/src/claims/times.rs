//! When the token is valid.
//!
//! All arithmetic is in `f64`, which neither overflows nor panics and is exact for the whole
//! seconds of the next 285 million years.

use super::{ClaimsError, ISSUER_SETBACK, Verification};
use crate::json::Object;

/// Checks `exp`, `nbf`, `iat` and the lifetime at `now`.
///
/// Source: RFC 7519 4.1.4 to 4.1.6. At `exp` itself a token has expired.
pub(super) fn check(
    claims: &Object,
    verification: &Verification,
    now: u64,
) -> Result<(), ClaimsError> {
    let now = now as f64;
    let leeway = verification.leeway().as_secs_f64();
    let exp = time(claims, "exp").ok_or(ClaimsError::Missing { claim: "exp" })?;
    if now >= exp + leeway {
        return Err(ClaimsError::Expired { exp, now, leeway, late: now - exp });
    }
    for claim in ["nbf", "iat"] {
        match time(claims, claim) {
            Some(time) if now + leeway < time => {
                return Err(ClaimsError::NotYetValid { claim, time, now, leeway });
            }
            _ => {}
        }
    }
    check_lifetime(exp, time(claims, "iat"), verification, now)
}

/// Without `iat` the lifetime is counted from now, and nothing was set back.
fn check_lifetime(
    exp: f64,
    iat: Option<f64>,
    verification: &Verification,
    now: f64,
) -> Result<(), ClaimsError> {
    let (from, start, setback) = match iat {
        Some(iat) => ("iat", iat, ISSUER_SETBACK.as_secs_f64()),
        None => ("now", now, 0.0),
    };
    let longest = verification.max_lifetime().as_secs_f64();
    let tolerance = setback + verification.leeway().as_secs_f64();
    let lifetime = exp - start;
    if lifetime > longest + tolerance {
        return Err(ClaimsError::Lifetime { lifetime, from, longest, tolerance });
    }
    Ok(())
}

fn time(claims: &Object, claim: &str) -> Option<f64> {
    claims.get(claim)?.as_f64()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::json;

    const NOW: u64 = 1_767_225_600;

    fn code(claims: &str, leeway: u64) -> &'static str {
        let claims = json::parse_object(claims.as_bytes()).unwrap();
        let leeway = Duration::from_secs(leeway);
        let verification = Verification::default().with_leeway(leeway).unwrap();
        check(&claims, &verification, NOW).map_or_else(|error| error.code(), |()| "ok")
    }

    #[test]
    fn the_edges_of_each_time() {
        for leeway in [0, 60, 300] {
            for (offset, expected) in [(1, "ok"), (0, "token.expired"), (-1, "token.expired")] {
                let exp = NOW.saturating_sub(leeway).saturating_add_signed(offset);
                let claims = format!(r#"{{"exp":{exp}}}"#);
                assert_eq!(code(&claims, leeway), expected, "exp {offset} leeway {leeway}");
            }
            for claim in ["nbf", "iat"] {
                for (offset, expected) in [(-1, "ok"), (0, "ok"), (1, "token.not_yet_valid")] {
                    let time = NOW.saturating_add(leeway).saturating_add_signed(offset);
                    let claims = format!(r#"{{"exp":{},"{claim}":{time}}}"#, NOW + 3600);
                    assert_eq!(code(&claims, leeway), expected, "{claim} {offset} leeway {leeway}");
                }
            }
        }
    }

    #[test]
    fn fractions_are_fine() {
        assert_eq!(code(&format!(r#"{{"exp":{NOW}.5}}"#), 0), "ok");
        assert_eq!(code(&format!(r#"{{"exp":{}.5}}"#, NOW - 1), 0), "token.expired");
    }

    #[test]
    fn strange_numbers_neither_pass_nor_overflow() {
        for (exp, expected) in [
            ("0", "token.expired"),
            ("-1", "token.expired"),
            ("-0.0", "token.expired"),
            ("-1e30", "token.expired"),
            ("1e30", "token.lifetime"),
            ("1e308", "token.lifetime"),
            ("9223372036854775808", "token.lifetime"),
            ("18446744073709551615", "token.lifetime"),
            ("32472144000", "token.lifetime"),
            ("1767229200000", "token.lifetime"),
        ] {
            for iat in [String::new(), format!(r#","iat":{NOW}"#)] {
                assert_eq!(code(&format!(r#"{{"exp":{exp}{iat}}}"#), 60), expected, "{exp}{iat}");
            }
        }
        let ancient = format!(r#"{{"exp":{},"iat":-1e308}}"#, NOW + 1);
        assert_eq!(code(&ancient, 60), "token.lifetime");
    }

    #[test]
    fn the_longest_lifetime_has_room_for_the_setback_and_the_leeway() {
        for longest in [28 * 3600, 3600] {
            let lives = |lifetime: u64, iat: &str, leeway| {
                let verification = Verification::default()
                    .with_max_lifetime(Duration::from_secs(longest))
                    .with_leeway(Duration::from_secs(leeway))
                    .unwrap();
                let claims = format!(r#"{{"exp":{}{iat}}}"#, NOW + lifetime);
                check(&json::parse_object(claims.as_bytes()).unwrap(), &verification, NOW).is_ok()
            };
            let iat = format!(r#","iat":{NOW}"#);
            for leeway in [0, 60, 300] {
                assert!(lives(longest + 300 + leeway, &iat, leeway), "{longest} {leeway}");
                assert!(!lives(longest + 301 + leeway, &iat, leeway), "{longest} {leeway}");
                assert!(lives(longest + leeway, "", leeway), "without `iat` {longest} {leeway}");
                assert!(
                    !lives(longest + leeway + 1, "", leeway),
                    "without `iat` {longest} {leeway}"
                );
            }
        }
    }

    #[test]
    fn a_token_of_28_hours_passes_as_the_issuer_dates_it() {
        let claims = format!(r#"{{"exp":{},"iat":{}}}"#, NOW + 28 * 3600, NOW - 300);
        assert_eq!(code(&claims, 0), "ok");
    }

    #[test]
    fn a_longer_life_is_refused_with_what_may_be() {
        let claims = format!(r#"{{"exp":{},"iat":{NOW}}}"#, NOW + 101_161);
        let claims = json::parse_object(claims.as_bytes()).unwrap();
        let error = check(&claims, &Verification::default(), NOW).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the token lives 101161 s from `iat` to `exp`; expected at most 100800 s, and 360 s of \
             tolerance"
        );
    }

    #[test]
    fn exp_is_required_and_messages_say_what_came() {
        assert_eq!(code("{}", 60), "token.claims");
        let claims = json::parse_object(format!(r#"{{"exp":{}}}"#, NOW - 90).as_bytes()).unwrap();
        let error = check(&claims, &Verification::default(), NOW).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the token expired 90 s ago (`exp` 1767225510, now 1767225600, leeway 60 s)"
        );
    }
}
