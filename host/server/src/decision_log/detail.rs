//! What the host found, without what the token said.
//!
//! Texts of errors quote what they received in back quotes, and escape those of the received text.
//! So what stands in quotes can be told from the error's own words, and left out.

use super::entry::Allowed;
use crate::evidence::is_shown;

/// What errors quote of their own accord. Names of claims are told by where they stand.
const WORDS: [&str; 14] = [
    "1.0", "2.0", "JWT", "RS256", "alg", "crit", "exp", "iat", "kid", "nbf", "nonce", "now", "tid",
    "ver",
];

/// Stands for what is left out.
const LEFT_OUT: &str = "…";

/// The text of an error with everything that it quotes left out, but for names of claims and for
/// values of claims that may be shown. Absent for a text whose quotes cannot be told apart.
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
        if pair.len() == 2 {
            shown.push(if is_value || is_name { quoted } else { LEFT_OUT });
        }
        (quoted_before, words_before) = (quoted, words);
    }
    Some(shown.join("`"))
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
            ("no key `dana` in the JWK Set of `https://x`", "no key `…` in the JWK Set of `…`"),
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
