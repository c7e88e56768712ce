//! Decision logs for `admit replay`, each made by a gate that decides.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use admit::claims::Verification;
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Request};
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::Format;
use admit_policies::{Embedded, INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_server::config::{DecisionLogConfig, DecisionLogTarget, WhenFull};
use admit_server::decision_log::DecisionLog;
use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, issuer, with};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::folder::{SERVER, windows_settings};
use super::super::schema;

const LOGGED: [&str; 13] =
    ["aud", "iss", "tid", "oid", "ver", "scp", "azp", "appid", "idtyp", "idp", "exp", "nbf", "iat"];

/// The folder of the logs, made once.
pub(super) fn logs() -> &'static Path {
    static LOGS: OnceLock<TempDir> = OnceLock::new();
    LOGS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let tenant = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
        windows(folder.path(), &tenant);
        settings(folder.path(), &tenant);
        kept(folder.path(), &tenant);
        mam(folder.path());
        names(folder.path());
        let lacks = Logged::new(folder.path(), "lacks", &WINDOWS_MDM_2, &["aud", "tid"]);
        lacks.activate(&windows_settings(), &json!({}));
        lacks.decide("lacks", &claims(), &json!({}));
        lacks.end();
        folder
    })
    .path()
}

/// A platform that takes v1.0 tokens and is sent others too.
fn windows(folder: &Path, settings: &Value) {
    let logged = Logged::new(folder, "windows", &WINDOWS_MDM_1, &LOGGED);
    logged.activate(settings, &json!({}));
    let other = json!({"tid": CLIENT, "iss": format!("https://sts.windows.net/{CLIENT}/")});
    for (id, claims) in [
        ("v1-a", claims_v1()),
        ("v1-b", claims_v1()),
        ("v2-a", claims()),
        ("v2-b", with(claims(), json!({"upn": null}))),
        ("other-tenant", with(claims_v1(), other)),
        ("expired", with(claims(), json!({"exp": NOW - 3_600}))),
    ] {
        logged.decide(id, &claims, &json!({}));
    }
    logged.end();
}

/// Settings with client ids, without, and with them again.
fn settings(folder: &Path, without: &Value) {
    let logged = Logged::new(folder, "settings", &WINDOWS_MDM_2, &LOGGED);
    for (id, settings) in [("a", &windows_settings()), ("b", without), ("c", &windows_settings())] {
        logged.activate(settings, &json!({}));
        logged.decide(id, &claims(), &json!({}));
    }
    logged.end();
}

/// A setting that the gate keeps although the policy does not know it, and not.
fn kept(folder: &Path, settings: &Value) {
    let client_ids = json!({"windows_entra_client_ids": [CLIENT]});
    for (name, kept) in [("dropped", json!({})), ("kept", client_ids)] {
        let logged = Logged::new(folder, name, &WINDOWS_MDM_1, &LOGGED);
        logged.activate(&with(settings.clone(), json!({"scopes": ["x"]})), &json!({}));
        logged.activate(settings, &kept);
        logged.decide("v2", &claims(), &json!({}));
        logged.end();
    }
}

/// A question, and what it leads to.
fn mam(folder: &Path) {
    let logged = Logged::new(folder, "mam", &INTUNE_MAM, &LOGGED);
    let settings = json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "saml"});
    logged.activate(&settings, &json!({}));
    let claims = with(claims(), json!({"scp": "login.mattermost"}));
    let known = json!({"account.exists": true, "account.bot": false, "account.deactivated": false});
    logged.decide("asks", &claims, &json!({}));
    logged.decide("knows", &claims, &known);
    logged.decide("bot", &claims, &with(known, json!({"account.bot": true})));
    logged.end();
}

/// Every kind of user name.
fn names(folder: &Path) {
    let logged = Logged::new(folder, "names", &WINDOWS_MDM_2, &LOGGED);
    logged.activate(&windows_settings(), &json!({}));
    for upn in [json!("dana@example.com"), json!(""), json!("da\u{200b}na"), json!(null)] {
        let claims = with(claims(), json!({"upn": upn, "preferred_username": null}));
        logged.decide("names", &claims, &json!({}));
    }
    logged.end();
}

/// A log with a gate that decides.
struct Logged {
    log: DecisionLog,
    gate: Gate,
    component: &'static [u8],
    path: std::path::PathBuf,
}

impl Logged {
    fn new(folder: &Path, name: &str, policy: &Embedded, claims: &[&str]) -> Self {
        let keys = KeySet::parse(issuer().jwk_set().to_string().as_bytes()).unwrap();
        let keys = Arc::new(Keys::fixed(keys));
        let gate = Gate::new(policy.name, Runtime::new().unwrap(), keys, Verification::default());
        let path = folder.join(name).with_extension("jsonl");
        let options = DecisionLogConfig {
            to: DecisionLogTarget::File(path.clone()),
            allows: 1.0,
            when_full: WhenFull::Block,
            buffer: 16,
            claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
        };
        let log = DecisionLog::start(options).unwrap();
        Self { log, gate, component: policy.component, path }
    }

    /// Activates settings; `kept` are those that the gate keeps although the policy does not know them.
    fn activate(&self, settings: &Value, kept: &Value) {
        let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
        let component = self.component;
        let active = self.gate.activate(Activation { component, settings, cases: &[] }).unwrap();
        let (name, verification) = (self.gate.name(), self.gate.verification());
        let kept = kept.as_object().unwrap();
        self.log.release(name, active.generation, &active.release, kept, verification, NOW);
    }

    fn decide(&self, id: &str, claims: &Value, facts: &Value) {
        let token = issuer().sign(claims);
        let facts = Facts::parse(facts.to_string().as_bytes()).unwrap();
        let input = Input::Token(Format::Jwt, token.as_bytes());
        let request = Request { id: Some(id), input, facts: &facts, now: NOW, trace: false };
        self.log.record(&self.gate.decide_with_claims(&request).unwrap(), &request);
    }

    /// Ends the log; every line of it is as the schema says, and names no person.
    fn end(self) {
        drop(self.log);
        for line in std::fs::read_to_string(self.path).unwrap().lines() {
            schema::decision_log_line(line);
            assert!(!line.contains("dana") && !line.contains("eyJ"), "{line}");
        }
    }
}
