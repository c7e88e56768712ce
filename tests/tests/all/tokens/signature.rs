//! Algorithm and signature.

use admit::issuer::Issuer;
use admit_tests::fixture::{claims, issuer, with};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::certificate::{rsa_key, self_signed, spki};
use super::{Row, check, encode, good, header, hmac_with, parts, row, with_header};

fn signed_by(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = with(header(), json!({"alg": alg})).to_string();
    let input = format!("{}.{}", encode(header), encode(claims().to_string()));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

fn rsa(encoding: &'static dyn RsaEncoding) -> impl Fn(&[u8]) -> Vec<u8> {
    move |input| {
        let key = rsa_key(issuer());
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(encoding, &SystemRandom::new(), input, &mut signature)
            .expect("the buffer has the length of the modulus");
        signature
    }
}

#[test]
pub(super) fn b1_algorithms() {
    let [_, payload, signature] = parts(&good());
    let mut rows = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "noNE"] {
        let header = encode(json!({"alg": alg, "kid": issuer().kid()}).to_string());
        for (with, signature) in [("without signature", ""), ("with the old one", &*signature)] {
            let token = format!("{header}.{payload}.{signature}");
            rows.push(row(format!("{alg} {with}"), token, "token.algorithm"));
        }
    }
    rows.push(row("alg missing", with_header(json!({"alg": null})), "token.algorithm"));
    for alg in ["rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RS256\n", "RS-256", ""] {
        rows.push(row(format!("{alg:?}"), with_header(json!({"alg": alg})), "token.algorithm"));
    }
    for alg in [json!(256), json!(["RS256"]), json!({"a": "RS256"}), json!(true)] {
        let name = format!("alg {alg}");
        rows.push(row(name, with_header(json!({"alg": alg})), "token.algorithm"));
    }
    for (alg, encoding) in [
        ("RS384", &RSA_PKCS1_SHA384 as &dyn RsaEncoding),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
    ] {
        rows.push(row(
            format!("right key, {alg}"),
            signed_by(alg, rsa(encoding)),
            "token.algorithm",
        ));
        let name = format!("right key, {alg} under the name RS256");
        rows.push(row(name, signed_by("RS256", rsa(encoding)), "token.signature"));
    }
    check(rows);
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = STANDARD.encode(der).into_bytes().chunks(64).map(<[u8]>::to_vec).collect();
    let body = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
}

#[test]
pub(super) fn b1_confusion_of_keys() {
    let key = rsa_key(issuer());
    let (spki, certificate) = (spki(&key), self_signed(&key));
    let modulus = issuer().jwk()["n"].as_str().unwrap().to_owned();
    let mut rows = Vec::new();
    for (name, secret) in [
        ("SPKI PEM", pem("PUBLIC KEY", &spki)),
        ("SPKI DER", spki),
        ("PKCS #1", key.public_key().as_ref().to_vec()),
        ("n as bytes", URL_SAFE_NO_PAD.decode(&modulus).unwrap()),
        ("n as text", modulus.into_bytes()),
        ("x5c", STANDARD.encode(&certificate).into_bytes()),
        ("certificate PEM", pem("CERTIFICATE", &certificate)),
        ("certificate DER", certificate),
        ("nothing", Vec::new()),
    ] {
        let hmac = hmac_with(secret);
        rows.push(row(
            format!("HS256 keyed by {name}"),
            signed_by("HS256", &hmac),
            "token.algorithm",
        ));
        let named = format!("HMAC keyed by {name} under the name RS256");
        rows.push(row(named, signed_by("RS256", &hmac), "token.signature"));
    }
    let stranger = Issuer::generate().unwrap();
    let embedded = with(header(), json!({"jwk": stranger.jwk(), "kid": stranger.kid()}));
    let embedded = stranger.sign_parts(embedded.to_string(), claims().to_string());
    rows.push(row("embedded jwk", embedded, "token.header"));
    let certificate = STANDARD.encode(self_signed(&rsa_key(&stranger)));
    let x5c = with(header(), json!({"x5c": [certificate]}));
    let x5c = stranger.sign_parts(x5c.to_string(), claims().to_string());
    rows.push(row("embedded x5c", x5c, "token.header"));
    rows.push(row("ES256 all zero", signed_by("ES256", |_| vec![0; 64]), "token.algorithm"));
    let forged = stranger.sign_parts(header().to_string(), claims().to_string());
    rows.push(row("other key under a known kid", forged, "token.signature"));
    rows.push(row("own kid of a stranger", stranger.sign(&claims()), "token.key"));
    check(rows);
}

/// `a + b`, both big-endian.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let mut digits: Vec<u8> = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .map(|(&a, &b)| {
            let digit = u16::from(a) + u16::from(b) + carry;
            carry = digit >> 8;
            (digit & 0xff) as u8
        })
        .collect();
    digits.push(carry as u8);
    digits.reverse();
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    digits.split_off(zeros)
}

#[test]
pub(super) fn b1_signatures() {
    let [header_part, payload, signature] = parts(&good());
    let raw = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(issuer().jwk()["n"].as_str().unwrap()).unwrap();
    let one = [vec![0; 255], vec![1]].concat();
    let mut flipped = raw.clone();
    flipped[100] ^= 1;
    let mut rows: Vec<Row> = [
        ("zero", vec![0; 256]),
        ("one", one),
        ("n", modulus.clone()),
        ("s + n", sum(&raw, &modulus)),
        ("one bit", flipped),
        ("too short", raw[..255].to_vec()),
        ("too long", [raw.clone(), vec![0]].concat()),
        ("a zero in front", [vec![0], raw].concat()),
        ("a single byte", vec![0]),
    ]
    .into_iter()
    .map(|(name, bytes)| {
        row(name, format!("{header_part}.{payload}.{}", encode(bytes)), "token.signature")
    })
    .collect();
    rows.push(row("empty", format!("{header_part}.{payload}."), "token.malformed"));

    let [other_header, other_payload, other_signature] = parts(
        &issuer().sign_parts(json!({"alg": "RS256", "kid": issuer().kid()}).to_string(), "{}"),
    );
    for (name, token) in [
        ("header swapped", format!("{other_header}.{payload}.{signature}")),
        ("payload swapped", format!("{header_part}.{other_payload}.{signature}")),
        ("signature swapped", format!("{header_part}.{payload}.{other_signature}")),
    ] {
        rows.push(row(name, token, "token.signature"));
    }
    check(rows);
}

/// The hole of CVE-2026-23518: a token enrolled without its signature being checked.
#[test]
pub(super) fn b1_a_changed_payload_is_never_accepted_without_a_new_signature() {
    let [header_part, _, signature] = parts(&good());
    let mut rows = Vec::new();
    for (name, value) in claims().as_object().unwrap() {
        let changed = with(claims(), json!({name: "changed"}));
        let token = format!("{header_part}.{}.{signature}", encode(changed.to_string()));
        rows.push(row(name, token, "token.signature"));
        assert_ne!(value, "changed");
    }
    check(rows);
}

#[test]
pub(super) fn b1_unused_bits_of_the_last_letter() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let token = good();
    let last = token.chars().last().unwrap();
    let index = ALPHABET.find(last).unwrap();
    let neighbour = ALPHABET.chars().nth(index ^ 1).unwrap();
    let loose = format!("{}{neighbour}", &token[..token.len() - 1]);
    check(vec![row("same bytes, other text", loose, "token.malformed")]);
}
