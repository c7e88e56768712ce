//! Vectors that nobody on this project wrote.

use admit::claims::Verification;
use admit::keys::{KeySet, RemoteKeys, RemoteOptions};
use admit::token::{MAX_TOKEN_BYTES, UnverifiedToken};
use admit::verify::verify;
use admit_tests::fixture::{NOW, claims, claims_v1, issuer, judge, keys_with, with};
use admit_tests::vectors;
use serde_json::{Value, json};

/// What the signature layer says about one token and one key set.
fn signature_layer(token: &str, jwks: &str) -> Result<(), String> {
    let token = UnverifiedToken::parse(token, MAX_TOKEN_BYTES).map_err(|e| e.to_string())?;
    let set = KeySet::parse(jwks.as_bytes()).map_err(|e| e.to_string())?;
    let key = set.find(token.kid()).map_err(|miss| format!("{miss:?}"))?;
    verify(token, &key).map(drop).map_err(|e| e.to_string())
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().expect("the member is text")
}

fn rows<'a>(table: &'a Value, name: &str) -> &'a [Value] {
    table[name].as_array().expect("the member is an array")
}

#[test]
fn every_row_of_the_index_at_the_signature_layer() {
    let Some(index) = vectors::text("index.jsonl") else {
        return;
    };
    let (mut allowed, mut denied, mut wrong) = (0, 0, Vec::new());
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let result = signature_layer(text(&row, "token"), &row["jwks"].to_string());
        match (text(&row, "verify"), result) {
            ("allow", Ok(())) => allowed += 1,
            ("deny", Err(_)) => denied += 1,
            (expected, result) => wrong.push(format!("{} {expected}: {result:?}", row["id"])),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((allowed, denied), (12, 700));
}

#[test]
fn the_whole_host_refuses_the_index() {
    let Some(index) = vectors::text("index.jsonl") else {
        return;
    };
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let set = KeySet::parse(row["jwks"].to_string().as_bytes());
        let Ok(set) = set else { continue };
        let keys = admit::keys::Keys::fixed(set);
        let verdict = judge(text(&row, "token"), &keys, &Verification::default(), NOW);
        assert_ne!(verdict.code, "ok", "{}", row["id"]);
    }
}

#[test]
fn issuer_templates() {
    let Some(table) = vectors::table("issuer-and-signing-key-vectors.json") else {
        return;
    };
    for row in rows(&table, "issuer_template") {
        let template = text(row, "template");
        let base = if template.contains("sts.windows.net") { claims_v1() } else { claims() };
        let changes = json!({"iss": row["token_iss"], "tid": row["tid"]});
        let token = issuer().sign(&with(base, changes));
        let keys = keys_with(json!({"issuer": template, "cloud_instance_name": null}));
        let verdict = judge(&token, &keys, &Verification::default(), NOW);
        let valid = row["valid"].as_bool().unwrap();
        assert_eq!(verdict.code == "ok", valid, "{}: {verdict:?}", row["id"]);
    }
}

#[test]
fn signing_key_issuers() {
    let Some(table) = vectors::table("issuer-and-signing-key-vectors.json") else {
        return;
    };
    for row in rows(&table, "signing_key_issuer") {
        let is_v1 = row["claims"]["iss"].as_str().unwrap().contains("sts.windows.net");
        let base = if is_v1 { claims_v1() } else { claims() };
        let base = with(base, json!({"tid": null, "iss": null}));
        let token = issuer().sign(&with(base, row["claims"].clone()));
        let keys = keys_with(json!({"issuer": row["key_issuer"]}));
        let verdict = judge(&token, &keys, &Verification::default(), NOW);
        let accept = text(row, "verdict") == "accept";
        assert_eq!(verdict.code == "ok", accept, "{}: {verdict:?}", row["id"]);
    }
}

