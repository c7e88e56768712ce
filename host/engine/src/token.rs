//! A token as it arrives: bounded, framed and decoded, but not verified.

mod header;
mod soap;
mod stray;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use self::header::Header;
pub use self::header::HeaderError;
pub(crate) use self::header::MAX_KID_BYTES;
pub use self::soap::SoapError;
pub use self::stray::Stray;
use crate::input;

/// Most bytes of a compact token.
///
/// A token with 200 groups has about 12 kB.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// Most bytes of a SOAP envelope.
pub const MAX_ENVELOPE_BYTES: usize = 256 * 1024;

/// The form in which a platform hands over a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The compact serialization itself (RFC 7519).
    Jwt,
    /// The content of a BinarySecurityToken: standard padded base64 of the compact serialization.
    BinarySecurityToken,
    /// An enrolment request: a SOAP 1.2 envelope whose WS-Security header holds the
    /// BinarySecurityToken (MS-MDE2 3.1).
    Soap,
}

/// Why a token was refused before its signature was looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum TokenError {
    /// Longer than the bound of its form.
    #[error("the {what} has {bytes} bytes; expected at most {max}")]
    TooLarge { what: &'static str, bytes: usize, max: usize },
    /// Not three segments separated by full stops.
    #[error("the token has {found} segments separated by `.`{}; expected 3", encrypted(*found))]
    Segments {
        /// How many there are; 6 stands for more than 5.
        found: usize,
    },
    /// Something other than the letters of strict encoding.
    #[error("the {what} is not strict {expected}")]
    Encoding { what: &'static str, expected: &'static str },
    /// Something stands around the token or in it that is no part of it.
    #[error("the {what} {stray}")]
    Stray { what: &'static str, stray: Stray },
    /// A segment that must not be empty is.
    #[error("the {what} is empty")]
    Empty { what: &'static str },
    /// The JOSE header is not one that Entra signs with.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The SOAP envelope does not hold exactly one token.
    #[error(transparent)]
    Soap(#[from] SoapError),
}

impl TokenError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "token.too_large",
            Self::Segments { .. }
            | Self::Encoding { .. }
            | Self::Stray { .. }
            | Self::Empty { .. }
            | Self::Soap(_) => "token.malformed",
            Self::Header(error) => error.code(),
        }
    }

    /// Says of a text whose framing is wrong what stands there instead, if that shows.
    fn explained_by(self, what: &'static str, text: &[u8]) -> Self {
        let is_framing =
            matches!(self, Self::Segments { .. } | Self::Encoding { .. } | Self::Empty { .. });
        match is_framing.then(|| Stray::find(text)).flatten() {
            Some(stray) => Self::Stray { what, stray },
            None => self,
        }
    }
}

/// The compact serialization inside `input`, which has the given form.
///
/// What [`crate::input`] takes off is no part of it: white space around a token and in base64, a byte
/// order mark.
///
/// # Errors
///
/// [`TokenError::TooLarge`] before anything is read; [`TokenError::Empty`] when nothing is there;
/// [`TokenError::Encoding`] for text that is not ASCII or not canonical base64, [`TokenError::Stray`] where
/// it shows why; [`TokenError::Soap`] for an envelope without exactly one token.
pub fn compact_form(format: Format, input: &[u8]) -> Result<Cow<'_, str>, TokenError> {
    match format {
        Format::Jwt => bare_token(input).map(Cow::Borrowed),
        Format::BinarySecurityToken => unwrap_binary_security_token(input).map(Cow::Owned),
        Format::Soap => {
            const WHAT: &str = "SOAP envelope";
            bounded(WHAT, input, MAX_ENVELOPE_BYTES)?;
            if input::document(input).trim_ascii().is_empty() {
                return Err(TokenError::Empty { what: WHAT });
            }
            let content = soap::binary_security_token(input)?;
            unwrap_binary_security_token(content.as_bytes()).map(Cow::Owned)
        }
    }
}

fn bare_token(input: &[u8]) -> Result<&str, TokenError> {
    let token = input::token(input);
    bounded("token", token, MAX_TOKEN_BYTES)?;
    if token.is_empty() { Err(TokenError::Empty { what: "token" }) } else { ascii(token) }
}

