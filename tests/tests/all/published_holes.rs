//! Published holes of other servers that admit devices by a token of Microsoft Entra.

use admit::decision::Outcome;
use admit::gate::Gate;
use admit::issuer::Issuer;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::fixture::{CLIENT, NOW, SERVER, TID, claims, claims_v1, issuer, keys_with, with};
use admit_tests::gates::{decide, gate};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A tenant that nobody configured.
const OTHER_TID: &str = "775527ff-9a37-4307-8b3d-cc311f58d925";

/// Each policy with claims that it admits once they are signed.
fn gates() -> Vec<(&'static str, Gate, Value)> {
    let first = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
    let second = with(first.clone(), json!({"windows_entra_client_ids": [CLIENT]}));
    let new = |component, settings: &Value| gate(keys_with(json!({})), component, settings.clone());
    let gates = vec![
        ("windows-mdm 1, v1.0 token", new(WINDOWS_MDM_1.component, &first), claims_v1()),
        ("windows-mdm 2, v1.0 token", new(WINDOWS_MDM_2.component, &second), claims_v1()),
        ("windows-mdm 2, v2.0 token", new(WINDOWS_MDM_2.component, &second), claims()),
    ];
    for (name, gate, claims) in &gates {
        let decision = decide(gate, &issuer().sign(claims), NOW);
        assert_eq!(decision.outcome(), Outcome::Allow, "{name}: {:?}", decision.detail());
    }
    gates
}

#[track_caller]
fn assert_refused(name: &str, gate: &Gate, token: &str, outcome: Outcome, reason: &str) {
    let decision = decide(gate, token, NOW);
    let came = (decision.outcome(), decision.reason());
    assert_eq!(came, (outcome, Some(reason)), "{name}: {:?}", decision.detail());
    assert!(decision.identity().is_none(), "{name}");
}

fn unsigned(header: Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(&header), encode(claims))
}

#[test]
fn cve_2026_23518_no_signature_check() {
    let stranger = Issuer::generate().unwrap();
    for (policy, gate, claims) in gates() {
        let good = issuer().sign(&claims);
        let (input, signature) = good.rsplit_once('.').unwrap();
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": issuer().kid()});
        let none = with(header.clone(), json!({"alg": "none"}));
        let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
        let other_user = with(claims.clone(), json!({"upn": "somebody.else@example.com"}));
        for (name, token, reason) in [
            ("signed by nobody, alg none", unsigned(none, &claims, ""), "token.algorithm"),
            ("signed by nobody", format!("{input}."), "token.malformed"),
            ("two segments", input.to_owned(), "token.malformed"),
            ("signed by zeros", format!("{input}.{zeros}"), "token.signature"),
            ("another key", stranger.sign(&claims), "token.key"),
            (
                "another key under the right id",
                stranger.sign_parts(header.to_string(), claims.to_string()),
                "token.signature",
            ),
            (
                "another user's signature",
                unsigned(header, &other_user, signature),
                "token.signature",
            ),
        ] {
            let name = format!("{policy}: {name}");
            assert_refused(&name, &gate, &token, Outcome::Invalid, reason);
        }
    }
}

#[test]
fn cve_2026_24899_any_tenant() {
    for (policy, gate, claims) in gates() {
        let iss = claims["iss"].as_str().unwrap().replace(TID, OTHER_TID);
        let tenant = json!({"tid": OTHER_TID, "iss": iss});
        let of_url = match claims["ver"].as_str() {
            Some("2.0") => "audience_not_client_id",
            _ => "audience_not_authorized",
        };
        for (name, changes, reason) in [
            ("another tenant", tenant, "tenant_not_authorized"),
            ("a client id", json!({"aud": OTHER_TID}), "audience_not_authorized"),
            ("a URL", json!({"aud": "https://mdm.example.org/"}), of_url),
        ] {
            let token = issuer().sign(&with(claims.clone(), changes));
            let name = format!("{policy}: {name}");
            assert_refused(&name, &gate, &token, Outcome::Deny, reason);
        }
    }
}
