//! Framing.

use admit::token::{Format, compact_form};
use admit_tests::fixture::{claims, issuer, with};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::{check, good, header, parts, row, with_header, with_raw_payload};

#[test]
pub(super) fn b2_framing() {
    let token = good();
    let [header_part, payload, signature] = parts(&token);
    let malformed = "token.malformed";
    let mut rows = vec![
        row("nothing", String::new(), malformed),
        row("one segment", header_part.clone(), malformed),
        row("two segments", format!("{header_part}.{payload}"), malformed),
        row("four segments", format!("{token}.x"), malformed),
        row("a full stop behind", format!("{token}."), malformed),
        row("a full stop in front", format!(".{token}"), malformed),
        row("five segments", format!("{header_part}.a.b.c.d"), malformed),
        row("six segments", format!("{token}.{token}"), malformed),
        row("full stops alone", "..".to_owned(), malformed),
        row("5,000 full stops", ".".repeat(5_000), malformed),
        row("a megabyte of full stops", ".".repeat(1_000_000), "token.too_large"),
        row("Bearer left on", format!("Bearer {token}"), malformed),
        row("NUL behind", format!("{token}\0"), malformed),
        row("NUL inside", token.replacen('.', "\0.", 1), malformed),
        row("full-width full stops", token.replace('.', "\u{ff0e}"), malformed),
        row("a line break inside", token.replacen('.', "\r\n.", 1), malformed),
        row("padding", format!("{header_part}=.{payload}.{signature}"), malformed),
        row("quotes", format!("\"{token}\""), malformed),
        row("percent signs", token.replace('.', "%2E"), malformed),
    ];
    for space in [" ", "\n", "\r\n", "\t", "\u{a0}", "\u{feff}"] {
        rows.push(row(format!("{space:?} in front"), format!("{space}{token}"), malformed));
        rows.push(row(format!("{space:?} behind"), format!("{token}{space}"), malformed));
    }
    check(rows);
}

#[test]
pub(super) fn b2_other_serializations() {
    let [header_part, payload, signature] = parts(&good());
    let flattened =
        json!({"protected": header_part, "payload": payload, "signature": signature}).to_string();
    let general = json!({"payload": payload, "signatures": [
        {"protected": header_part, "signature": signature}]})
    .to_string();
    let polyglot = format!("{{\"payload\":\"{payload}\",\"x\":\".{header_part}.{signature}\"}}");
    let jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.aXY.Y2lwaGVy.dGFn";
    let nested = with_raw_payload(good());
    let nested_cty = issuer().sign_parts(with(header(), json!({"cty": "JWT"})).to_string(), good());
    let encoded = STANDARD.encode(good());
    check(vec![
        row("flattened JSON", flattened, "token.malformed"),
        row("general JSON", general, "token.malformed"),
        row("polyglot", polyglot, "token.malformed"),
        row("JWE", jwe.to_owned(), "token.malformed"),
        row("zip", with_header(json!({"zip": "DEF"})), "token.header"),
        row("enc", with_header(json!({"enc": "A256GCM"})), "token.header"),
        row("nested JWT", nested, "token.claims"),
        row("nested JWT with cty", nested_cty, "token.claims"),
        row("base64 of a token, not unwrapped", encoded, "token.malformed"),
    ]);
}

#[test]
pub(super) fn b2_alphabets_even_if_signed_that_way() {
    let sign = |engine: &base64::engine::GeneralPurpose, payload: &str| {
        let input = format!("{}.{}", engine.encode(header().to_string()), engine.encode(payload));
        let signature = engine.encode(issuer().signature(input.as_bytes()));
        format!("{input}.{signature}")
    };
    let payload = with(claims(), json!({"x": "ÿÿÿ???>>>~~~ÿ"})).to_string();
    assert!(STANDARD.encode(&payload).contains(['+', '/']));
    check(vec![
        row("base64url without padding", sign(&URL_SAFE_NO_PAD, &payload), "ok"),
        row("base64url with padding", sign(&URL_SAFE, &payload), "token.malformed"),
        row("standard alphabet", sign(&STANDARD, &payload), "token.malformed"),
    ]);
}

#[test]
fn b2_wrapped_tokens_are_unwrapped_first() {
    let token = good();
    let wrapped = STANDARD.encode(&token);
    let soap = format!(
        r##"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><Security xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><BinarySecurityToken ValueType="urn:ietf:params:oauth:token-type:jwt" EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary">{wrapped}</BinarySecurityToken></Security></s:Header><s:Body/></s:Envelope>"##
    );
    for (format, input) in
        [(Format::Jwt, &token), (Format::BinarySecurityToken, &wrapped), (Format::Soap, &soap)]
    {
        assert_eq!(compact_form(format, input.as_bytes()).unwrap(), token, "{format:?}");
    }
    for (format, input) in [
        (Format::BinarySecurityToken, &token),
        (Format::BinarySecurityToken, &soap),
        (Format::Soap, &token),
        (Format::Soap, &wrapped),
    ] {
        assert_eq!(compact_form(format, input.as_bytes()).unwrap_err().code(), "token.malformed");
    }
}
