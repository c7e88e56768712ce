//! The manual test plan of the reference systems, a test per row: what a person would try by hand.

use admit_tests::fixture::{CLIENT, TID, with};
use serde_json::{Value, json};

use super::client::Client;
use super::start::{Server, token, token_v1, windows_gate, windows_settings};

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";
const CLIENT_IDS: &str = "windows_entra_client_ids";
const REPOSITORY: &str = "https://git.example.com/mdm";

/// A client id besides the fixture's.
const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

/// A server whose gate has these client ids.
fn with_client_ids(ids: &[&str]) -> Server {
    let settings = with(windows_settings(), json!({ CLIENT_IDS: ids }));
    Server::start(&json!({"gates": {"windows-mdm": {"settings": settings}}}))
}

fn decide(server: &Server, token: &str) -> Value {
    server.decide("windows-mdm", token)
}

fn client_ids(server: &Server) -> Value {
    server.admin().get(SETTINGS).json(200)["settings"][CLIENT_IDS].clone()
}

fn set(client: &Client, ids: Value) -> Value {
    client.patch(SETTINGS, &json!({ CLIENT_IDS: ids })).json(200)
}

/// Type, details and actor of the activities of a gate, the oldest first.
fn activities(server: &Server) -> Vec<(String, Value, String)> {
    let page = server.admin().get("/v1/activities?gate=windows-mdm").json(200);
    let told = page["activities"].as_array().unwrap().iter().rev().map(|activity| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let actor = text(&activity["actor"]["role"]);
        (text(&activity["type"]), activity["details"].clone(), actor)
    });
    told.collect()
}

#[test]
fn row_1_a_v2_token_is_accepted_with_the_client_id_configured() {
    let server = Server::serving();
    let decision = decide(&server, &token(json!({})));
    assert_eq!(decision["outcome"], "allow", "{decision}");
    assert_eq!(decision["token_version"], "2.0");
    assert_eq!(decision["identity"]["tenant_id"], TID);
    assert_eq!(decision["policy"]["version"], "2.0.0");
    let url = decide(&server, &token(json!({"aud": "https://mdm.example.com/"})));
    assert_eq!(url["reason"], "audience_not_client_id", "{url}");
}

#[test]
fn row_2_without_its_client_id_the_answer_the_log_and_the_status_say_what_came_and_what_is_set() {
    let server = with_client_ids(&[CLIENT, OTHER]);
    assert_eq!(decide(&server, &token(json!({})))["outcome"], "allow");
    set(&server.admin(), json!([OTHER]));

    let answer = decide(&server, &token(json!({})));
    assert_eq!(answer["outcome"], "deny");
    assert_eq!(answer["reason"], "audience_not_authorized");
    let observed = json!([{"claim": "aud", "value": CLIENT}]);
    let expected = json!([{"setting": CLIENT_IDS, "value": [OTHER]}]);
    assert_eq!((&answer["observed"], &answer["expected"]), (&observed, &expected));
    assert_eq!(
        answer["presentation"]["mdm_fault"],
        json!({"subcode": "s:Authorization", "code": "0x80180003"})
    );

    let id = answer["decision_id"].as_str().unwrap();
    let log = server.log();
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    for part in ["token refused", "audience_not_authorized", CLIENT, CLIENT_IDS, OTHER, TID] {
        assert!(line.contains(part), "{part} in {line}");
    }

    let status = server.admin().get("/v1/status").json(200);
    let refusals = &status["gates"][0]["refusals"];
    assert_eq!(refusals.as_array().map(Vec::len), Some(1), "{refusals}");
    assert_eq!(refusals[0]["reason"], "audience_not_authorized");
    assert_eq!(refusals[0]["decision_id"], id);
    assert_eq!((&refusals[0]["observed"], &refusals[0]["expected"]), (&observed, &expected));
}

#[test]
fn row_3_v1_tokens_are_accepted_with_no_client_id_configured() {
    let server = with_client_ids(&[]);
    let decision = decide(&server, &token_v1(json!({})));
    assert_eq!(
        (&decision["outcome"], &decision["token_version"]),
        (&json!("allow"), &json!("1.0"))
    );
    assert_eq!(decide(&server, &token(json!({})))["reason"], "audience_not_authorized");
}

