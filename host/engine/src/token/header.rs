//! The JOSE header: RS256, a key id, and nothing that asks for more.

use serde_json::Value;

use crate::json::{self, JsonError, Object};
use crate::text::Shown;

/// Most bytes of a JOSE header; Entra's have about 130.
const MAX_HEADER_BYTES: usize = 4 * 1024;

/// Most bytes of a key id, in tokens and in JWK Sets; Entra's have 27.
pub(crate) const MAX_KID_BYTES: usize = 256;

/// Parameters that change what is signed, how, or by which key. None is ever needed here, so each
/// is refused instead of understood (RFC 7515 4.1.11, RFC 7797 7, RFC 8725 3.10).
const REFUSED: [&str; 8] = ["crit", "b64", "zip", "enc", "jku", "x5u", "jwk", "x5c"];

/// Why a JOSE header was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum HeaderError {
    /// Longer than 4 KiB.
    #[error("the JOSE header has {bytes} bytes; expected at most {MAX_HEADER_BYTES}")]
    TooLong { bytes: usize },
    /// Not one strict JSON object.
    #[error("the JOSE header is {0}")]
    Json(JsonError),
    /// `alg` is missing or not a string.
    #[error("the JOSE header has {found} as `alg`; expected `RS256`")]
    AlgorithmType {
        /// The JSON type that came, or `nothing`.
        found: &'static str,
    },
    /// `alg` names another algorithm.
    #[error("the token is signed with `alg` `{found}`; expected `RS256`")]
    Algorithm { found: Shown },
    /// `kid` is missing, not a string, empty or too long.
    #[error(
        "the JOSE header has {found} as `kid`; expected a string of 1 to {MAX_KID_BYTES} bytes"
    )]
    KeyId { found: &'static str },
    /// `typ` says that this is something other than a JWT.
    #[error("the JOSE header has `typ` `{found}`; expected `JWT` or none")]
    Type { found: Shown },
    /// A parameter that is refused whatever its value.
    #[error("the JOSE header has `{name}`, which is not accepted")]
    Refused { name: &'static str },
}

impl From<JsonError> for HeaderError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl HeaderError {
    /// The stable code of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmType { .. } | Self::Algorithm { .. } => "token.algorithm",
            _ => "token.header",
        }
    }
}

/// What of a JOSE header counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key_id: String,
    /// Whether there is `nonce`, a string that is not empty, with which Entra marks tokens for Microsoft
    /// Graph: what was signed has a hash of it instead, so that only Microsoft Graph can verify them.
    pub(super) has_nonce: bool,
}

impl Header {
    /// Reads a header that asks for RS256 and nothing else.
    pub(super) fn parse(header: &[u8]) -> Result<Self, HeaderError> {
        if header.len() > MAX_HEADER_BYTES {
            return Err(HeaderError::TooLong { bytes: header.len() });
        }
        let header = json::parse_object(header).map_err(JsonError::without_place)?;
        check_algorithm(&header)?;
        check_type(&header)?;
        match REFUSED.into_iter().find(|name| header.contains_key(*name)) {
            Some(name) => Err(HeaderError::Refused { name }),
            None => {
                let nonce = header.get("nonce").and_then(|nonce| nonce.as_str());
                let has_nonce = nonce.is_some_and(|nonce| !nonce.is_empty());
                Ok(Self { key_id: read_key_id(&header)?, has_nonce })
            }
        }
    }
}

fn check_algorithm(header: &Object) -> Result<(), HeaderError> {
    match header.get("alg") {
        Some(Value::String(alg)) if alg == "RS256" => Ok(()),
        Some(Value::String(alg)) => Err(HeaderError::Algorithm { found: Shown::new(alg) }),
        Some(other) => Err(HeaderError::AlgorithmType { found: json::kind(other) }),
        None => Err(HeaderError::AlgorithmType { found: "nothing" }),
    }
}

/// `typ` is a media type, so its letter case does not count (RFC 7515 4.1.9).
fn check_type(header: &Object) -> Result<(), HeaderError> {
    match header.get("typ") {
        None => Ok(()),
        Some(Value::String(typ)) if typ.eq_ignore_ascii_case("JWT") => Ok(()),
        Some(Value::String(typ)) => Err(HeaderError::Type { found: Shown::new(typ) }),
        Some(other) => Err(HeaderError::Type { found: Shown::new(json::kind(other)) }),
    }
}

