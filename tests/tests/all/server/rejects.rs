//! Every way in which an activation is refused through the API: the step, the code, the status, and
//! that decisions, history and settings go on as before. `persist` is in `crash.rs`, for it takes a
//! store that is full, and `overtaken` in `policies.rs`.

mod artefacts;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::artefacts::{Row, misbehaving, unread};
use super::client::{Client, Reply};
use super::start::{DROP, Home, Server, token, windows_gate, windows_settings};

const POLICY: &str = "/v1/gates/windows-mdm/policy";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// A server, and what must not change.
struct Kept {
    server: Server,
    admin: Client,
    /// Settings, revision and releases that were activated.
    before: Value,
}

impl Kept {
    fn new(server: Server) -> Self {
        let admin = server.admin();
        let before = kept(&admin);
        Self { server, admin, before }
    }

    fn upload(&self, row: &Row) -> Reply {
        let body = json!({"component": STANDARD.encode(&row.component), "settings": row.settings});
        self.admin.post(POLICY, &body)
    }

    /// Checks that all is as it was but for the attempt, if it is to be told.
    fn check(&self, name: &str, told: Option<(&str, &str)>) {
        assert_eq!(kept(&self.admin), self.before, "{name}");
        let decision = self.server.decide("windows-mdm", &token(json!({})));
        let by = (&decision["outcome"], &decision["policy"]["version"], &decision["generation"]);
        assert_eq!(by, (&json!("allow"), &json!("2.0.0"), &json!(1)), "{name}");
        let attempt = self.newest("/v1/gates/windows-mdm/releases?limit=1", "releases");
        let activity = self.newest("/v1/activities?limit=1", "activities");
        let Some((action, step)) = told else { return };
        let seen = (&attempt["result"], &attempt["action"], &attempt["step"]);
        assert_eq!(seen, (&json!("refused"), &json!(action), &json!(step)), "{name}");
        let seen = (&activity["type"], &activity["details"]["step"]);
        assert_eq!(seen, (&json!("rejected_policy"), &json!(step)), "{name}");
        assert_eq!(activity["details"]["error"], attempt["error"], "{name}");
    }

    fn newest(&self, path: &str, list: &str) -> Value {
        self.admin.get(path).json(200)[list][0].take()
    }

    /// How many attempts there were.
    fn attempts(&self) -> usize {
        let releases = self.admin.get("/v1/gates/windows-mdm/releases").json(200);
        releases["releases"].as_array().unwrap().len()
    }
}

fn kept(admin: &Client) -> Value {
    let settings = admin.get(SETTINGS).json(200);
    let releases = admin.get("/v1/gates/windows-mdm/releases?limit=100").json(200);
    let releases = releases["releases"].as_array().unwrap().iter();
    let activated: Vec<_> = releases.filter(|one| one["result"] == "activated").cloned().collect();
    json!([settings, activated])
}

#[test]
fn a_bad_artefact_is_refused_at_its_step_and_changes_nothing() {
    let kept = Kept::new(Server::serving());
    for row in unread().into_iter().chain(misbehaving()) {
        let Row { name, step, reason, .. } = row;
        let refused = kept.upload(&row).refused(422, step);
        let steps = refused["steps"].as_array().unwrap();
        let (last, before) = steps.split_last().unwrap();
        assert_eq!((&last["step"], &last["ok"]), (&json!(step), &json!(false)), "{name}");
        assert!(last["error"].as_str().unwrap().contains(reason), "{name}: {last}");
        assert!(refused["message"].as_str().unwrap().contains(reason), "{name}: {refused}");
        assert_eq!(refused["step"], step, "{name}");
        let order = ["inspect", "configure", "seal", "rehearse"];
        let order = order.iter().take_while(|one| **one != step);
        assert!(before.iter().map(|one| &one["step"]).eq(order), "{name}: {before:?}");
        assert!(before.iter().all(|one| one["ok"] == true), "{name}");
        kept.check(name, Some(("policy", step)));
        let attempt = kept.newest("/v1/gates/windows-mdm/releases?limit=1", "releases");
        assert_eq!(attempt["error"], last["error"], "{name}");
        let by = (&attempt["active"], &attempt["actor"]["role"]);
        assert_eq!(by, (&json!(false), &json!("admin")), "{name}");
        let gate = kept.newest("/v1/status", "gates");
        assert_eq!(
            (&gate["state"], &gate["last_attempt"]),
            (&json!("serving"), &attempt),
            "{name}"
        );
    }
}

#[test]
fn dry_runs_and_candidates_are_refused_alike_and_told_to_nobody_else() {
    let kept = Kept::new(Server::serving());
    let attempts = kept.attempts();
    for row in misbehaving() {
        for query in ["dry_run=true", "candidate=true"] {
            let body =
                json!({"component": STANDARD.encode(&row.component), "settings": row.settings});
            kept.admin.post(&format!("{POLICY}?{query}"), &body).refused(422, row.step);
        }
    }
    kept.check("all", None);
    assert_eq!(kept.attempts(), attempts);
    kept.admin.get("/v1/gates/windows-mdm/candidate").refused(404, "no_candidate");
}

