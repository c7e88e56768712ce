//! The worlds of the policies that come with Admit.

use admit_guest::Policy;
use serde_json::{Value, json};

use crate::input::Choice;
use crate::{Object, World};

const TENANT: &str = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
const OTHER_TENANT: &str = "b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d";
const CLIENT: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";
const OTHER_CLIENT: &str = "d04e6b8a-15c7-4f92-a3d8-7e9b1c2f5a60";
const APP: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";
const OTHER_APP: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";
const UNKNOWN: &str = "aa11bb22-cc33-4d44-8e55-ff6600778899";
const USER: &str = "91b7e0c4-2d36-4f58-8a9b-c0d1e2f3a4b5";
const SERVER: &str = "https://mdm.example.com";

/// The world of `windows-mdm` 1.
#[must_use]
pub fn windows_mdm_1<P: Policy>() -> World {
    World {
        tokens: tokens(SERVER, "mdm_delegation"),
        claims: claims(),
        known: vec![Object::new()],
        facts: vec![],
        settings: vec![
            enrolment(json!({})),
            enrolment(json!({"windows_entra_tenant_ids": []})),
            enrolment(json!({"allow_guests": false, "allowed_apps": [APP, OTHER_APP]})),
            enrolment(json!({
                "windows_entra_tenant_ids": [TENANT, OTHER_TENANT],
                "scopes": ["mdm_delegation", "enrol"],
                "allowed_apps": [OTHER_APP],
            })),
        ],
        changes: enrolment_changes(),
        reasons: reasons::<P>(),
    }
}

/// The world of `windows-mdm` 2.
#[must_use]
pub fn windows_mdm_2<P: Policy>() -> World {
    let mut changes = enrolment_changes();
    changes.extend([
        ("windows_entra_client_ids", lists(&[&[], &[CLIENT], &[CLIENT, OTHER_CLIENT], &["x"]])),
        ("token_versions", lists(&[&[], &["1.0"], &["2.0"], &["2.0", "1.0"], &["3.0"]])),
        (
            "client_tenant_pairs",
            lists(&[
                &[],
                &[&pair(CLIENT, TENANT)],
                &[&pair(CLIENT, OTHER_TENANT), &pair(CLIENT, TENANT)],
                &[&pair(OTHER_CLIENT, OTHER_TENANT)],
                &[&pair(CLIENT, TENANT), &pair(OTHER_CLIENT, OTHER_TENANT)],
                &["x@y"],
            ]),
        ),
    ]);
    World {
        tokens: tokens(CLIENT, "mdm_delegation")
            .into_iter()
            .chain(tokens(SERVER, "enrol"))
            .collect(),
        settings: vec![
            enrolment(json!({"windows_entra_client_ids": [CLIENT], "scopes": ["enrol"]})),
            enrolment(json!({"windows_entra_tenant_ids": [], "token_versions": ["2.0"]})),
            enrolment(json!({
                "windows_entra_client_ids": [CLIENT, OTHER_CLIENT],
                "allow_guests": false,
                "allowed_apps": [APP],
                "token_versions": ["1.0"],
            })),
            enrolment(json!({
                "windows_entra_tenant_ids": [TENANT, OTHER_TENANT],
                "windows_entra_client_ids": [CLIENT, OTHER_CLIENT],
                "token_versions": ["1.0", "2.0"],
                "scopes": ["mdm_delegation", "enrol"],
                "allowed_apps": [APP, OTHER_APP],
            })),
            enrolment(json!({
                "windows_entra_tenant_ids": [TENANT, OTHER_TENANT],
                "windows_entra_client_ids": [CLIENT, OTHER_CLIENT],
                "client_tenant_pairs": [
                    pair(CLIENT, OTHER_TENANT), pair(CLIENT, TENANT), pair(OTHER_CLIENT, OTHER_TENANT)
                ],
            })),
            enrolment(json!({
                "windows_entra_tenant_ids": [TENANT, OTHER_TENANT],
                "windows_entra_client_ids": [CLIENT, OTHER_CLIENT],
                "client_tenant_pairs": [pair(CLIENT, TENANT), pair(OTHER_CLIENT, OTHER_TENANT)],
            })),
        ],
        changes,
        reasons: reasons::<P>(),
        ..windows_mdm_1::<P>()
    }
}

/// The world of `intune-mam`.
#[must_use]
pub fn intune_mam<P: Policy>() -> World {
    let settings = |auth_service: &str, scope: &str| {
        object(json!({
            "tenant_id": TENANT, "client_id": CLIENT, "auth_service": auth_service, "scope": scope,
        }))
    };
    World {
        tokens: tokens(CLIENT, "login.mattermost"),
        claims: claims(),
        known: vec![
            Object::new(),
            account(json!({})),
            account(json!({})),
            account(json!({"platform.enabled": true, "platform.licensed": true})),
        ],
        facts: [
            "platform.enabled",
            "platform.licensed",
            "account.exists",
            "account.bot",
            "account.deactivated",
        ]
        .map(|fact| (fact, vec![json!(true), json!(false)]))
        .into(),
        settings: vec![settings("saml", "login.mattermost"), settings("office365", "openid")],
        changes: vec![
            ("tenant_id", texts(&[OTHER_TENANT, "", "x", &TENANT.to_uppercase()])),
            ("client_id", texts(&[OTHER_CLIENT, "", "x", &CLIENT.to_uppercase()])),
            ("auth_service", texts(&["saml", "office365", "SAML"])),
            ("scope", texts(&["openid", "login.mattermost", "", "a b"])),
        ],
        reasons: reasons::<P>(),
    }
}

