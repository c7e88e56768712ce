//! A tour through every endpoint with good and bad requests: each answer is one that the document
//! has, and each that the document has is given.

use std::collections::BTreeSet;

use admit_api::endpoint::{Endpoint, ListenerKind};
use admit_server::access::{Right, Role};
use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, TID};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::client::{Client, Reply};
use super::super::limits::Unfinished;
use super::super::start::{Home, Server, token, token_v1, windows_settings};
use super::document::document;

/// Answers that the tour does not have: for each the server would have to be asked by several at the
/// same moment, or in the moment of its start, or while its store hangs, or an old release would have to
/// fail that was good before.
const NOT_SEEN: [(&str, u16); 12] = [
    ("create_access", 503),
    ("decide_batch", 503),
    ("delete_candidate", 503),
    ("description", 503),
    ("get_candidate", 503),
    ("get_settings", 503),
    ("patch_settings", 503),
    ("post_policy", 503),
    ("promote", 503),
    ("revoke_access", 503),
    ("roll_back", 422),
    ("roll_back", 503),
];

/// Of no endpoint: the server breaks.
const NEVER_SEEN: u16 = 500;

/// Every endpoint that takes a body.
const WITH_BODY: [(ListenerKind, &str, &str); 5] = [
    (ListenerKind::Service, "POST", "/v1/gates/windows-mdm/decide"),
    (ListenerKind::Service, "POST", "/v1/gates/windows-mdm/decide/batch"),
    (ListenerKind::Admin, "PATCH", "/v1/gates/windows-mdm/settings"),
    (ListenerKind::Admin, "POST", "/v1/gates/windows-mdm/policy"),
    (ListenerKind::Admin, "POST", "/v1/access"),
];

/// Cases of an operator, with what is expected in the place of `REASON`.
const CASES: &str = "
policy: windows-mdm
cases:
  - name: another tenant
    base: entra-v1
    claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
    expect: {deny: REASON}
";

/// Asks, checks every answer against the document, and remembers which ones there were.
#[derive(Default)]
struct Tour {
    seen: BTreeSet<(String, u16)>,
}

/// Method, path, body, and the status that is expected.
type Stop<'a> = (&'a str, &'a str, Option<Value>, u16);