fn read_key_id(header: &Object) -> Result<String, HeaderError> {
    let found = match header.get("kid") {
        Some(Value::String(kid)) if kid.is_empty() => "an empty string",
        Some(Value::String(kid)) if kid.len() > MAX_KID_BYTES => "a longer string",
        Some(Value::String(kid)) => return Ok(kid.clone()),
        Some(other) => json::kind(other),
        None => "nothing",
    };
    Err(HeaderError::KeyId { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(header: &str) -> &'static str {
        Header::parse(header.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn entra_headers_are_accepted() {
        for header in [
            r#"{"typ":"JWT","alg":"RS256","x5t":"abc","kid":"abc"}"#,
            r#"{"typ":"JWT","alg":"RS256","kid":"abc"}"#,
            r#"{"alg":"RS256","typ":"jwt","kid":"abc","nonce":"n"}"#,
            r#"{"alg":"RS256","kid":"abc"}"#,
        ] {
            let read = Header::parse(header.as_bytes()).unwrap();
            let has_nonce = header.contains("nonce");
            assert_eq!(read, Header { key_id: "abc".to_owned(), has_nonce });
        }
    }

    #[test]
    fn a_nonce_is_a_string_that_is_not_empty() {
        for nonce in ["null", "1", "true", "[]", r#"["n"]"#, "{}", r#""""#] {
            let header = format!(r#"{{"alg":"RS256","kid":"k","nonce":{nonce}}}"#);
            assert!(!Header::parse(header.as_bytes()).unwrap().has_nonce, "{nonce}");
        }
    }

    #[test]
    fn every_other_algorithm_is_refused() {
        for alg in [
            r#""none""#,
            r#""noNE""#,
            r#""rs256""#,
            r#""RS256 ""#,
            r#"" RS256""#,
            r#""RS256\u0000""#,
            r#""RS384""#,
            r#""PS256""#,
            r#""HS256""#,
            r#""ES256""#,
            r#""""#,
            "null",
            "256",
            r#"["RS256"]"#,
            r#"{"RS256":1}"#,
            "true",
        ] {
            assert_eq!(code(&format!(r#"{{"alg":{alg},"kid":"k"}}"#)), "token.algorithm", "{alg}");
        }
        assert_eq!(code(r#"{"kid":"k"}"#), "token.algorithm");
        assert_eq!(code(r#"{"ALG":"RS256","kid":"k"}"#), "token.algorithm");
    }

    #[test]
    fn a_key_id_is_a_short_string() {
        let long = format!(r#""{}""#, "k".repeat(MAX_KID_BYTES + 1));
        for kid in ["null", "1", r#"["k"]"#, r#""""#, "{}", "false", &long] {
            assert_eq!(code(&format!(r#"{{"alg":"RS256","kid":{kid}}}"#)), "token.header", "{kid}");
        }
        assert_eq!(code(r#"{"alg":"RS256"}"#), "token.header");
        assert_eq!(code(r#"{"alg":"RS256","kid":"a","kid":"a"}"#), "token.header");
    }

    #[test]
    fn parameters_that_change_the_signature_are_refused() {
        for name in REFUSED {
            for value in ["null", "[]", "false", r#""x""#, r#"["b64"]"#] {
                let header = format!(r#"{{"alg":"RS256","kid":"k","{name}":{value}}}"#);
                assert_eq!(
                    Header::parse(header.as_bytes()),
                    Err(HeaderError::Refused { name }),
                    "{name} {value}"
                );
            }
        }
    }

    #[test]
    fn other_kinds_of_token_are_refused() {
        for typ in [r#""at+jwt""#, r#""dpop+jwt""#, r#""JOSE""#, r#""""#, "null", "1"] {
            let header = format!(r#"{{"alg":"RS256","kid":"k","typ":{typ}}}"#);
            assert_eq!(code(&header), "token.header", "{typ}");
        }
    }

    #[test]
    fn what_nobody_has_seen_has_no_line_and_column() {
        for (header, text) in [
            ("", "the JOSE header is not strict JSON: the text is empty"),
            ("x", "the JOSE header is not strict JSON: expected value"),
            (r#"{"a":1,"a":2}"#, "the JOSE header is not strict JSON: duplicate name `a`"),
        ] {
            assert_eq!(Header::parse(header.as_bytes()).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn a_header_is_one_small_strict_object() {
        let deep = format!(r#"{{"alg":"RS256","kid":"k","x":{}}}"#, "[".repeat(2_000));
        let large = format!(r#"{{"alg":"RS256","kid":"k","x":"{}"}}"#, "x".repeat(100_000));
        for header in ["", "[]", "null", "{}{}", "{", "\u{feff}{}", &deep, &large] {
            assert_eq!(code(header), "token.header");
        }
    }
}
