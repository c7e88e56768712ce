//! Bounds on time, size and age: bodies that do not come, keys that are too old, case files that are
//! too large.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::operations::with_keys;
use crate::harness::client::Reply;
use crate::harness::server::{Home, Server, token, windows_gate, windows_settings};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request with a head that promises a body, which never comes.
pub(super) struct Unfinished(TcpStream);

impl Unfinished {
    /// Sends the head to `http://IP:PORT`.
    pub(super) fn send(address: &str, access: &str, method: &str, path: &str) -> Self {
        Self::promise(1_000, address, access, method, path)
    }

    /// As [`Unfinished::send`], with so many bytes promised.
    fn promise(bytes: usize, address: &str, access: &str, method: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
             Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// What comes until the server closes the connection.
    pub(super) fn answer(self) -> Reply {
        only_answer(self.0)
    }
}

/// The one answer on a connection that ends with it.
pub(super) fn only_answer(mut stream: impl Read) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    let headers = headers.lines().map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    });
    Reply {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: HeaderMap::from_iter(headers),
        body: bytes[end + 4..].to_vec(),
    }
}

#[test]
fn a_body_that_does_not_come_ends_its_own_request_only() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"body_seconds": 1}})));
    let good = || assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    let (service, admin) = (server.service_address(), server.admin_address());
    let slow = [(service, "POST", DECIDE), (admin, "PATCH", SETTINGS)];
    let slow =
        slow.map(|(address, method, path)| Unfinished::send(address, server.token(), method, path));
    good();
    for unfinished in slow {
        let reply = unfinished.answer();
        let refused = reply.refused(408, "timeout");
        assert!(refused["message"].as_str().unwrap().contains("in time"), "{refused}");
        assert_eq!(reply.header("connection"), Some("close"));
    }
    good();
    server.admin().patch(SETTINGS, &json!({})).json(200);
}

#[test]
fn a_body_that_is_promised_as_too_large_is_not_waited_for() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"body_seconds": 300}})));
    let (service, admin) = (server.service_address(), server.admin_address());
    for (address, method, path) in [(service, "POST", DECIDE), (admin, "PATCH", SETTINGS)] {
        let promised = Unfinished::promise(10_000_000, address, server.token(), method, path);
        promised.answer().refused(413, "too_large");
    }
}

#[test]
fn gates_of_one_cloud_share_one_key_set() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let second = json!({"policy": "windows-mdm@1.0.0", "settings": {
        "server_url": "https://mdm.example.com", "windows_entra_tenant_ids": [TID],
    }});
    let gates = json!({"windows-mdm": {"settings": windows_settings()}, "second": second});
    let server = with_keys(json!({"address": keys.url("/keys")}), json!({ "gates": gates }));
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    // Its policy was asked, so that its key was found.
    assert_eq!(server.decide("second", &token(json!({})))["outcome"], "deny");
    assert_eq!(keys.requests(), ["/keys"]);
    let status = server.admin().get("/v1/status").json(200);
    let states = status["keys"].as_array().unwrap();
    assert_eq!((states.len(), &states[0]["fetches"]), (1, &json!(1)), "{status}");
}

/// Why the server is not ready for want of keys; absent when it is ready.
fn unready(server: &Server) -> Option<String> {
    let reply = server.admin().get("/health/ready");
    if reply.status == 200 {
        return None;
    }
    let body = reply.json(503);
    let [failing] = &body["failing"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(failing["check"], "keys.public", "{body}");
    Some(failing["reason"].as_str().unwrap().to_owned())
}

#[test]
fn readiness_tells_keys_that_never_came_from_keys_that_are_too_old() {
    let broken = || Answer::page("500 Internal Server Error", "");
    let keys = KeyServer::start(broken());
    let options = json!({
        "address": keys.url("/keys"),
        "cool_down_seconds": 1,
        "refresh_after_seconds": 1,
        "max_age_seconds": 1,
    });
    let server = with_keys(options, json!({}));
    let said = |parts: &[&str]| {
        let reason = unready(&server).unwrap_or_default();
        parts.iter().all(|part| reason.contains(part))
    };
    let decide = || {
        let reply = server.service().post(DECIDE, &json!({"token": token(json!({}))}));
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    wait_until("the failed fetch", || said(&["no key set was fetched yet", "500"]));
    assert!(!said(&["old"]));
    assert_eq!(decide()["reason"], "keys.unavailable");

    // A decision without keys fetches them, once the cool-down is over.
    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    wait_until("keys", || decide()["outcome"] == "allow");
    keys.answer("/keys", broken());
    wait_until("the maximum age", || said(&["the key set is ", " s old, which is too old"]));
    wait_until("the failed fetch", || {
        let decision = decide();
        said(&["too old", "500"]) && decision["reason"] == "keys.unavailable"
    });
    assert!(!said(&["no key set was fetched yet"]));
    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    wait_until("keys again", || decide()["outcome"] == "allow");
}

/// The largest case file that is read.
const MAX_CASE_FILE_BYTES: usize = 1 << 20;

/// A case that the fixture's settings fulfil.
const CASES: &str = "\
policy: windows-mdm
cases:
  - name: another tenant
    base: entra-v2
    claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
    expect: {deny: tenant_not_authorized}
";

/// The cases in a file of so many bytes, most of which are a comment: the file would be as good if
/// it were cut.
fn cases_of(bytes: usize) -> String {
    let comment = "x".repeat(bytes - CASES.len() - 1);
    format!("{CASES}#{comment}")
}

#[test]
fn a_case_file_that_is_too_large_is_refused_and_not_cut() {
    let home = Home::new();
    home.write("cases.yaml", cases_of(MAX_CASE_FILE_BYTES));
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    let server = home.start(&json!({"gates": {"windows-mdm": gate}}));
    let admin = server.admin();
    let scopes = |scope: &str| json!({"scopes": ["mdm_delegation", scope]});
    admin.patch(SETTINGS, &scopes("first")).json(200);

    home.write("cases.yaml", cases_of(MAX_CASE_FILE_BYTES + 1));
    for refused in [
        admin.patch(SETTINGS, &scopes("second")),
        admin.post("/v1/gates/windows-mdm/policy", &json!({"policy": "windows-mdm@1.0.0"})),
    ] {
        let refused = refused.refused(422, "rehearse");
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.contains("the operator's cases") && message.contains("1048577"),
            "{message}"
        );
    }
    let settings = &admin.get(SETTINGS).json(200)["settings"];
    assert_eq!(settings["scopes"], json!(["mdm_delegation", "first"]));
    let decision = server.decide("windows-mdm", &token(json!({})));
    assert_eq!((&decision["outcome"], &decision["generation"]), (&json!("allow"), &json!(2)));
}
