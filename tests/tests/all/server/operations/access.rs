//! Who may come in: access tokens, names in the Host header, the two listeners.

use std::io::Write;

use serde_json::{Value, json};

use super::super::client::Client;
use super::super::shell::Shell;
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
fn two_access_tokens_that_count_never_read_alike() {
    let server = Server::serving();
    let admin = server.admin();
    let create = |name: &str| admin.post("/v1/access", &json!({"name": name, "role": "admin"}));
    let created = create("ops team").json(201);
    let (id, text) = (created["id"].as_str().unwrap(), created["token"].as_str().unwrap());
    for like in ["ops team", "Ops Team", "OPSTEAM"] {
        let refused = create(like).refused(409, "name_taken");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(&format!("{id} has the name `ops team`")), "{message}");
        assert_eq!(refused["errors"][0]["name"], "name");
    }
    for wrong in [
        "admit",
        "ADMIT",
        "ad mit",
        "Source",
        "",
        "   ",
        " ops",
        "ops ",
        "o  ps",
        "o\u{202e}ps",
        "o\u{200b}ps",
        "o\u{a0}ps",
        "o\tps",
        "\u{3164}",
    ] {
        let refused = create(wrong).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], "name", "{wrong:?}: {refused}");
    }
    // Whose name comes again is told apart by the id, in whatever was done.
    let change = |token: &str, scope: &str| {
        let settings = "/v1/gates/windows-mdm/settings";
        admin.clone().with_token(token).patch(settings, &json!({"scopes": [scope]})).json(200);
    };
    change(text, "one");
    admin.delete(&format!("/v1/access/{id}")).empty(204);
    let again = create("ops team").json(201);
    change(again["token"].as_str().unwrap(), "two");
    for (path, list) in [
        ("/v1/activities?type=added_enrolment_scope", "activities"),
        ("/v1/gates/windows-mdm/releases?limit=2", "releases"),
    ] {
        let told = admin.get(path).json(200)[list].clone();
        let actor = |id: &Value| json!({"name": "ops team", "role": "admin", "id": id});
        assert_eq!(told[0]["actor"], actor(&again["id"]), "{told}");
        assert_eq!(told[1]["actor"], actor(&created["id"]), "{told}");
    }
    let of = |actor: &str| {
        let told = admin.get(&format!("/v1/activities?actor={actor}")).json(200);
        told["activities"].as_array().unwrap().len()
    };
    assert!(of(id) > 0 && of("ops%20team") > of(id), "{} {}", of(id), of("ops%20team"));
    let revoked =
        admin.get("/v1/activities?type=revoked_access").json(200)["activities"][0].clone();
    assert_eq!(revoked["actor"]["id"], server.token()["admit_".len()..][..8], "{revoked}");
}

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