/// A token whose signature has not been checked.
///
/// Everything but the key id stays closed until [`verify`](crate::verify::verify) has succeeded.
pub struct UnverifiedToken<'a> {
    kid: String,
    has_nonce: bool,
    signing_input: &'a str,
    unverified_payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the compact serialization: three strict base64url segments, of which the first is a
    /// JOSE header for RS256 with a key id.
    ///
    /// # Errors
    ///
    /// [`TokenError::TooLarge`] above `max_token_bytes`, before anything is read;
    /// [`TokenError::Segments`], [`TokenError::Empty`] and [`TokenError::Encoding`] for the framing,
    /// [`TokenError::Stray`] where it shows why; [`TokenError::Header`] for the JOSE header.
    ///
    /// Source: RFC 7515 5.2, 7.1; RFC 8725 3.1.
    pub fn parse(compact: &'a str, max_token_bytes: usize) -> Result<Self, TokenError> {
        bounded("token", compact.as_bytes(), max_token_bytes)?;
        Self::read(compact).map_err(|error| error.explained_by("token", compact.as_bytes()))
    }

    fn read(compact: &'a str) -> Result<Self, TokenError> {
        let [header, payload, signature] = segments(not_empty("token", compact)?)?;
        let header = base64url("JOSE header", not_empty("JOSE header", header)?)?;
        let Header { key_id: kid, has_nonce } = Header::parse(&header)?;
        let signature = base64url("signature", not_empty("signature", signature)?)?;
        let unverified_payload = base64url("payload", payload)?;
        let (signing_input, _) = compact.rsplit_once('.').expect("`segments` found two full stops");
        Ok(Self { kid, has_nonce, signing_input, unverified_payload, signature })
    }

    /// The id of the key that is said to have signed.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether the JOSE header has `nonce`, as tokens for Microsoft Graph have. Nothing has verified it:
    /// it may explain why a signature does not match, and nothing else.
    pub(crate) fn has_unverified_nonce(&self) -> bool {
        self.has_nonce
    }

    pub(crate) fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &Vec<u8> {
        &self.signature
    }

    /// INVARIANT: called by `verify` alone, after the signature was found good.
    pub(crate) fn into_payload(self) -> Vec<u8> {
        self.unverified_payload
    }
}

impl std::fmt::Debug for UnverifiedToken<'_> {
    /// Shows the key id only: no part of a token reaches a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UnverifiedToken").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn bounded(what: &'static str, input: &[u8], max: usize) -> Result<(), TokenError> {
    let bytes = input.len();
    if bytes > max { Err(TokenError::TooLarge { what, bytes, max }) } else { Ok(()) }
}

fn ascii(input: &[u8]) -> Result<&str, TokenError> {
    let text = std::str::from_utf8(input).ok().filter(|text| text.is_ascii());
    let encoding = TokenError::Encoding { what: "token", expected: "ASCII" };
    text.ok_or_else(|| encoding.explained_by("token", input))
}

fn not_empty<'a>(what: &'static str, segment: &'a str) -> Result<&'a str, TokenError> {
    if segment.is_empty() { Err(TokenError::Empty { what }) } else { Ok(segment) }
}

/// Segments that are counted, at most.
const COUNTED: usize = 6;

/// What five segments are (RFC 7516 3).
fn encrypted(found: usize) -> &'static str {
    if found == 5 { ", as an encrypted token (JWE)" } else { "" }
}

fn segments(compact: &str) -> Result<[&str; 3], TokenError> {
    let mut parts = compact.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(TokenError::Segments { found: compact.split('.').take(COUNTED).count() }),
    }
}

fn base64url(what: &'static str, segment: &str) -> Result<Vec<u8>, TokenError> {
    let expected = "base64url without padding";
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| TokenError::Encoding { what, expected })
}