/// Good tokens for an audience: of both versions, and of another tenant.
fn tokens(audience: &str, scope: &str) -> Vec<Object> {
    let v1 = json!({
        "tid": TENANT, "ver": "1.0", "aud": audience, "oid": USER, "scp": scope,
        "upn": "dana@example.com", "appid": APP,
    });
    let v2 = json!({
        "tid": TENANT, "ver": "2.0", "aud": audience, "oid": USER, "scp": format!("openid {scope}"),
        "preferred_username": "dana@example.com", "azp": APP,
        "idp": format!("https://sts.windows.net/{TENANT}/"),
    });
    let mut foreign = object(v2.clone());
    foreign.insert("tid".to_owned(), json!(OTHER_TENANT));
    vec![object(v1), object(v2), foreign]
}

/// Values of every claim that a policy reads.
fn claims() -> Vec<Choice> {
    let names = ["dana@example.com", "", "a\nb", "\u{202e}anad", &"a".repeat(257)];
    let apps = [APP, OTHER_APP, UNKNOWN, ""];
    vec![
        ("tid", texts(&[OTHER_TENANT, UNKNOWN, "common", &TENANT.to_uppercase()])),
        ("ver", texts(&["1.0", "2.0", "3.0", ""])),
        ("aud", audiences()),
        ("oid", texts(&["", "dana", OTHER_APP])),
        ("scp", texts(&["mdm_delegation", "enrol x", "openid", "", "login.mattermost.x"])),
        ("upn", texts(&names)),
        ("preferred_username", texts(&names)),
        ("appid", texts(&apps)),
        ("azp", texts(&apps)),
        (
            "idp",
            texts(&[&format!("https://sts.windows.net/{OTHER_TENANT}/"), "live.com", "", TENANT]),
        ),
        ("idtyp", vec![json!("user"), json!("app"), json!("APP"), json!(1)]),
        ("roles", lists(&[&["Device.Enrol"], &[]])),
        ("cnf", vec![json!({"jwk": {}}), json!({})]),
    ]
}

fn audiences() -> Vec<Value> {
    let [uri, uri_with_host, spn] =
        ["api://", "api://mdm.example.com/", "spn:"].map(|form| format!("{form}{CLIENT}"));
    let mut audiences = texts(&[SERVER, CLIENT, OTHER_CLIENT, UNKNOWN, "https://evil.example"]);
    audiences.extend(texts(&[&uri, &uri_with_host, &spn, "https://graph.microsoft.com"]));
    audiences.extend(lists(&[&[CLIENT], &[UNKNOWN, OTHER_CLIENT], &[SERVER, CLIENT], &[]]));
    audiences
}

/// Settings of `windows-mdm` with these changes.
fn enrolment(changes: Value) -> Object {
    let mut settings = object(json!({"server_url": SERVER, "windows_entra_tenant_ids": [TENANT]}));
    settings.extend(object(changes));
    settings
}

fn enrolment_changes() -> Vec<Choice> {
    vec![
        (
            "server_url",
            texts(&["https://MDM.example.com:443/x", "http://x", "https://other.example"]),
        ),
        (
            "windows_entra_tenant_ids",
            lists(&[&[], &[OTHER_TENANT], &[TENANT, OTHER_TENANT], &[TENANT, TENANT], &["x"]]),
        ),
        ("scopes", lists(&[&[], &["mdm_delegation"], &["enrol", "mdm_delegation"], &["a b"]])),
        ("allowed_apps", lists(&[&[], &[APP], &[OTHER_APP], &[OTHER_APP, APP], &["x"]])),
        ("allow_guests", vec![json!(true), json!(false)]),
    ]
}

/// What is known about an account that may sign in, with these changes.
fn account(changes: Value) -> Object {
    let mut facts = object(json!({
        "account.exists": true, "account.bot": false, "account.deactivated": false,
    }));
    facts.extend(object(changes));
    facts
}

fn pair(client: &str, tenant: &str) -> String {
    format!("{client}@{tenant}")
}

fn reasons<P: Policy>() -> Vec<&'static str> {
    P::ABOUT.reasons.iter().map(|reason| reason.code).collect()
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|&text| text.into()).collect()
}

fn lists(lists: &[&[&str]]) -> Vec<Value> {
    lists.iter().map(|&list| json!(list)).collect()
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}
