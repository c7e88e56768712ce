//! Claims that are missing or of another type than the host lets through: never admitted.
#![cfg(test)]

use admit_guest::Policy;
use admit_guest::contract::{Field, Request, Value, Verdict};
use windows_mdm_2::WindowsMdm;

const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";
const USER: &str = "91b7e0c4-2d36-4f58-8a9b-c0d1e2f3a4b5";

fn field(name: &str, value: Value) -> Field {
    Field { name: name.into(), value }
}

fn text(name: &str, value: &str) -> Field {
    field(name, Value::Text(value.into()))
}

fn policy() -> WindowsMdm {
    let texts = |value: &str| Value::Texts(vec![value.into()]);
    WindowsMdm::configured(&[
        text("server_url", "https://mdm.example.com"),
        field("windows_entra_tenant_ids", texts(TENANT)),
        field("windows_entra_client_ids", texts(CLIENT)),
        field("allowed_apps", texts(CLIENT)),
        field("allow_guests", Value::Boolean(false)),
    ])
    .unwrap()
}

fn claims() -> Vec<Field> {
    vec![
        text("tid", TENANT),
        text("ver", "2.0"),
        text("aud", CLIENT),
        text("oid", USER),
        text("scp", "mdm_delegation"),
        text("upn", "dana@example.com"),
        text("azp", CLIENT),
        text("idp", "https://sts.windows.net/3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53/"),
        text("idtyp", "user"),
    ]
}

fn admits(claims: Vec<Field>) -> bool {
    let request = Request { claims, facts: vec![], now: 0, trace: true };
    matches!(policy().decide(&request).verdict, Verdict::Allow(_))
}

#[test]
fn a_claim_of_another_type_is_never_taken_for_an_absent_one() {
    assert!(admits(claims()));
    for other in [
        Value::Boolean(true),
        Value::Integer(1),
        Value::Json("null".into()),
        Value::Json("{}".into()),
        Value::Texts(vec![]),
    ] {
        for (place, claim) in claims().iter().enumerate() {
            let mut changed = claims();
            changed[place].value = other.clone();
            assert!(!admits(changed), "{} = {other:?}", claim.name);
        }
    }
}

#[test]
fn a_token_without_a_claim_it_needs_is_refused() {
    for needed in ["tid", "ver", "aud", "oid", "scp", "azp"] {
        let mut claims = claims();
        claims.retain(|claim| claim.name != needed);
        assert!(!admits(claims), "{needed}");
    }
    assert!(!admits(vec![]));
}
