//! What an access token may no longer do, although its request had begun: while a body came, while keys
//! were waited for, while a change was made.

use std::io::Write;
use std::net::TcpStream;

use admit_policies::WINDOWS_MDM_1;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::{DECIDE, metric, with_key_server};
use crate::harness::client::{Client, Reply};
use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::wire::{ask, connect, only_answer};

const GATE: &str = "/v1/gates/windows-mdm";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// A request that the server has let in, and whose body lacks its last byte.
struct Unfinished {
    connection: TcpStream,
    last: u8,
}

impl Unfinished {
    fn send(address: &str, access: &str, target: (&str, &str), body: (&str, &[u8])) -> Self {
        let ((method, path), (media_type, bytes)) = (target, body);
        let mut connection = connect(address);
        let access = match access {
            "" => String::new(),
            access => format!("Authorization: Bearer {access}\r\n"),
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{access}Connection: close\r\n\
             Content-Type: {media_type}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            bytes.len()
        );
        // Asked for the body, it was let in.
        assert_eq!(ask(&mut connection, &head).status(), "100", "{method} {path}");
        let (last, others) = bytes.split_last().unwrap();
        connection.write_all(others).unwrap();
        Self { connection, last: *last }
    }

    fn finish(mut self) -> Reply {
        self.connection.write_all(&[self.last]).unwrap();
        only_answer(self.connection)
    }
}

/// Creates an access token; returns its id and its text.
fn create(admin: &Client, name: &str, role: &str) -> (String, String) {
    let created = admin.post("/v1/access", &json!({"name": name, "role": role})).json(201);
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

/// Everything that a change of the gate or of the access tokens would leave, besides activities.
fn left(admin: &Client) -> [Value; 3] {
    let releases = admin.get(&format!("{GATE}/releases")).json(200);
    [admin.get(SETTINGS).json(200), releases, admin.get("/v1/access").json(200)]
}

#[test]
fn a_token_revoked_while_its_body_comes_does_nothing() {
    let server = Server::serving();
    let admin = server.admin();
    let json = |body: Value| ("application/json", body.to_string().into_bytes());
    let asked = json!({"token": token(json!({}))});
    let (here, service) = (server.admin_address(), server.service_address());
    let policy = format!("{GATE}/policy");
    let stops = [
        ("admin", here, ("POST", "/v1/access"), json(json!({"name": "late", "role": "admin"}))),
        ("admin", here, ("PATCH", SETTINGS), json(json!({"scopes": ["late"]}))),
        ("gitops", here, ("PATCH", &*format!("{SETTINGS}?dry_run=true")), json(json!({}))),
        ("admin", here, ("POST", &*policy), json(json!({"policy": "windows-mdm@1.0.0"}))),
        ("gitops", here, ("POST", &*policy), ("application/wasm", WINDOWS_MDM_1.component.into())),
        ("admin", here, ("POST", &*policy), ("application/wasm", b"no component".into())),
        ("platform", service, ("POST", DECIDE), json(asked.clone())),
        ("admin", service, ("POST", DECIDE), json(json!({"not": "understood"}))),
        (
            "platform",
            service,
            ("POST", &*format!("{DECIDE}/batch")),
            json(json!({"requests": [asked]})),
        ),
    ];
    for (number, (role, address, target, (media_type, body))) in stops.into_iter().enumerate() {
        let name = format!("stop {number}");
        let (id, secret) = create(&admin, &name, role);
        let unfinished = Unfinished::send(address, &secret, target, (media_type, &body));
        admin.delete(&format!("/v1/access/{id}")).empty(204);
        let before = left(&admin);
        let refused = unfinished.finish().refused(401, "unauthenticated");
        assert!(refused["message"].as_str().unwrap().contains("was revoked"), "{name}: {refused}");
        assert_eq!(left(&admin), before, "{name}");
    }
    let newest = admin.get("/v1/activities?limit=1").json(200)["activities"][0]["type"].clone();
    assert_eq!(newest, "revoked_access", "not even the refusals of policies are recorded");
}

#[test]
fn what_a_reload_forbids_while_a_body_comes_is_not_done() {
    let home = Home::new();
    let open = with(windows_gate(), json!({"service": {"access": "none"}}));
    let server = home.start(&open);
    let body = json!({"token": token(json!({}))}).to_string();
    let (patch, decide) = (("PATCH", SETTINGS), ("POST", DECIDE));
    let (service, admin) = (server.service_address(), server.admin_address());
    let decision = Unfinished::send(service, "", decide, ("application/json", body.as_bytes()));
    let change = br#"{"scopes": ["late"]}"#;
    let change = Unfinished::send(admin, server.token(), patch, ("application/json", change));
    let before = left(&server.admin());
    home.configure(&with(windows_gate(), json!({"gitops": {"repository": "https://git.example"}})));
    server.signal("HUP");
    server.wait_for_log("reloaded: ");
    let refused = change.finish().refused(403, "gitops_mode");
    assert!(refused["message"].as_str().unwrap().contains("https://git.example"), "{refused}");
    decision.finish().refused(401, "unauthenticated");
    assert_eq!(left(&server.admin()), before);
}

#[test]
fn a_decision_that_waited_for_keys_is_not_given_to_a_revoked_token() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    keys.hold();
    let server = with_key_server(&keys, json!({}));
    let admin = server.admin();
    let (id, secret) = create(&admin, "platform", "platform");
    let platform = server.service().with_token(&secret);
    let asked = json!({"token": token(json!({}))});
    let batch = format!("{DECIDE}/batch");
    std::thread::scope(|scope| {
        let one = scope.spawn(|| platform.post(DECIDE, &asked));
        let several = scope.spawn(|| platform.post(&batch, &json!({"requests": [asked]})));
        let waiting = || metric(&server, "admit_decisions_in_flight", "");
        wait_until("decisions that wait for keys", || waiting() == 2.0);
        admin.delete(&format!("/v1/access/{id}")).empty(204);
        keys.release();
        one.join().unwrap().refused(401, "unauthenticated");
        several.join().unwrap().refused(401, "unauthenticated");
    });
}

/// Every change of a token that is revoked meanwhile is made before the answer to the revocation, or
/// never.
#[test]
fn after_the_answer_to_a_revocation_its_token_changes_nothing() {
    let server = Server::serving();
    let admin = server.admin();
    let (mut made, mut refused) = (0, 0);
    for round in 0..12 {
        let (id, secret) = create(&admin, &format!("round {round}"), "admin");
        let writer = admin.clone().with_token(&secret);
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let change =
                    |n: u32| writer.patch(SETTINGS, &json!({"scopes": [format!("{round}-{n}")]}));
                (0..)
                    .map(change)
                    .map(|reply| reply.status)
                    .take_while(|status| *status == 200)
                    .count()
            });
            let seen = admin.get(SETTINGS).json(200)["revision"].clone();
            wait_until("a change", || admin.get(SETTINGS).json(200)["revision"] != seen);
            admin.delete(&format!("/v1/access/{id}")).empty(204);
            let after = left(&admin);
            made += writing.join().unwrap();
            refused += 1;
            assert_eq!(left(&admin), after, "round {round}");
        });
    }
    assert!(made >= refused, "{made} {refused}");
}
