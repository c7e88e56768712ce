//! What the host found, without what the token said.
//!
//! Texts of errors quote what they received in back quotes, and escape those of the received text.
//! So what stands in quotes can be separated from the error's own words, and left out.

use super::entry::Allowed;
use crate::evidence::is_shown;

/// What errors quote of their own accord. Names of claims are known by where they stand.
const WORDS: [&str; 18] = [
    ".", "1.0", "2.0", "JWT", "RS256", "alg", "china", "crit", "exp", "iat", "kid", "nbf", "nonce",
    "now", "public", "tid", "us-gov", "ver",
];

/// What stands before something that the host knows of itself: the issuer that goes with a tenant, the
/// address of a key set.
const OWN: [&str; 2] = ["; expected ", " in the JWK Set of "];

const LEFT_OUT: &str = "…";

/// The text of an error with everything that it quotes left out, but for names of claims and for
/// values of claims that may be shown. Absent for a text whose quotes do not pair.
pub(super) fn without_token(text: &str, allowed: &Allowed) -> Option<String> {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return None;
    }
    let (mut quoted_before, mut words_before) = ("", "");
    let mut shown = Vec::with_capacity(parts.len());
    for pair in parts.chunks(2) {
        let [words, quoted] = [0, 1].map(|place| pair.get(place).copied().unwrap_or_default());
        shown.push(words);
        let is_value = words == " is "
            && words_before.ends_with(CLAIM)
            && is_shown(quoted_before, quoted, &allowed.names);
        let is_name = words.ends_with(CLAIM) || WORDS.contains(&quoted);
        let is_own = OWN.iter().any(|own| words.ends_with(own));
        let is_key = words.ends_with("key ") && is_key_id(quoted);
        if pair.len() == 2 {
            let is_shown = is_value || is_name || is_own || is_key;
            shown.push(if is_shown { quoted } else { LEFT_OUT });
        }
        (quoted_before, words_before) = (quoted, words);
    }
    Some(shown.join("`"))
}

/// Whether a `kid` has the form of those of Entra, and is no name or part of a token.
fn is_key_id(kid: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (20..=64).contains(&kid.len()) && kid.bytes().all(is_base64url) && !kid.starts_with("eyJ")
}

/// Stands before the name of a claim: a registered one, or such a one in other letter case.
const CLAIM: &str = "the claim ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_values_that_may_be_logged_stay_in_quotes() {
        let allowed = Allowed::new(["iss", "ver"].map(str::to_owned).to_vec());
        for (text, expected) in [
            ("the signature is empty", "the signature is empty"),
            (
                "no key `dana` in the JWK Set of `https://x`",
                "no key `…` in the JWK Set of `https://x`",
            ),
            ("no key `2ZQpJ3UpbjAYXYGaXEJl8lV0TOI` in", "no key `2ZQpJ3UpbjAYXYGaXEJl8lV0TOI` in"),
            ("no key `eyJhbGciOiJSUzI1NiIsImtpZCI6` in", "no key `…` in"),
            ("1 segments separated by `.`; expected 3", "1 segments separated by `.`; expected 3"),
            (
                "the claim `iss` is `a`; expected `https://i` for `ver` and `tid` in cloud `public`",
                "the claim `iss` is `a`; expected `https://i` for `ver` and `tid` in cloud `public`",
            ),
            (
                "the claim `upn` is `b`; expected `c`, `dana`",
                "the claim `upn` is `…`; expected `c`, `…`",
            ),
            ("the claim `upn` is an array; expected a", "the claim `upn` is an array; expected a"),
            ("the claim `ver` is `3.0`; not `1.0` or", "the claim `ver` is `3.0`; not `1.0` or"),
            ("the claim `upn` is `dana`; expected", "the claim `upn` is `…`; expected"),
            ("`iss` is `a` is `b`", "`…` is `…` is `…`"),
            ("the claim `iss` is `a` is `b`", "the claim `iss` is `a` is `…`"),
            ("with `alg` `none`; expected `RS256`", "with `alg` `…`; expected `RS256`"),
            ("(`exp` 1, now 2) `", ""),
        ] {
            let shown = without_token(text, &allowed);
            assert_eq!(shown.as_deref().unwrap_or_default(), expected);
        }
    }
}
