//! Who may come in: the list of access tokens, pages of other sites, early refusals. `tests/http/access.yaml`
//! has the rest.

use std::io::Write;

use admit_tests::fixture::with;
use serde_json::{Value, json};

use super::DECIDE;
use crate::harness::client::Client;
use crate::harness::server::{Server, windows_gate};
use crate::harness::shell::Shell;
use crate::harness::wire::{answer, ask, connect, get, post};

#[test]
fn the_list_of_access_tokens_comes_in_pages() {
    let server = Server::serving();
    let admin = server.admin();
    for number in 0..60 {
        admin
            .post("/v1/access", &json!({"name": format!("n {number}"), "role": "observer"}))
            .json(201);
    }
    let page = |query: &str| {
        let page = admin.get(&format!("/v1/access{query}")).json(200);
        let names = page["access"].as_array().unwrap().iter().map(|one| one["name"].clone());
        (names.collect::<Vec<_>>(), page["next"].clone())
    };
    let (newest, next) = page("");
    assert_eq!((newest.len(), &newest[0]), (50, &json!("n 59")));
    let (oldest, end) = page(&format!("?before={next}"));
    assert_eq!((oldest.len(), &oldest[10], end), (11, &json!("first"), Value::Null));
    assert_eq!(page("?limit=1").0, ["n 59"]);
    admin.get("/v1/access?limit=201").refused(400, "malformed");
    let listed = Shell::of(&server).prints("access list");
    assert_eq!(listed.lines().count(), 61, "{listed}");
    assert!(listed.lines().next().unwrap().contains("  first  "), "the oldest first: {listed}");
    let json = Shell::of(&server).prints("access list --output json");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["access"].as_array().unwrap().len(), 61);
}

#[test]
fn a_page_of_another_site_gets_nothing_of_the_admin_listener() {
    let server = Server::shared();
    let access = format!("Authorization: Bearer {}\r\n", server.token());
    let admin = server.admin_address();
    let authority = admin.strip_prefix("http://").unwrap();
    let ask = |path: &str, headers: &str| {
        let request = get(path, &format!("{access}{headers}"));
        let answer = ask(&mut connect(admin), &request);
        (answer.status().to_owned(), answer.body.contains("host_not_allowed"))
    };
    let (fine, refused) = (("200".to_owned(), false), ("403".to_owned(), true));
    let port = authority.rsplit_once(':').unwrap().1;
    for headers in [
        format!("Host: {authority}\r\n"),
        "Host: 127.0.0.1\r\n".to_owned(),
        "Host: 127.0.0.2\r\n".to_owned(),
        format!("Host: [::1]:{port}\r\n"),
        format!("Host: LocalHost:{port}\r\n"),
        format!("Host: {authority}\r\nOrigin: http://{authority}\r\n"),
    ] {
        assert_eq!(ask("/v1/status", &headers), fine, "{headers}");
    }
    for headers in [
        String::new(),
        "Host: admit.example.com\r\n".to_owned(),
        format!("Host: admit.example.com:{port}\r\n"),
        "Host: 127.0.0.1.example.com\r\n".to_owned(),
        "Host: 192.0.2.1\r\n".to_owned(),
        format!("Host: {authority}\r\nOrigin: http://admit.example.com\r\n"),
        format!("Host: {authority}\r\nOrigin: null\r\n"),
        format!("Host: {authority}\r\nOrigin: http://127.0.0.1:1\r\n"),
    ] {
        for path in ["/v1/status", "/v1/access", "/v1/gates/windows-mdm/settings"] {
            assert_eq!(ask(path, &headers), refused, "{path} {headers}");
        }
        // What anybody may read is no secret.
        for path in ["/metrics", "/health/ready", "/openapi.json"] {
            assert_eq!(ask(path, &headers).0, "200", "{path} {headers}");
        }
    }
    let reply = server.admin().get("/v1/status");
    let mut names = reply.headers.keys();
    assert!(!names.any(|name| name.as_str().contains("access-control")), "{:?}", reply.headers);
}

/// A refusal does not wait for the body. Whoever sends that later must not believe that the
/// connection goes on.
#[test]
fn a_refusal_before_the_body_says_that_it_is_the_last_answer() {
    let server = Server::shared();
    let request = post(DECIDE, "admit_x_y", "{}");
    let (head, body) = request.split_at(request.len() - 2);
    let mut connection = connect(server.service_address());
    let early = ask(&mut connection, head);
    assert_eq!((early.status(), early.closes()), ("401", true), "{early:?}");
    connection.write_all(body.as_bytes()).unwrap();
    assert!(answer(&mut connection).is_none());

    let mut connection = connect(server.service_address());
    for _ in 0..2 {
        let answer = ask(&mut connection, &request);
        assert_eq!((answer.status(), answer.closes()), ("401", false), "{answer:?}");
    }
}

#[test]
fn a_listener_of_every_address_answers_its_own_machine() {
    let server = Server::start(&with(windows_gate(), json!({"admin": {"listen": "0.0.0.0:0"}})));
    let local = server.admin_address().replace("0.0.0.0", "127.0.0.1");
    let client = Client::new(&local).with_token(server.token());
    client.get("/v1/status").json(200);
    client.clone().with("host", "[::1]").get("/v1/status").json(200);
    let elsewhere = client.with("host", "192.0.2.1");
    elsewhere.get("/v1/status").refused(403, "host_not_allowed");
    assert_eq!(elsewhere.get("/health/ready").status, 200);
}