#[test]
fn cloud_instances() {
    let Some(table) = vectors::table("issuer-and-signing-key-vectors.json") else {
        return;
    };
    for row in rows(&table, "cloud_instance") {
        let keys = keys_with(json!({"cloud_instance_name": row["key_cloud_instance_name"]}));
        let verdict = judge(&issuer().sign(&claims()), &keys, &Verification::default(), NOW);
        let accept = text(row, "verdict") == "accept";
        assert_eq!(verdict.code == "ok", accept, "{}: {verdict:?}", row["id"]);
    }
}

#[test]
fn headers_and_payloads_that_must_be_refused() {
    let Some(table) = vectors::table("jose-header-and-claim-cases.json") else {
        return;
    };
    let keys = keys_with(json!({}));
    let code = |token: &str| judge(token, &keys, &Verification::default(), NOW).code;
    for row in rows(&table, "protected_header_inputs_must_be_refused") {
        assert_ne!(code(row.as_str().unwrap()), "ok", "{row}");
    }
    let header = json!({"alg": "RS256", "kid": issuer().kid()}).to_string();
    for row in rows(&table, "jwt_payload_must_be_refused_json") {
        let token = issuer().sign_parts(&header, row.as_str().unwrap());
        assert_eq!(code(&token), "token.claims", "{row}");
    }
    for row in rows(&table, "claims_must_be_refused") {
        let mut claims = claims();
        for (name, value) in row.as_object().unwrap() {
            claims[name] = value.clone();
        }
        assert_eq!(code(&issuer().sign(&claims)), "token.claims", "{row}");
    }
}

#[test]
fn moduli_of_2040_and_2048_bits() {
    let Some(table) = vectors::table("jose-header-and-claim-cases.json") else {
        return;
    };
    for (name, usable) in
        [("rsa_2040_bit_public_jwk_must_be_refused", 0), ("rsa_2048_bit_public_jwk_ok", 1)]
    {
        let set = KeySet::parse(json!({"keys": [table[name]]}).to_string().as_bytes()).unwrap();
        assert_eq!(set.len(), usable, "{name}");
    }
}

#[test]
fn key_set_addresses() {
    let Some(table) = vectors::table("key-set-address-and-crit-cases.json") else {
        return;
    };
    for row in rows(&table, "jwks_uri_must_be_rejected") {
        let address = row.as_str().unwrap();
        assert!(RemoteKeys::new(address, RemoteOptions::default()).is_err(), "{address}");
    }
}

#[test]
fn crit_headers_and_loose_base64() {
    let Some(table) = vectors::table("key-set-address-and-crit-cases.json") else {
        return;
    };
    let keys = keys_with(json!({}));
    for row in rows(&table, "crit_header_must_be_rejected") {
        let header = with(json!({"alg": "RS256", "kid": issuer().kid()}), row.clone());
        let token = issuer().sign_parts(header.to_string(), claims().to_string());
        let verdict = judge(&token, &keys, &Verification::default(), NOW);
        assert_eq!(verdict.code, "token.header", "{row}");
    }
    let token = issuer().sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    for row in rows(&table, "base64url_segment_must_be_rejected_by_strict_decoder") {
        for changed in 0..3 {
            let mut parts = parts.clone();
            parts[changed] = row.as_str().unwrap();
            let verdict = judge(&parts.join("."), &keys, &Verification::default(), NOW);
            assert_eq!(verdict.code, "token.malformed", "{row} as segment {changed}");
        }
    }
}

#[test]
fn a_published_key_set_with_its_token() {
    let Some(table) = vectors::table("key-set-address-and-crit-cases.json") else {
        return;
    };
    let token = text(&table, "auth0_token");
    let own = table["auth0_jwks"].to_string();
    assert_eq!(signature_layer(token, &own), Ok(()));
    assert!(signature_layer(token, &table["auth0_jwks_other_kid"].to_string()).is_err());
    for row in rows(&table["GHSA-ffqj-6fqr-9h24_CVE-2022-29217"], "tokens") {
        assert!(signature_layer(row.as_str().unwrap(), &own).is_err(), "{row}");
    }
}
