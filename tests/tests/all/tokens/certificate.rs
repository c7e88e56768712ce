//! A certificate of a signing key, as key documents publish it in `x5c`.

use admit::issuer::Issuer;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;

/// The algorithm sha256WithRSAEncryption.
const RSA_SHA256: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";

pub(super) fn rsa_key(issuer: &Issuer) -> KeyPair {
    let der = issuer.to_der().expect("the key can be written");
    KeyPair::from_pkcs8(&der).expect("the key can be read")
}

/// The public key as SubjectPublicKeyInfo, in DER.
pub(super) fn spki(key: &KeyPair) -> Vec<u8> {
    let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key());
    spki.expect("the public key can be written").as_ref().to_vec()
}

/// A certificate of the key, signed by itself, in DER. Source: RFC 5280 4.1.
pub(super) fn self_signed(key: &KeyPair) -> Vec<u8> {
    let nobody = der(SEQUENCE, &[]);
    let validity = [der(UTC_TIME, b"250101000000Z"), der(UTC_TIME, b"350101000000Z")].concat();
    let signed = [
        der(INTEGER, &[1]),
        RSA_SHA256.to_vec(),
        nobody.clone(),
        der(SEQUENCE, &validity),
        nobody,
        spki(key),
    ];
    let signed = der(SEQUENCE, &signed.concat());
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature)
        .expect("the buffer has the length of the modulus");
    let signature = der(BIT_STRING, &[vec![0], signature].concat());
    der(SEQUENCE, &[signed, RSA_SHA256.to_vec(), signature].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a certificate is short").to_be_bytes();
    let length = match length {
        [0, short @ 0..0x80] => vec![short],
        [0, long] => vec![0x81, long],
        [high, low] => vec![0x82, high, low],
    };
    [vec![tag], length, content.to_vec()].concat()
}
