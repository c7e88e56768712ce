//! Who may come in: access tokens, names in the Host header, the two listeners.

use std::io::Write;

use serde_json::json;

use super::super::client::Client;
use super::super::start::{Server, token, windows_gate};
use super::DECIDE;
use super::wire::{answer, ask, connect, get, post};

#[test]
fn an_access_token_is_exact_shown_once_and_ends_at_once() {
    let server = Server::serving();
    let admin = server.admin();
    let created = admin.post("/v1/access", &json!({"name": "Contoso MDM", "role": "platform"}));
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let created = created.json(201);
    let (id, secret) = (created["id"].as_str().unwrap(), created["token"].as_str().unwrap());
    assert!(secret.starts_with(&format!("admit_{id}_")), "{created}");
    let platform = Client::new(server.service_address()).with_token(secret);
    let body = json!({"token": token(json!({}))});
    assert_eq!(platform.post(DECIDE, &body).json(200)["outcome"], "allow");

    let list = admin.get("/v1/access").text();
    assert!(list.contains(id) && !list.contains(secret), "{list}");
    let last = secret.chars().last().unwrap();
    let other = if last == 'A' { "B" } else { "A" };
    for wrong in [
        format!("{}{other}", &secret[..secret.len() - 1]),
        secret[..secret.len() - 1].to_owned(),
        format!("{secret}{last}"),
        secret.to_ascii_uppercase(),
        format!("admit_{id}_"),
        id.to_owned(),
    ] {
        let reply = platform.clone().with_token(&wrong).post(DECIDE, &body);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{wrong}");
        reply.refused(401, "unauthenticated");
    }
    let schemes = [("authorization", format!("Basic {secret}")), ("x-access-token", secret.into())];
    for (name, value) in &schemes {
        let client = Client::new(server.service_address()).with(name, value);
        client.post(DECIDE, &body).refused(401, "unauthenticated");
    }
    let nobody = platform.clone().without_token();
    nobody.post(&format!("{DECIDE}?access_token={secret}"), &body).refused(401, "unauthenticated");

    admin.delete(&format!("/v1/access/{id}")).empty(204);
    platform.post(DECIDE, &body).refused(401, "unauthenticated");
    admin.delete(&format!("/v1/access/{id}")).refused(404, "not_found");
    admin.delete("/v1/access/x").refused(404, "not_found");
    let told = admin.get("/v1/activities?limit=2").json(200)["activities"].clone();
    assert_eq!(told[0]["type"], "revoked_access");
    assert_eq!(told[1]["type"], "created_access");
    assert_eq!(told[1]["details"], json!({"id": id, "name": "Contoso MDM", "role": "platform"}));
    for (body, name) in [
        (json!({"role": "admin"}), "name"),
        (json!({"name": "", "role": "admin"}), "name"),
        (json!({"name": "x\n", "role": "admin"}), "name"),
        (json!({"name": "x", "role": "root"}), "role"),
        (json!({"name": "x", "role": "admin", "id": "mine"}), "id"),
    ] {
        let refused = admin.post("/v1/access", &body).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], name, "{refused}");
    }
}

#[test]
fn a_restart_keeps_the_access_tokens_and_prints_none() {
    let server = Server::serving();
    let observer = server.create_access("observer");
    let first = server.token().to_owned();
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    let said = server.announced.join("\n");
    assert!(!said.contains("admit_"), "{said}");
    let status = |token: &str| server.admin().with_token(token).get("/v1/status").status;
    assert_eq!((status(&first), status(&observer)), (200, 200));
}

#[test]
fn a_page_of_another_site_gets_nothing_of_the_admin_listener() {
    let server = Server::serving();
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

#[test]
fn the_listener_for_platforms_has_nothing_for_administrators() {
    let server = Server::serving();
    let service = server.service();
    for path in ["/v1/status", "/v1/access", "/metrics", "/openapi.json", "/v1/activities"] {
        service.get(path).refused(404, "not_found");
    }
    let settings = "/v1/gates/windows-mdm/settings";
    service.patch(settings, &json!({})).refused(404, "not_found");
    server.admin().post(DECIDE, &json!({"token": "x"})).refused(404, "not_found");
}

/// A refusal does not wait for the body. Whoever sends that later must not believe that the
/// connection goes on.
#[test]
fn a_refusal_before_the_body_says_that_it_is_the_last_answer() {
    let server = Server::serving();
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
