//! The catalogue of hostile tokens: algorithm, framing, header, payload, time, issuer, key scope.
//!
//! Each table is one section. A row names the attack, makes the token and says what the host
//! answers; `ok` means that the policy decides.

mod certificate;
mod framing;
mod header;
mod origin;
mod payload;
mod signature;
mod times;

use std::cell::RefCell;

use admit::claims::Verification;
use admit::cloud::TokenVersion;
use admit::gate::Gate;
use admit::keys::Keys;
use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::{
    CLIENT, NOW, SERVER, TID, Verdict, claims, claims_v1, issuer, judge, judge_claims, keys_with,
    with,
};
use admit_tests::gates::gate;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A named token and the code that the host answers.
type Row = (String, String, &'static str);

fn row(name: impl ToString, token: String, code: &'static str) -> Row {
    (name.to_string(), token, code)
}

fn own_keys() -> Keys {
    keys_with(json!({}))
}

/// A gate that admits the good tokens of both versions.
fn windows_mdm(keys: Keys) -> Gate {
    let settings = json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    });
    gate(keys, WINDOWS_MDM_2.component, settings)
}

thread_local! {
    /// The tokens checked on this thread, while somebody gathers them.
    static GATHERED: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Every token of the catalogue.
pub(crate) fn gathered() -> Vec<String> {
    GATHERED.set(Some(Vec::new()));
    for section in SECTIONS {
        section();
    }
    GATHERED.take().unwrap_or_default()
}

/// The tables below this module.
const SECTIONS: [fn(); 25] = [
    signature::b1_algorithms,
    signature::b1_confusion_of_keys,
    signature::b1_signatures,
    signature::b1_a_changed_payload_is_never_accepted_without_a_new_signature,
    signature::b1_unused_bits_of_the_last_letter,
    framing::b2_framing,
    framing::b2_other_serializations,
    framing::b2_alphabets_even_if_signed_that_way,
    header::b3_key_ids_are_exact,
    header::b3_key_ids_are_never_interpreted,
    header::b3_referenced_keys_are_refused_without_a_call,
    header::b3_headers,
    payload::b4_names,
    payload::b4_json,
    payload::b4_size_and_depth,
    payload::b4_an_overage_pointer_is_not_followed,
    payload::b4_types_of_registered_claims,
    times::b5_exp,
    times::b5_nbf_and_iat,
    times::b5_skew_at_its_edges,
    origin::b8_tenants,
    origin::b8_issuers,
    origin::b8_clouds,
    origin::b8_keys_speak_for_their_issuer_alone,
    origin::b8_an_actor_token_vouches_for_nobody,
];

fn gather(rows: &[Row]) {
    GATHERED.with_borrow_mut(|gathered| {
        let tokens = rows.iter().map(|(_, token, _)| token.clone());
        gathered.iter_mut().for_each(|gathered| gathered.extend(tokens.clone()));
    });
}

fn check(rows: Vec<Row>) {
    check_with(rows, &own_keys(), &Verification::default());
}

fn check_with(rows: Vec<Row>, keys: &Keys, verification: &Verification) {
    gather(&rows);
    let mut wrong = Vec::new();
    for (name, token, code) in rows {
        let verdict = judge(&token, keys, verification, NOW);
        assert_discreet(&name, &token, &verdict);
        if verdict.code != code {
            wrong.push(format!("{name}: expected {code}, got {} ({})", verdict.code, verdict.text));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// No message carries a part of the token, a name of a person, a control character or much text.
fn assert_discreet(name: &str, token: &str, verdict: &Verdict) {
    let text = &verdict.text;
    for segment in token.split('.').filter(|segment| segment.len() > 12) {
        assert!(!text.contains(segment), "{name}: {text}");
    }
    for word in ["adele", "Adele", "Vance"] {
        assert!(!text.contains(word), "{name}: {text}");
    }
    assert!(!text.chars().any(char::is_control), "{name}: {text}");
    assert!(text.chars().count() < 400, "{name}: {text}");
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": issuer().kid()})
}

fn good() -> String {
    issuer().sign(&claims())
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three segments")
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token whose header differs in these members; `null` removes one.
fn with_header(changes: Value) -> String {
    issuer().sign_parts(with(header(), changes).to_string(), claims().to_string())
}

fn with_raw_header(header: impl AsRef<[u8]>) -> String {
    issuer().sign_parts(header, claims().to_string())
}

fn with_claims(changes: Value) -> String {
    issuer().sign(&with(claims(), changes))
}

fn with_raw_payload(payload: impl AsRef<[u8]>) -> String {
    issuer().sign_parts(header().to_string(), payload)
}

/// The good payload with this raw text in front of its members.
fn with_raw_member(member: &str) -> String {
    with_raw_payload(claims().to_string().replacen('{', &format!("{{{member},"), 1))
}

/// The good payload with `name` set to raw JSON text, `null` included.
fn with_raw_claim(name: &str, value: &str) -> String {
    let without = with(claims(), json!({name: null})).to_string();
    with_raw_payload(without.replacen('{', &format!("{{\"{name}\":{value},"), 1))
}

#[test]
fn good_tokens_of_both_versions_pass() {
    check(vec![row("v2.0", good(), "ok"), row("v1.0", issuer().sign(&claims_v1()), "ok")]);
    let claims = judge_claims(&good(), &own_keys(), &Verification::default(), NOW).unwrap();
    assert_eq!(claims.version(), TokenVersion::V2);
    assert_eq!(claims.text("tid"), Some(TID));
    assert_eq!(format!("{claims:?}"), "VerifiedClaims { version: V2, .. }");
}

fn hmac_with(secret: Vec<u8>) -> impl Fn(&[u8]) -> Vec<u8> {
    move |input| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input).as_ref().to_vec()
}
