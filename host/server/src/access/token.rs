//! The text of an access token: `admit_ID_SECRET`, both parts random.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// So that scanners of repositories and logs know one when they see it.
const PREFIX: &str = "admit_";

const ID_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;

/// The length of an id: hexadecimal, so that it is a plain word in every shell.
const ID_LENGTH: usize = 8;

#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct TokenError;

pub(super) struct NewToken {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) secret_sha256: Vec<u8>,
}

impl NewToken {
    pub(super) fn make() -> Result<Self, TokenError> {
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        rand::fill(&mut id).map_err(|_| TokenError)?;
        rand::fill(&mut secret).map_err(|_| TokenError)?;
        let id = format!("{:08x}", u32::from_be_bytes(id));
        let secret = URL_SAFE_NO_PAD.encode(secret);
        let text = format!("{PREFIX}{id}_{secret}");
        Ok(Self { text, secret_sha256: digest(&SHA256, secret.as_bytes()).as_ref().to_vec(), id })
    }
}

/// The id and the secret of a token; absent when it does not have the form of one.
pub(super) fn split(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_at_checked(ID_LENGTH)?;
    Some((id, secret.strip_prefix('_')?))
}

/// Whether a text begins as tokens do, of Entra and of Admit: no id and no tag does.
pub(crate) fn looks_like_one(text: &[u8]) -> bool {
    text.starts_with(b"eyJ") || text.starts_with(PREFIX.as_bytes())
}

/// Whether a secret has this digest. A digest is compared, so that the time tells nothing of the
/// secret even without the comparison in constant time.
pub(super) fn matches(secret: &str, secret_sha256: &[u8]) -> bool {
    let given = digest(&SHA256, secret.as_bytes());
    verify_slices_are_equal(given.as_ref(), secret_sha256).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_splits_into_what_it_was_made_of() {
        let new = NewToken::make().unwrap();
        let (id, secret) = split(&new.text).unwrap();
        assert_eq!(id, new.id);
        assert!(matches(secret, &new.secret_sha256));
        let mut wrong = secret.to_owned();
        let last = if wrong.ends_with('A') { 'B' } else { 'A' };
        wrong.pop();
        wrong.push(last);
        assert!(!matches(&wrong, &new.secret_sha256));
        assert!(!matches("", &new.secret_sha256));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in [
            "",
            "admit_",
            "admit_12345678",
            "admit_1234567_x",
            "other_12345678_x",
            "admit_1234567é_x",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
        assert_eq!(split("admit_12345678_"), Some(("12345678", "")));
    }
}
