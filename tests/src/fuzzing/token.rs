//! Tokens in the forms they travel in, before and after the signature was looked at.

use std::sync::OnceLock;

use admit::claims::Verification;
use admit::keys::Keys;
use admit::token::{Format, MAX_TOKEN_BYTES, UnverifiedToken, compact_form};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{is_fit_for_a_log, refused};
use crate::fixture::{NOW, claims, claims_v1, issuer, judge, keys_with};

/// Parameters of a header that must not be there, whatever they say.
const REFUSED: [&str; 8] = ["crit", "b64", "zip", "enc", "jku", "x5u", "jwk", "x5c"];

/// Bytes as a token in each form; and as edits of a good token, three bytes each: place and value.
///
/// What the reader takes is three segments of canonical base64url with a key id. What the signature
/// lets through is a token that was signed, byte for byte.
pub fn token_bytes(bytes: &[u8]) -> bool {
    let taken = [Format::Jwt, Format::BinarySecurityToken].map(|format| {
        match compact_form(format, bytes) {
            Ok(compact) => check_compact(&compact),
            Err(error) => refused(&error),
        }
    });
    let mut edited = good().as_bytes().to_vec();
    let (edits, _) = bytes.as_chunks::<3>();
    for [high, low, value] in edits {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % edited.len();
        if let Some(byte) = edited.get_mut(place) {
            *byte = *value;
        }
    }
    if let Ok(compact) = compact_form(Format::Jwt, &edited) {
        check_compact(&compact);
    }
    taken.contains(&true)
}

fn check_compact(compact: &str) -> bool {
    assert!(compact.is_ascii() && compact.len() <= MAX_TOKEN_BYTES);
    let taken = match UnverifiedToken::parse(compact, MAX_TOKEN_BYTES) {
        Ok(token) => check_unverified(compact, &token),
        Err(error) => refused(&error),
    };
    let verdict = judge(compact, keys(), &Verification::default(), NOW);
    is_fit_for_a_log(&verdict.text);
    assert!(verdict.code != "ok" || signed().contains(&compact), "an unsigned token passed");
    taken
}

fn check_unverified(compact: &str, token: &UnverifiedToken<'_>) -> bool {
    let segments: Vec<_> = compact.split('.').collect();
    assert_eq!(segments.len(), 3);
    for segment in &segments {
        let decoded = URL_SAFE_NO_PAD.decode(segment).expect("an accepted segment is base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(decoded), *segment, "not canonical");
    }
    assert!((1..=256).contains(&token.kid().len()));
    let shown = format!("{token:?}");
    let secret = segments.iter().skip(1).filter(|segment| segment.len() > 256);
    assert!(!secret.into_iter().any(|segment| shown.contains(*segment)), "shows the token");
    true
}

/// Bytes as the JOSE header of a token whose payload and signature belong to another header.
///
/// What the reader takes is a JSON object for RS256 with the key id it names, and without the
/// parameters that would change what is signed. Only the header that was signed passes.
pub fn header_json(bytes: &[u8]) -> bool {
    let mut parts = good().splitn(2, '.');
    let (header, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let encoded = URL_SAFE_NO_PAD.encode(bytes);
    let token = format!("{encoded}.{rest}");
    let taken = match UnverifiedToken::parse(&token, MAX_TOKEN_BYTES) {
        Ok(token) => {
            let header: Value = serde_json::from_slice(bytes).expect("an accepted header is JSON");
            assert_eq!(header.get("alg").and_then(Value::as_str), Some("RS256"));
            assert_eq!(header.get("kid").and_then(Value::as_str), Some(token.kid()));
            assert!(REFUSED.iter().all(|name| header.get(name).is_none()), "{header}");
            true
        }
        Err(error) => refused(&error),
    };
    let verdict = judge(&token, keys(), &Verification::default(), NOW);
    is_fit_for_a_log(&verdict.text);
    assert!(verdict.code != "ok" || encoded == header, "a header that was not signed passed");
    taken
}

/// Bytes as an enrolment request. What the reader takes out is a bounded ASCII text that its own
/// wrapping gives back, from an envelope that has the element.
pub fn soap_envelope(bytes: &[u8]) -> bool {
    match compact_form(Format::Soap, bytes) {
        Ok(token) => {
            assert!(token.is_ascii() && token.len() <= MAX_TOKEN_BYTES);
            let envelope = std::str::from_utf8(bytes).expect("an accepted envelope is text");
            assert!(envelope.contains("BinarySecurityToken"));
            let wrapped = STANDARD.encode(token.as_bytes());
            let again = compact_form(Format::BinarySecurityToken, wrapped.as_bytes());
            assert_eq!(again.as_deref(), Ok(&*token));
            check_compact(&token);
            true
        }
        Err(error) => refused(&error),
    }
}

/// The tokens that may pass, one of each version.
fn signed() -> [&'static str; 2] {
    static SIGNED: OnceLock<[String; 2]> = OnceLock::new();
    let [v1, v2] =
        SIGNED.get_or_init(|| [claims_v1(), claims()].map(|claims| issuer().sign(&claims)));
    [v1, v2]
}

/// The token that edits start from.
fn good() -> &'static str {
    let [_, v2] = signed();
    v2
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| keys_with(json!({})))
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let [v1, v2] = signed();
    vec![v1.into(), v2.into(), STANDARD.encode(v2).into()]
}

pub(super) fn header_seeds() -> Vec<Vec<u8>> {
    let kid = issuer().kid();
    let header = |header: Value| header.to_string().into_bytes();
    vec![
        header(json!({"typ": "JWT", "alg": "RS256", "kid": kid})),
        header(json!({"alg": "none", "kid": kid})),
        header(json!({"alg": "HS256", "kid": kid, "typ": "JWT"})),
        header(json!({"alg": "RS256", "kid": kid, "crit": ["exp"], "exp": 1})),
    ]
}

pub(super) fn envelope_seeds() -> Vec<Vec<u8>> {
    let token = STANDARD.encode(good());
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <s:Header><w:Security><w:BinarySecurityToken \
         ValueType=\"urn:ietf:params:oauth:token-type:jwt\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary\">\
         {token}</w:BinarySecurityToken></w:Security></s:Header><s:Body/></s:Envelope>"
    );
    vec![envelope.into_bytes()]
}