impl Tour {
    /// A request with a body of a media type, or without one.
    fn send(&mut self, client: &Client, stop: Stop<'_>, body: Option<(&str, &[u8])>) -> Reply {
        let (method, path, _, status) = stop;
        let reply = client.send(method, path, body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        self.note(method, path, &reply);
        reply
    }

    fn note(&mut self, method: &str, path: &str, reply: &Reply) {
        let operation = document().check(method, path, reply);
        self.seen.insert((operation, reply.status));
    }

    fn ask(&mut self, client: &Client, stop: Stop<'_>) -> Value {
        let text = stop.2.as_ref().map(Value::to_string);
        let body = text.as_ref().map(|text| ("application/json", text.as_bytes()));
        let reply = self.send(client, stop, body);
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    fn ask_all<const N: usize>(&mut self, client: &Client, stops: [Stop<'_>; N]) {
        stops.into_iter().for_each(|stop| drop(self.ask(client, stop)));
    }
}

#[test]
fn every_answer_is_in_the_document_and_every_one_of_the_document_is_given() {
    let home = Home::new();
    home.write("cases.yaml", CASES.replace("REASON", "tenant_not_authorized"));
    let server = home.start(&json!({
        "gates": {
            "windows-mdm": {"settings": windows_settings(), "cases": "cases.yaml"},
            "intune-mam": {},
            "empty": {},
        },
        "decision_log": {"to": "decisions.jsonl"},
        "limits": {"body_bytes": 200_000},
    }));
    let mut tour = Tour::default();
    strangers(&mut tour, &server);
    queries(&mut tour, &server);
    bodies(&mut tour, &server);
    slow_bodies(&mut tour);
    decisions(&mut tour, &server);
    batches(&mut tour, &server);
    settings(&mut tour, &server);
    policies(&mut tour, &server);
    candidates(&mut tour, &server);
    history(&mut tour, &server);
    access(&mut tour, &server);
    others(&mut tour, &server);
    readiness(&mut tour);

    let unseen = document().answers().into_iter().filter(|answer| !tour.seen.contains(answer));
    let unseen = unseen.filter(|(_, status)| *status != NEVER_SEEN);
    let expected = NOT_SEEN.map(|(operation, status)| (operation.to_owned(), status));
    assert_eq!(unseen.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
}

/// Nobody, somebody without the right, and somebody whose page comes from elsewhere.
fn strangers(tour: &mut Tour, server: &Server) {
    for endpoint in Endpoint::ALL {
        let (method, right) = (endpoint.method(), endpoint.right());
        let path = endpoint.path().replace("{gate}", "windows-mdm").replace("{id}", "AAAAAAAA");
        let is_admin = endpoint.listener() == ListenerKind::Admin;
        let client = if is_admin { server.admin() } else { server.service() };
        let stop = |status| (method.as_str(), &*path, None, status);
        if right != Right::Open {
            tour.ask(&client.clone().without_token(), stop(401));
            let role = *Role::ALL.iter().find(|role| !role.may(right)).unwrap();
            let token = server.create_access(role.as_str());
            tour.ask(&client.clone().with_token(&token), stop(403));
        }
        if is_admin && right != Right::Open {
            let elsewhere = client.clone().with("host", "evil.example");
            assert_eq!(tour.ask(&elsewhere, stop(403))["code"], "host_not_allowed");
            let elsewhere = client.with("origin", "https://evil.example");
            assert_eq!(tour.ask(&elsewhere, stop(403))["code"], "host_not_allowed");
        }
    }
}

/// A query where there is to be none, or one with a name that is not known.
fn queries(tour: &mut Tour, server: &Server) {
    for endpoint in Endpoint::ALL.into_iter().filter(|one| one.right() != Right::Open) {
        let path = endpoint.path().replace("{gate}", "windows-mdm").replace("{id}", "AAAAAAAA");
        let is_admin = endpoint.listener() == ListenerKind::Admin;
        let client = if is_admin { server.admin() } else { server.service() };
        let path = format!("{path}?nothing=1");
        let refused = tour.ask(&client, (endpoint.method().as_str(), &path, None, 400));
        assert_eq!(refused["code"], "malformed", "{refused}");
    }
}

/// Bodies that are too large, of another media type, or no JSON, and gates that are not there.
fn bodies(tour: &mut Tour, server: &Server) {
    for (listener, method, path) in WITH_BODY {
        let (client, limit) = match listener {
            ListenerKind::Service => (server.service(), 200_000),
            ListenerKind::Admin => (server.admin(), 4 << 20),
        };
        let large = " ".repeat(limit + 1);
        let json = |text: &'static str| Some(("application/json", text.as_bytes()));
        let large = Some(("application/json", large.as_bytes()));
        tour.send(&client, (method, path, None, 413), large);
        tour.send(&client, (method, path, None, 415), Some(("text/plain", b"{}")));
        for text in ["", "{", "[]", "null", r#"{"a": 1, "a": 2}"#, r#"{"nothing": true}"#] {
            tour.send(&client, (method, path, None, 400), json(text));
        }
        if path.contains("windows-mdm") {
            let path = path.replace("windows-mdm", "none");
            tour.send(&client, (method, &path, None, 404), json("{}"));
        }
    }
}

/// Bodies that do not come.
fn slow_bodies(tour: &mut Tour) {
    let server = Server::start(&json!({"limits": {"body_seconds": 1}}));
    let slow = WITH_BODY.map(|(listener, method, path)| {
        let is_admin = listener == ListenerKind::Admin;
        let address = if is_admin { server.admin_address() } else { server.service_address() };
        (method, path, Unfinished::send(address, server.token(), method, path))
    });
    for (method, path, unfinished) in slow {
        let reply = unfinished.answer();
        assert_eq!(reply.status, 408, "{method} {path}: {}", reply.text());
        tour.note(method, path, &reply);
    }
}

fn decisions(tour: &mut Tour, server: &Server) {
    let (client, path) = (server.service(), "/v1/gates/windows-mdm/decide");
    let good = token(json!({}));
    let envelope = json!({"token": "<a/>", "format": "soap"});
    let other = json!({"token": token(json!({"aud": TID})), "trace": true, "id": "mine"});
    for (body, outcome) in [
        (json!({"token": good, "trace": true, "id": ""}), "allow"),
        (json!({"token": STANDARD.encode(&good), "format": "binary-security-token"}), "allow"),
        (json!({"token": token_v1(json!({})), "facts": {"none": 1, "of": "these"}}), "allow"),
        (other, "deny"),
        (json!({"token": ""}), "invalid"),
        (envelope, "invalid"),
    ] {
        let decision = tour.ask(&client, ("POST", path, Some(body), 200));
        assert_eq!(decision["outcome"], outcome, "{decision}");
    }
    for body in [
        json!({}),
        json!({"token": 1}),
        json!({"token": good, "format": "JWT"}),
        json!({"token": good, "facts": {"a": 1.5}}),
        json!({"token": good, "facts": []}),
        json!({"token": good, "trace": "yes"}),
        json!({"token": good, "id": null}),
    ] {
        let refused = tour.ask(&client, ("POST", path, Some(body), 400));
        assert_eq!(
            (&refused["code"], refused["errors"].as_array().unwrap().len()),
            (&json!("malformed"), 1)
        );
    }
    for gate in ["empty", "intune-mam"] {
        let path = format!("/v1/gates/{gate}/decide");
        let failed = tour.ask(&client, ("POST", &path, Some(json!({"token": good})), 503));
        assert_eq!(failed["outcome"], "failed", "{failed}");
    }
}

fn batches(tour: &mut Tour, server: &Server) {
    let (client, path) = (server.service(), "/v1/gates/windows-mdm/decide/batch");
    let requests = json!([{"token": token(json!({})), "id": "a"}, {"token": "x", "id": "b"}]);
    let body = |requests: Value| Some(json!({"requests": requests}));
    let decided = tour.ask(&client, ("POST", path, body(requests.clone()), 200));
    let outcomes = decided["decisions"].as_array().unwrap().iter().map(|one| &one["outcome"]);
    assert_eq!(outcomes.collect::<Vec<_>>(), ["allow", "invalid"]);
    let empty = "/v1/gates/empty/decide/batch";
    tour.ask_all(
        &client,
        [
            ("POST", path, body(json!([])), 200),
            ("POST", empty, body(requests), 200),
            ("POST", path, body(json!({})), 400),
            ("POST", path, body(json!([{"token": "x"}, 1])), 400),
            ("POST", path, body(json!(vec![json!({"token": "x"}); 101])), 400),
        ],
    );
}

fn settings(tour: &mut Tour, server: &Server) {
    let (client, path) = (server.admin(), "/v1/gates/windows-mdm/settings");
    let other = json!({"windows_entra_client_ids": [CLIENT, TID]});
    tour.ask_all(
        &client,
        [
            ("GET", path, None, 200),
            ("GET", "/v1/gates/intune-mam/settings", None, 200),
            ("GET", "/v1/gates/none/settings", None, 404),
            ("GET", "/v1/gates/empty/settings", None, 409),
            ("PATCH", path, Some(json!({})), 200),
            ("PATCH", "/v1/gates/windows-mdm/settings?dry_run=true", Some(other.clone()), 200),
            ("PATCH", path, Some(other), 200),
            ("PATCH", path, Some(json!({"windows_entra_client_ids": [CLIENT]})), 200),
            ("PATCH", path, Some(json!({"allow_guests": "no"})), 400),
            ("PATCH", path, Some(json!({"nothing": 1})), 400),
            ("PATCH", "/v1/gates/windows-mdm/settings?dry_run=1", Some(json!({})), 400),
            ("PATCH", "/v1/gates/windows-mdm/settings?dry-run=true", Some(json!({})), 400),
            ("PATCH", "/v1/gates/empty/settings", Some(json!({})), 409),
            ("PATCH", path, Some(json!({"server_url": "http://x", "token_versions": ["3"]})), 422),
            ("PATCH", "/v1/gates/intune-mam/settings", Some(json!({"tenant_id": TID})), 422),
        ],
    );
    let patch = |status| ("PATCH", path, Some(json!({})), status);
    tour.ask(&client.clone().with("if-match", "\"999\""), patch(412));
    tour.ask(&client.clone().with("if-match", "999"), patch(400));
    tour.ask(&client.clone().with("if-match", "*"), patch(200));
    let merge = Some(("application/merge-patch+json", &b"{}"[..]));
    let patched = tour.send(&client, ("PATCH", path, None, 200), merge);
    let tag = patched.header("etag").unwrap();
    tour.ask(&client.with("if-match", tag), patch(200));
}

fn policies(tour: &mut Tour, server: &Server) {
    let client = server.admin();
    let path = "/v1/gates/windows-mdm/policy";
    let dry = "/v1/gates/windows-mdm/policy?dry_run=true";
    let dropping = format!("{path}?drop=windows_entra_client_ids");
    let component = admit_policies::find("windows-mdm@2.0.0").unwrap().component;
    let encoded = STANDARD.encode(component);
    let bundled = |name: &str| Some(json!({"policy": name}));
    tour.send(&client, ("POST", dry, None, 200), Some(("application/wasm", component)));
    tour.send(&client, ("POST", dry, None, 200), Some(("application/octet-stream", component)));
    tour.send(&client, ("POST", path, None, 422), Some(("application/wasm", b"\0asm")));
    tour.ask_all(
        &client,
        [
            ("POST", path, Some(json!({"component": encoded, "settings": {}})), 200),
            ("POST", path, bundled("windows-mdm@1.0.0"), 409),
            ("POST", &dropping, bundled("windows-mdm@1.0.0"), 200),
            ("GET", "/v1/gates/windows-mdm/releases", None, 200),
            ("GET", "/v1/status", None, 200),
            ("POST", "/v1/gates/windows-mdm/rollback", None, 200),
            ("POST", "/v1/gates/windows-mdm/rollback?to=99999", None, 404),
            ("POST", "/v1/gates/windows-mdm/rollback?to=-1", None, 400),
            ("POST", "/v1/gates/empty/rollback", None, 409),
            ("POST", "/v1/gates/none/rollback", None, 404),
            ("POST", path, bundled("windows-mdm@9.9.9"), 400),
            ("POST", path, Some(json!({"component": "=", "settings": {}})), 400),
            ("POST", path, Some(json!({"policy": "windows-mdm", "component": ""})), 400),
            ("POST", path, Some(json!({"policy": "windows-mdm", "settings": {"x": 1}})), 400),
            ("POST", path, bundled("intune-mam"), 422),
        ],
    );
    let stale = client.with("if-match", "\"999\"");
    tour.ask(&stale, ("POST", path, bundled("windows-mdm"), 412));
    tour.ask(&stale, ("POST", "/v1/gates/windows-mdm/rollback", None, 412));
}

fn candidates(tour: &mut Tour, server: &Server) {
    let client = server.admin();
    let (path, promote) = ("/v1/gates/windows-mdm/candidate", "/v1/gates/windows-mdm/promote");
    let start = "/v1/gates/windows-mdm/policy?candidate=true";
    let old = || Some(json!({"policy": "windows-mdm@1.0.0"}));
    tour.ask_all(
        &client,
        [
            ("GET", path, None, 404),
            ("DELETE", path, None, 404),
            ("POST", promote, None, 404),
            ("POST", start, old(), 200),
            ("DELETE", path, None, 204),
            ("POST", start, old(), 200),
            ("POST", "/v1/gates/windows-mdm/promote?max_differences=-1", None, 400),
        ],
    );
    // The old policy takes no v2.0 token.
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    wait_until("a difference", || client.get(path).json(200)["differed"] == 1);
    let candidate = tour.ask(&client, ("GET", path, None, 200));
    assert_eq!(candidate["examples"].as_array().unwrap().len(), 1, "{candidate}");
    tour.ask(&client, ("GET", "/v1/status", None, 200));
    tour.ask(&client, ("POST", "/v1/gates/windows-mdm/promote?max_differences=0", None, 409));
    server.home.write("cases.yaml", CASES.replace("REASON", "audience_not_authorized"));
    let refused = tour.ask(&client, ("POST", promote, None, 422));
    assert_eq!((&refused["code"], &refused["step"]), (&json!("rehearse"), &json!("rehearse")));
    server.home.write("cases.yaml", CASES.replace("REASON", "tenant_not_authorized"));
    let settings = "/v1/gates/windows-mdm/settings";
    tour.ask_all(
        &client,
        [
            ("PATCH", settings, Some(json!({"windows_entra_client_ids": [CLIENT, TID]})), 200),
            ("POST", promote, None, 412),
            ("POST", start, old(), 200),
            ("POST", promote, None, 409),
            ("POST", &format!("{promote}?drop=windows_entra_client_ids"), None, 200),
        ],
    );
}

fn history(tour: &mut Tour, server: &Server) {
    let client = server.admin();
    tour.ask_all(
        &client,
        [
            ("GET", "/v1/gates/windows-mdm/releases", None, 200),
            ("GET", "/v1/gates/windows-mdm/releases?limit=1&before=3", None, 200),
            ("GET", "/v1/gates/windows-mdm/releases?limit=0", None, 400),
            ("GET", "/v1/gates/windows-mdm/releases?limit=201", None, 400),
            ("GET", "/v1/gates/windows-mdm/releases?page=2", None, 400),
            ("GET", "/v1/gates/none/releases", None, 404),
            ("GET", "/v1/activities?limit=200", None, 200),
            ("GET", "/v1/activities?gate=windows-mdm&type=rolled_back&since=0", None, 200),
            ("GET", "/v1/activities?until=2020-01-01T00:00:00Z", None, 200),
            ("GET", "/v1/activities?since=yesterday", None, 400),
            ("GET", "/v1/activities?limit=x", None, 400),
            ("GET", "/v1/gates/windows-mdm/description", None, 200),
            ("GET", "/v1/gates/intune-mam/description", None, 200),
            ("GET", "/v1/gates/none/description", None, 404),
            ("GET", "/v1/gates/empty/description", None, 409),
        ],
    );
}

fn access(tour: &mut Tour, server: &Server) {
    let client = server.admin();
    let new = |name: &str, role: &str| Some(json!({"name": name, "role": role}));
    let created = tour.ask(&client, ("POST", "/v1/access", new("mdm", "platform"), 201));
    let path = format!("/v1/access/{}", created["id"].as_str().unwrap());
    tour.ask_all(
        &client,
        [
            ("POST", "/v1/access", new("", "platform"), 400),
            ("POST", "/v1/access", new("mdm", "root"), 400),
            ("POST", "/v1/access", new("Admit", "platform"), 400),
            ("POST", "/v1/access", new("MDM", "observer"), 409),
            ("GET", "/v1/access?limit=1", None, 200),
            ("GET", "/v1/access?limit=1&before=2", None, 200),
            ("GET", "/v1/access?limit=0", None, 400),
            ("GET", "/v1/access?page=2", None, 400),
            ("DELETE", &path, None, 204),
            ("DELETE", &path, None, 404),
        ],
    );
    let access = tour.ask(&client, ("GET", "/v1/access", None, 200));
    let first = access["access"].as_array().unwrap().iter().find(|one| one["name"] == "first");
    let path = format!("/v1/access/{}", first.unwrap()["id"].as_str().unwrap());
    tour.ask(&client, ("DELETE", &path, None, 409));
}

fn others(tour: &mut Tour, server: &Server) {
    let open = server.admin().without_token();
    for accept in ["*/*", "application/openmetrics-text"] {
        tour.ask(&open.clone().with("accept", accept), ("GET", "/metrics", None, 200));
    }
    tour.ask(&open, ("GET", "/openapi.json", None, 200));
    tour.send(&server.admin(), ("GET", "/v1/store/backup", None, 200), None);
    let status = tour.ask(&server.admin(), ("GET", "/v1/status", None, 200));
    assert_eq!(status["gates"].as_array().unwrap().len(), 3, "{status}");
    for (method, path, status, code) in [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("PUT", "/v1/access", 405, "method_not_allowed"),
    ] {
        let reply = server.admin().send(method, path, None);
        let body = reply.refused(status, code);
        let error = json!({"$ref": "#/components/schemas/Error"});
        document().check_value(&error, &body, path);
        assert_eq!(reply.header("allow").is_some(), status == 405, "{path}");
    }
}

/// A server whose gate decides; and one whose gate does not, that is configured from a repository and
/// watches a file.
fn readiness(tour: &mut Tour) {
    let server = Server::serving();
    for client in [server.admin().without_token(), server.service().without_token()] {
        tour.ask(&client, ("GET", "/health/live", None, 200));
        tour.ask(&client, ("GET", "/health/ready", None, 200));
        tour.ask(&client, ("GET", "/health/ready/windows-mdm", None, 200));
        tour.ask(&client, ("GET", "/health/ready/nowhere", None, 404));
    }
    let server = Server::start(&json!({
        "gates": {"intune-mam": {"source": {"path": "component.wasm"}}},
        "gitops": {"repository": "https://git.example.com/mdm"},
    }));
    for client in [server.admin(), server.service()] {
        tour.ask(&client, ("GET", "/health/ready", None, 503));
        tour.ask(&client, ("GET", "/health/ready/intune-mam", None, 503));
    }
    let status = tour.ask(&server.admin(), ("GET", "/v1/status", None, 200));
    assert!(status["gates"][0]["source"].is_object() && status["gitops"].is_string(), "{status}");
    let path = "/v1/gates/intune-mam/settings";
    let refused = tour.ask(&server.admin(), ("PATCH", path, Some(json!({})), 403));
    assert_eq!(refused["code"], "gitops_mode");
}