#[test]
fn settings_are_refused_one_by_one() {
    let kept = Kept::new(Server::serving());
    let attempts = kept.attempts();
    let with = |settings: Value| json!({"policy": "windows-mdm@1.0.0", "settings": settings});
    let client_ids = json!({"windows_entra_client_ids": []});
    let rows = [
        ("unknown", json!({"tenants": []}), 400, "malformed"),
        ("of another type", json!({"server_url": 1}), 400, "malformed"),
        ("of another version", client_ids, 400, "malformed"),
        ("a bad value", json!({"windows_entra_tenant_ids": ["nobody"]}), 422, "invalid_settings"),
        ("a missing value", json!({"server_url": null}), 422, "invalid_settings"),
    ];
    for (number, (name, settings, status, code)) in rows.into_iter().enumerate() {
        let refused = kept.admin.post(POLICY, &with(settings.clone())).refused(status, code);
        let (setting, _) = settings.as_object().unwrap().iter().next().unwrap();
        assert_eq!(refused["errors"][0]["name"], *setting, "{name}");
        // Another policy was wanted, so that the attempt is one.
        kept.check(name, Some(("policy", "configure")));
        assert_eq!(kept.attempts(), attempts + number + 1, "{name}");
        if name != "of another version" {
            kept.admin.patch(SETTINGS, &settings).refused(status, code);
            assert_eq!(kept.attempts(), attempts + number + 1, "{name}: told to its sender only");
        }
    }
}

/// A case that the settings of the fixture fulfil, and those that widen them do not.
const OPERATOR_CASES: &str = "\
policy: windows-mdm
base: entra-v2
cases:
  - name: a stranger's tenant is refused
    claims: {tid: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}
    expect: {deny: tenant_not_authorized}
";

#[test]
fn what_fails_the_operators_cases_is_refused() {
    let home = Home::new();
    home.write("cases.yaml", OPERATOR_CASES);
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    let kept = Kept::new(home.start(&json!({"gates": {"windows-mdm": gate}})));
    let stranger = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
    let widened = json!({"windows_entra_tenant_ids": [admit_tests::fixture::TID, stranger]});
    let refused = kept.admin.patch(SETTINGS, &widened).refused(422, "rehearse");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("the operator's cases: `cases.yaml`: 1 of "), "{message}");
    assert!(message.contains("first line 4 `a stranger's tenant is refused`"), "{message}");
    kept.check("settings", Some(("settings", "rehearse")));
    let body = json!({"policy": "windows-mdm@1.0.0", "settings": widened});
    kept.admin.post(POLICY, &body).refused(422, "rehearse");
    kept.check("policy", Some(("policy", "rehearse")));
    for broken in ["cases: [", "policy: windows-mdm\ncases: 1\n"] {
        kept.server.home.write("cases.yaml", broken);
        let refused =
            kept.admin.patch(SETTINGS, &json!({"scopes": ["x"]})).refused(422, "rehearse");
        assert!(
            refused["message"].as_str().unwrap().contains("the operator's cases: "),
            "{refused}"
        );
        kept.check("unreadable cases", Some(("settings", "rehearse")));
    }
}

#[test]
fn what_is_not_about_the_artefact_is_refused_with_a_code_of_its_own() {
    let kept = Kept::new(Server::serving());
    let (admin, attempts) = (&kept.admin, kept.attempts());
    let gate = "/v1/gates/windows-mdm";
    admin.post_nothing(&format!("{gate}/rollback")).refused(409, "nothing_kept");
    admin.post_nothing(&format!("{gate}/promote")).refused(404, "no_candidate");
    let stale = admin.clone().with("if-match", "\"7\"");
    stale.post(POLICY, &json!({"policy": "windows-mdm@1.0.0"})).refused(412, "changed_meanwhile");
    stale.patch(SETTINGS, &json!({"scopes": ["x"]})).refused(412, "changed_meanwhile");
    let unknown = json!({"policy": "windows-mdm@9.9.9"});
    admin.post(POLICY, &unknown).refused(400, "malformed");
    admin.post("/v1/gates/other/policy", &unknown).refused(404, "unknown_gate");
    kept.check("all", None);
    assert_eq!(kept.attempts(), attempts);
}

#[test]
fn a_candidate_is_overtaken_by_any_change() {
    let server = Server::serving();
    let admin = server.admin();
    let candidate = |version: &str| {
        let body = json!({ "policy": version });
        admin.post(&format!("{POLICY}?candidate=true"), &body).json(200)
    };
    candidate("windows-mdm@1.0.0");
    // The candidate decides otherwise, which the guard forbids.
    server.decide("windows-mdm", &token(json!({})));
    let found = || admin.get("/v1/gates/windows-mdm/candidate").json(200);
    admit_tests::clock::wait_until("a difference", || found()["differed"] == 1);
    let promote = "/v1/gates/windows-mdm/promote";
    let refused = admin.post_nothing(&format!("{promote}?max_differences=0"));
    refused.refused(409, "too_many_differences");
    admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation", "x"]})).json(200);
    admin.post_nothing(promote).refused(412, "changed_meanwhile");
    let state = admin.get("/v1/status").json(200)["gates"][0].take();
    assert_eq!((&state["generation"], &state["policy"]["version"]), (&json!(2), &json!("2.0.0")));
}

#[test]
fn a_watched_file_may_not_bring_an_older_version() {
    let home = Home::new();
    let bytes = admit_policies::WINDOWS_MDM_1.component;
    home.write("policy.wasm", bytes);
    let mut config = windows_gate();
    config["gates"]["windows-mdm"]["source"] =
        json!({"path": "policy.wasm", "interval_seconds": 1});
    let kept = Kept::new(home.start(&config));
    let source = || kept.admin.get("/v1/status").json(200)["gates"][0]["source"].take();
    admit_tests::clock::wait_until("refused", || source()["state"] == "refused");
    let error = source()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("`windows-mdm 1.0.0` is older than 2.0.0"), "{error}");
    kept.check("older", Some(("source", "inspect")));
    // Whoever asks for it through the API gets it.
    let dropping = format!("{POLICY}?{DROP}");
    let given = kept.admin.send("POST", &dropping, Some(("application/wasm", bytes))).json(200);
    assert_eq!(
        (&given["result"], &given["policy"]["version"]),
        (&json!("activated"), &json!("1.0.0"))
    );
}