#[test]
fn row_4_what_a_page_with_a_list_needs() {
    let server = with_client_ids(&[]);
    let admin = server.admin();
    assert_eq!(client_ids(&server), json!([]));

    // Either letter case; what was sent is shown again.
    let shouted = CLIENT.to_ascii_uppercase();
    assert_eq!(
        set(&admin, json!([shouted, OTHER]))["settings"][CLIENT_IDS],
        json!([shouted, OTHER])
    );
    assert_eq!(client_ids(&server), json!([shouted, OTHER]));
    assert_eq!(decide(&server, &token(json!({})))["outcome"], "allow");

    let refused = admin.patch(SETTINGS, &json!({ CLIENT_IDS: [shouted, "not a GUID"] }));
    let refused = refused.refused(422, "invalid_settings");
    assert_eq!(refused["message"], "Validation Failed");
    let errors = refused["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{refused}");
    assert_eq!(errors[0]["name"], CLIENT_IDS);
    assert!(errors[0]["reason"].as_str().unwrap().contains("not a GUID"), "{refused}");
    assert_eq!(client_ids(&server), json!([shouted, OTHER]));

    set(&admin, json!([OTHER]));
    let told = |kind: &str, id: &str| {
        let kind = format!("{kind}_microsoft_entra_client_id");
        (kind, json!({"client_id": id}), "admin".to_owned())
    };
    // First what the gate began with, told as the server's own doing.
    let (start, own): (Vec<_>, Vec<_>) =
        activities(&server).into_iter().partition(|(.., role)| role == "system");
    let start: Vec<_> = start.iter().map(|(kind, ..)| &**kind).collect();
    assert_eq!(start, ["edited_setting", "added_microsoft_entra_tenant"]);
    assert_eq!(own, [told("added", &shouted), told("added", OTHER), told("deleted", &shouted)]);
}

#[test]
fn row_4_and_5_in_gitops_mode_only_the_repository_writes() {
    let server =
        Server::start(&with(windows_gate(), json!({"gitops": {"repository": REPOSITORY}})));
    let admin = server.admin();
    let gitops = Client::new(server.admin_address()).with_token(&server.create_access("gitops"));
    for refused in [
        admin.patch(SETTINGS, &json!({ CLIENT_IDS: [OTHER] })),
        admin.post("/v1/gates/windows-mdm/policy", &json!({"policy": "windows-mdm@1.0.0"})),
        admin.post_nothing("/v1/gates/windows-mdm/rollback"),
        admin.post_nothing("/v1/gates/windows-mdm/promote"),
        admin.delete("/v1/gates/windows-mdm/candidate"),
    ] {
        let body = refused.refused(403, "gitops_mode");
        assert!(body["message"].as_str().unwrap().contains(REPOSITORY), "{body}");
    }
    // The list stays visible, and the page can say where to go.
    assert_eq!(client_ids(&server), json!([CLIENT]));
    assert_eq!(admin.get("/v1/status").json(200)["gitops"], REPOSITORY);

    // Read, edited, applied: the server reflects the change.
    let read = gitops.get(SETTINGS);
    let mut settings = read.json(200)["settings"].clone();
    settings[CLIENT_IDS] = json!([CLIENT, OTHER]);
    let tag = read.header("etag").unwrap();
    gitops.clone().with("if-match", tag).patch(SETTINGS, &settings).json(200);
    assert_eq!(client_ids(&server), json!([CLIENT, OTHER]));
    let (kind, details, role) = activities(&server).pop().unwrap();
    assert_eq!(kind, "added_microsoft_entra_client_id");
    assert_eq!((details, &*role), (json!({"client_id": OTHER}), "gitops"));
    let again = gitops.patch(SETTINGS, &settings).json(200);
    assert_eq!(again["changed"], false);
}

#[test]
fn row_6_a_list_is_stored_and_read_back_and_a_bad_entry_is_named() {
    let server = Server::serving();
    let patched = set(&server.admin(), json!([OTHER, CLIENT]));
    assert_eq!(
        (&patched["changed"], &patched["activation"]["result"]),
        (&json!(true), &json!("activated"))
    );
    let bad = json!({ CLIENT_IDS: ["1", CLIENT, "{2}"], "server_url": "mdm.example.com" });
    let refused = server.admin().patch(SETTINGS, &bad).refused(422, "invalid_settings");
    let names: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|error| &error["name"]).collect();
    let mut sorted: Vec<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, ["server_url", CLIENT_IDS, CLIENT_IDS]);

    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    assert_eq!(client_ids(&server), json!([OTHER, CLIENT]));
}

#[test]
fn row_7_admin_and_gitops_edit_and_nobody_else_does() {
    let server = Server::serving();
    for (role, status) in
        [("admin", 200), ("gitops", 200), ("maintainer", 403), ("observer", 403), ("platform", 403)]
    {
        let client = Client::new(server.admin_address()).with_token(&server.create_access(role));
        let reply = client.patch(SETTINGS, &json!({ CLIENT_IDS: [CLIENT] }));
        assert_eq!(reply.status, status, "{role}: {}", reply.text());
        let reads = if role == "platform" { 403 } else { 200 };
        assert_eq!(client.get(SETTINGS).status, reads, "{role}");
    }
    let anybody = server.admin().without_token();
    anybody.patch(SETTINGS, &json!({})).refused(401, "unauthenticated");
    assert_eq!(client_ids(&server), json!([CLIENT]));
}
