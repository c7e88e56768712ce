//! Payload.

use admit::decision::Blame;
use admit::decision::Outcome;
use admit_tests::fixture::{CLIENT, NOW, TID, claims, issuer, with};
use admit_tests::gates::decide;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::{
    Row, check, own_keys, row, windows_mdm, with_claims, with_raw_claim, with_raw_member,
    with_raw_payload,
};

#[test]
pub(super) fn b4_names() {
    let code = "token.claims";
    let mut rows = Vec::new();
    for name in ["tid", "aud", "exp", "iss", "scp", "upn", "oid", "ver", "nbf", "x"] {
        let twice = format!(r#""{name}":"x","{name}":"x""#);
        rows.push(row(format!("{name} twice"), with_raw_member(&twice), code));
    }
    for (name, escaped) in [("tid", r"t\u0069d"), ("aud", r"\u0061ud"), ("iss", r"is\u0073")] {
        let token = with_raw_member(&format!(r#""{escaped}":"x""#));
        rows.push(row(format!("{name} beside its escaped spelling"), token, code));
    }
    rows.push(row("nested twice", with_raw_member(r#""x":{"a":1,"a":2}"#), code));
    for name in ["TID", "Tid", "ISS", "AUD", "OID", "SCP", "VER"] {
        rows.push(row(format!("{name} beside"), with_claims(json!({name: "x"})), code));
    }
    rows.push(row("only TID", with_claims(json!({"tid": null, "TID": TID})), code));
    rows.push(row("only AUD", with_claims(json!({"aud": null, "AUD": CLIENT})), code));
    check(rows);
}

#[test]
pub(super) fn b4_json() {
    let code = "token.claims";
    let whole = claims().to_string();
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut rows: Vec<Row> = [
        ("empty", String::new()),
        ("array", format!("[{whole}]")),
        ("null", "null".to_owned()),
        ("string", "\"claims\"".to_owned()),
        ("number", "1".to_owned()),
        ("true", "true".to_owned()),
        ("BOM", format!("\u{feff}{whole}")),
        ("two values", format!("{whole}{whole}")),
        ("text behind", format!("{whole} x")),
        ("comment", format!("/* */{whole}")),
        ("trailing comma", whole.replace('}', ",}")),
    ]
    .into_iter()
    .map(|(name, payload)| row(name, with_raw_payload(payload), code))
    .collect();
    for (name, member) in [
        ("NaN", r#""x":NaN"#),
        ("Infinity", r#""x":-Infinity"#),
        ("leading zero", r#""x":01"#),
        ("plus sign", r#""x":+1"#),
        ("hexadecimal", r#""x":0x1"#),
        ("lone surrogate", r#""x":"\ud800""#),
        ("surrogates in the wrong order", r#""x":"\udc00\ud800""#),
        ("raw control character", "\"x\":\"a\u{1}b\""),
        ("raw line break", "\"x\":\"a\nb\""),
        ("unknown escape", r#""x":"\x41""#),
    ] {
        rows.push(row(name, with_raw_member(member), code));
    }
    rows.push(row("UTF-16", with_raw_payload(utf16), code));
    for (name, bytes) in [
        ("bad UTF-8", b"\xff".as_slice()),
        ("overlong", b"\xc0\xaf"),
        ("encoded surrogate", b"\xed\xa0\x80"),
        ("cut off", b"\xe2\x82"),
    ] {
        let payload = [b"{\"x\":\"", bytes, b"\",", &whole.as_bytes()[1..]].concat();
        rows.push(row(name, with_raw_payload(payload), code));
    }
    check(rows);
}

#[test]
pub(super) fn b4_size_and_depth() {
    let guids = vec![CLIENT; 10_000];
    let many: Value =
        (0..40_000).map(|n| (format!("c{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into();
    let deep = |open: &str, close: &str| {
        format!(r#""x":{}1{}"#, open.repeat(20_000), close.repeat(20_000))
    };
    let groups: Vec<_> = (0..200).map(|n| format!("0b5fd5b5-2b5c-4b5e-9d5c-{n:012}")).collect();
    check(vec![
        row("a megabyte", with_claims(json!({"x": "x".repeat(1_000_000)})), "token.too_large"),
        row("40,000 claims", issuer().sign(&with(claims(), many)), "token.too_large"),
        row("10,000 audiences", with_claims(json!({"aud": guids})), "token.too_large"),
        row("20,000 levels of arrays", with_raw_member(&deep("[", "]")), "token.claims"),
        row("6,000 open objects", with_raw_member(&"\"x\":{".repeat(6_000)), "token.claims"),
        row("unknown claims", with_claims(json!({"xms_new": {"a": [1, null]}})), "ok"),
        row("200 groups", with_claims(json!({"groups": groups})), "ok"),
    ]);
}

#[test]
pub(super) fn b4_an_overage_pointer_is_not_followed() {
    let server = KeyServer::start(Answer::json(&json!({"value": []})));
    let token = with_claims(json!({
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": server.url("/keys")}},
    }));
    check(vec![row("overage pointer", token.clone(), "ok")]);
    let decision = decide(&windows_mdm(own_keys()), &token, NOW);
    assert_eq!(decision.outcome(), Outcome::Allow, "{:?}", decision.detail());
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
pub(super) fn b4_types_of_registered_claims() {
    let mut rows = Vec::new();
    for name in ["iss", "tid", "ver"] {
        for value in ["null", "1", "true", "[]", "[\"a\"]", "{}"] {
            let token = with_raw_claim(name, value);
            rows.push(row(format!("{name} {value}"), token, "token.claims"));
        }
    }
    for value in ["null", "1", "true", "{}", "[]", "[1]", "[\"a\",1]", "[[\"a\"]]", "[null]"] {
        rows.push(row(format!("aud {value}"), with_raw_claim("aud", value), "token.claims"));
    }
    rows.push(row("aud missing", with_claims(json!({"aud": null})), "token.claims"));
    rows.push(row("aud of two", with_claims(json!({"aud": ["x", CLIENT]})), "ok"));
    check(rows);
}

/// Claims that the policy asks for, and what each may not be.
const ASKED_FOR: [(&str, &str); 9] = [
    ("oid", "a string"),
    ("scp", "a string"),
    ("upn", "a string"),
    ("preferred_username", "a string"),
    ("azp", "a string"),
    ("idp", "a string"),
    ("idtyp", "a string"),
    ("roles", "a string or an array of strings"),
    ("cnf", "an object"),
];

#[test]
fn b4_a_claim_that_the_policy_asks_for_has_its_type() {
    let gate = windows_mdm(own_keys());
    for (name, expected) in ASKED_FOR {
        for (value, found) in [("null", "null"), ("7", "a number"), ("true", "a boolean")] {
            let decision = decide(&gate, &with_raw_claim(name, value), NOW);
            assert_eq!(decision.outcome(), Outcome::Invalid, "{name} {value}");
            assert_eq!(decision.reason(), Some("token.claims"), "{name} {value}");
            assert_eq!(decision.blame(), Some(Blame::Caller), "{name} {value}");
            assert_eq!(
                decision.detail(),
                Some(&*format!("the claim `{name}` is {found}; expected {expected}"))
            );
            assert_eq!((&decision.token_version, decision.identity()), (&None, None));
        }
    }
}

#[test]
fn b4_a_claim_that_nobody_reads_may_be_anything() {
    let gate = windows_mdm(own_keys());
    for name in ["groups", "wids", "acrs", "amr", "name", "email", "sub", "sid", "uti", "xms_cc"] {
        for value in ["null", "7", "true", "\"text\"", "[]", "[\"a\",1]", "{\"a\":{\"b\":null}}"] {
            let decision = decide(&gate, &with_raw_claim(name, value), NOW);
            assert_eq!(
                decision.outcome(),
                Outcome::Allow,
                "{name} {value}: {:?}",
                decision.detail()
            );
        }
        let twice = decide(&gate, &with_raw_claim(name, "{\"a\":1,\"a\":2}"), NOW);
        assert_eq!(twice.reason(), Some("token.claims"), "{name}");
    }
}