fn unwrap_binary_security_token(content: &[u8]) -> Result<String, TokenError> {
    const WHAT: &str = "BinarySecurityToken";
    // With room for the line ends, whatever the length of the lines.
    bounded(WHAT, content, MAX_ENVELOPE_BYTES)?;
    let original = input::token(content);
    let content = input::base64(content);
    bounded(WHAT, &content, MAX_TOKEN_BYTES.div_ceil(3) * 4)?;
    if content.is_empty() {
        return Err(TokenError::Empty { what: WHAT });
    }
    let encoding = TokenError::Encoding { what: WHAT, expected: "padded base64 of a token" };
    // Without its white space a word cannot be separated from what follows it.
    let explained = |_| match Stray::find(original) {
        Some(stray @ Stray::Header { .. }) => TokenError::Stray { what: WHAT, stray },
        _ => encoding.clone().explained_by(WHAT, &content),
    };
    let token = STANDARD.decode(&content).map_err(explained)?;
    match bare_token(&token) {
        Ok(token) => Ok(token.to_owned()),
        Err(TokenError::Encoding { .. }) => Err(encoding),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"alg":"RS256","kid":"k"}"#;

    fn encode(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    fn good() -> String {
        format!("{}.{}.{}", encode(HEADER), encode("{}"), encode("signature"))
    }

    fn parse_error(compact: &str) -> TokenError {
        UnverifiedToken::parse(compact, MAX_TOKEN_BYTES).unwrap_err()
    }

    #[test]
    fn a_good_token_gives_its_key_id_alone() {
        let text = good();
        let token = UnverifiedToken::parse(&text, MAX_TOKEN_BYTES).unwrap();
        assert_eq!(token.kid(), "k");
        assert_eq!(format!("{token:?}"), r#"UnverifiedToken { kid: "k", .. }"#);
    }

    #[test]
    fn an_empty_payload_is_left_to_the_claims() {
        let text = format!("{}..{}", encode(HEADER), encode("signature"));
        assert!(UnverifiedToken::parse(&text, MAX_TOKEN_BYTES).is_ok());
    }

    #[test]
    fn the_size_is_checked_before_anything_else() {
        let text = ".".repeat(MAX_TOKEN_BYTES + 1);
        assert_eq!(parse_error(&text).code(), "token.too_large");
        assert_eq!(UnverifiedToken::parse(&good(), 10).unwrap_err().code(), "token.too_large");
    }

    #[test]
    fn other_numbers_of_segments_are_refused() {
        for (text, found) in [("a", 1), ("a.b", 2), ("a.b.c.d", 4), (&*".".repeat(5_000), 6)] {
            assert_eq!(parse_error(text), TokenError::Segments { found });
        }
        let encrypted =
            "the token has 5 segments separated by `.`, as an encrypted token (JWE); expected 3";
        assert_eq!(parse_error("a.b.c.d.e").to_string(), encrypted);
    }

    #[test]
    fn loose_base64_is_refused_in_every_segment() {
        for bad in ["Zg===", "Zg=", "a", "Zh", "a+b/", "ab!c", "Zg ", "Z\ng", "ＡA"] {
            let (header, payload, signature) = (encode(HEADER), encode("{}"), encode("s"));
            for text in [
                format!("{bad}.{payload}.{signature}"),
                format!("{header}.{bad}.{signature}"),
                format!("{header}.{payload}.{bad}"),
            ] {
                assert_eq!(parse_error(&text).code(), "token.malformed", "{bad:?}");
            }
        }
    }

    #[test]
    fn an_empty_header_or_signature_is_refused() {
        let (header, payload) = (encode(HEADER), encode("{}"));
        assert_eq!(
            parse_error(&format!("{header}.{payload}.")).to_string(),
            "the signature is empty"
        );
        assert_eq!(
            parse_error(&format!(".{payload}.c2ln")).to_string(),
            "the JOSE header is empty"
        );
    }

    #[test]
    fn a_binary_security_token_is_canonical_base64() {
        let wrapped = STANDARD.encode("a.b.c!");
        let unwrap = |text: &str| {
            compact_form(Format::BinarySecurityToken, text.as_bytes()).map(Cow::into_owned)
        };
        assert_eq!(unwrap(&wrapped).unwrap(), "a.b.c!");
        for lines in ["YS5i\nLmMh", " YS5iLmMh\r\n", "\u{feff}YS5i \t LmMh"] {
            assert_eq!(unwrap(lines).unwrap(), "a.b.c!", "{lines:?}");
        }
        let ended = STANDARD.encode("a.b.c!\r\n");
        assert_eq!(unwrap(&ended).unwrap(), "a.b.c!");
        for bad in ["YQ", "YR==", "YQ=", "YQ==YQ==", "/w==", "-_-_", "YQ==\u{a0}", "YQ\0=="] {
            assert_eq!(unwrap(bad).unwrap_err().code(), "token.malformed", "{bad:?}");
        }
        let large = STANDARD.encode("a".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(unwrap(&large).unwrap_err().code(), "token.too_large");
        let huge = "a".repeat(1_000_000);
        assert_eq!(unwrap(&huge).unwrap_err().code(), "token.too_large");
    }

    #[test]
    fn nothing_is_called_empty_in_every_form() {
        for (format, input, what) in [
            (Format::Jwt, "", "token"),
            (Format::Jwt, "\u{feff} \r\n", "token"),
            (Format::BinarySecurityToken, "", "BinarySecurityToken"),
            (Format::BinarySecurityToken, "\n", "BinarySecurityToken"),
            (Format::BinarySecurityToken, "ICAK", "token"),
            (Format::Soap, " \n", "SOAP envelope"),
        ] {
            let error = compact_form(format, input.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), format!("the {what} is empty"), "{format:?} {input:?}");
            assert_eq!(error.code(), "token.malformed");
        }
        assert_eq!(parse_error("").to_string(), "the token is empty");
    }

    #[test]
    fn white_space_around_the_largest_token_does_not_count() {
        let largest = "a".repeat(MAX_TOKEN_BYTES);
        let spaced = format!("\u{feff}\n{largest}\r\n");
        assert_eq!(compact_form(Format::Jwt, spaced.as_bytes()).unwrap(), largest);
        let base64 = STANDARD.encode(&largest);
        let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
        let lines = lines.join(&b"\r\n"[..]);
        assert_eq!(compact_form(Format::BinarySecurityToken, &lines).unwrap(), largest);
    }

    #[test]
    fn a_plain_token_must_be_ascii_and_small() {
        assert!(compact_form(Format::Jwt, b"a.b.c").is_ok());
        assert_eq!(compact_form(Format::Jwt, b"\xef\xbb\xbf a.b.c\r\n").unwrap(), "a.b.c");
        for bad in ["ä.b.c".as_bytes(), b"\xff.b.c"] {
            assert_eq!(compact_form(Format::Jwt, bad).unwrap_err().code(), "token.malformed");
        }
        let large = vec![b'a'; MAX_TOKEN_BYTES + 1];
        assert_eq!(compact_form(Format::Jwt, &large).unwrap_err().code(), "token.too_large");
    }
}
