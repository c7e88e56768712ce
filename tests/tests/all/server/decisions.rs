//! Decisions: their forms, their order, and what is no request for one.

use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, TID, with};
use admit_tests::forms::forms;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::operations::with_keys;
use super::start::{Server, token, windows_settings};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const BATCH: &str = "/v1/gates/windows-mdm/decide/batch";
const MAM: &str = "/v1/gates/intune-mam/decide";
const JSON: &str = "application/json";

/// A server with both bundled gates, and small limits.
fn server() -> Server {
    let mam = json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "saml"});
    Server::start(&json!({
        "gates": {
            "windows-mdm": {"settings": windows_settings()},
            "intune-mam": {"settings": mam},
        },
        "limits": {"body_bytes": 65536, "batch": 3},
    }))
}

fn ask(client: &Client, body: Value) -> Reply {
    client.post(DECIDE, &body)
}

/// The element that carries a token, and the envelope around it, as Windows sends them.
fn soap(token: &str) -> String {
    let token = STANDARD.encode(token);
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:wsse=\"http://docs.\
         oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"><s:Header>\
         <wsse:Security><wsse:BinarySecurityToken ValueType=\"urn:ietf:params:oauth:token-type:jwt\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-\
         1.0.xsd#base64binary\">{token}</wsse:BinarySecurityToken></wsse:Security></s:Header>\
         <s:Body/></s:Envelope>"
    )
}

/// Base64 in lines, as encoders of mail write it.
fn in_lines(token: &str) -> String {
    let base64 = STANDARD.encode(token);
    let lines = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    lines.map(|line| format!("{line}\r\n")).collect()
}

#[test]
fn a_body_may_begin_with_a_byte_order_mark() {
    let server = server();
    let client = server.service();
    let body = format!("\u{feff}{}", json!({"token": token(json!({}))}));
    let reply = client.send("POST", DECIDE, Some((JSON, body.as_bytes())));
    assert_eq!(reply.json(200)["outcome"], "allow");
    let reply = server.admin().send(
        "PATCH",
        "/v1/gates/windows-mdm/settings",
        Some((JSON, "\u{feff}{}".as_bytes())),
    );
    assert_eq!(reply.json(200)["changed"], false);
    for form in forms() {
        let body = form.of(&json!({"token": token(json!({}))}).to_string());
        let reply = client.send("POST", DECIDE, Some((JSON, &body)));
        assert_eq!(reply.status == 200, form.document, "{}: {reply:?}", form.name);
        let body = form.of("{\"allow_guests\": null}");
        let path = "/v1/gates/windows-mdm/settings";
        let reply = server.admin().send("PATCH", path, Some((JSON, &body)));
        assert_eq!(reply.status == 200, form.document, "{}: {reply:?}", form.name);
    }
    let utf_16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let refused = client.send("POST", DECIDE, Some((JSON, &utf_16))).refused(400, "malformed");
    assert!(refused["message"].as_str().unwrap().ends_with("it looks like UTF-16; expected UTF-8"));
    let refused = client.send("POST", DECIDE, Some((JSON, b""))).refused(400, "malformed");
    assert_eq!(refused["message"], "body: not strict JSON: the text is empty");
}

#[test]
fn every_form_of_a_token_is_decided_and_the_id_comes_back() {
    let server = server();
    let client = server.service();
    let good = token(json!({}));
    for body in [
        json!({"token": good}),
        json!({"token": good, "format": "jwt"}),
        json!({"token": STANDARD.encode(&good), "format": "binary-security-token"}),
        json!({"token": soap(&good), "format": "soap"}),
        json!({"token": format!("\u{feff}{good}\r\n")}),
        json!({"token": in_lines(&good), "format": "binary-security-token"}),
        json!({"token": soap(&good).replace("</wsse:B", "\r\n</wsse:B"), "format": "soap"}),
    ] {
        let decision = ask(&client, with(body.clone(), json!({"id": "enrol 7"}))).json(200);
        assert_eq!(decision["outcome"], "allow", "{decision}");
        assert_eq!(
            (&decision["id"], &decision["gate"]),
            (&json!("enrol 7"), &json!("windows-mdm"))
        );
        assert_eq!(decision.get("trace"), None);
    }
    let wrapped = ask(&client, json!({"token": good, "format": "binary-security-token"})).json(200);
    assert_eq!(wrapped["outcome"], "invalid", "a bare JWT is no wrapped one");
}

#[test]
fn refusals_are_answers_and_a_trace_comes_when_asked_for() {
    let server = server();
    let client = server.service();
    let refused =
        ask(&client, json!({"token": token(json!({"scp": "other"})), "trace": true})).json(200);
    assert_eq!(
        (&refused["outcome"], &refused["reason"]),
        (&json!("deny"), &json!("scope_missing"))
    );
    let trace = refused["trace"].as_array().unwrap();
    assert!(trace.len() > 3, "{refused}");
    let quiet =
        ask(&client, json!({"token": token(json!({"scp": "other"})), "trace": false})).json(200);
    assert_eq!(quiet.get("trace"), None);
    for token in ["", "x", "a.b.c"] {
        let decision = ask(&client, json!({ "token": token })).json(200);
        assert_eq!(
            (&decision["outcome"], &decision["blame"]),
            (&json!("invalid"), &json!("caller"))
        );
    }
}

#[test]
fn what_a_token_carries_leaves_only_escaped() {
    const HIDDEN: &str =
        "\u{7f}\u{85}\u{9b}31m\u{ad}\u{61c}\u{200b}\u{200f}\u{2028}\u{202e}\u{2066}\u{feff}";
    let server = server();
    let client = server.service();
    let token = token(json!({"scp": HIDDEN}));
    let request = json!({"token": token, "id": HIDDEN});
    let one = ask(&client, request.clone());
    let many = client.post(BATCH, &json!({"requests": [request]}));
    let wrong = ask(&client, json!({"token": "x", (HIDDEN): 1}));
    for reply in [&one, &many, &wrong] {
        let text = std::str::from_utf8(&reply.body).unwrap();
        assert!(!text.contains(admit::text::is_invisible), "{text}");
    }
    let decision = one.json(200);
    assert_eq!(decision["id"], HIDDEN);
    assert_eq!(decision["observed"], json!([{"claim": "scp", "value": HIDDEN}]));
}

#[test]
fn facts_are_asked_for_given_and_of_the_right_type() {
    let server = server();
    let client = server.service();
    let token = token(json!({"scp": "login.mattermost"}));
    let ask = |facts: Value| client.post(MAM, &json!({"token": token, "facts": facts}));
    let asked = ask(json!({})).json(200);
    assert_eq!(asked["outcome"], "ask", "{asked}");
    assert!(asked["asks"].as_array().unwrap().contains(&json!("account.exists")), "{asked}");
    let facts = json!({"account.exists": true, "account.deactivated": false, "account.bot": false});
    assert_eq!(ask(facts).json(200)["outcome"], "allow");
    for wrong in [
        json!({"account.exists": "yes"}),
        json!({"account.exists": [true]}),
        json!("account.exists"),
        json!([]),
    ] {
        let refused = ask(wrong).refused(400, "malformed");
        let name = refused["errors"][0]["name"].as_str().unwrap();
        assert!(name.starts_with("facts"), "{refused}");
    }
}

#[test]
fn what_is_no_request_is_named_and_not_decided() {
    let server = server();
    let client = server.service();
    for (body, name) in [
        (json!({}), "token"),
        (json!({"token": 1}), "token"),
        (json!({"token": null}), "token"),
        (json!({"token": "x", "format": "saml"}), "format"),
        (json!({"token": "x", "format": true}), "format"),
        (json!({"token": "x", "id": 1}), "id"),
        (json!({"token": "x", "trace": "yes"}), "trace"),
        (json!({"token": "x", "tokn": "y"}), "tokn"),
    ] {
        let refused = ask(&client, body).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], name, "{refused}");
        assert_eq!(refused["errors"].as_array().map(Vec::len), Some(1));
    }
    for text in [
        r#"{"token": "a", "token": "b"}"#,
        r#"{"token": "a", "facts": {"x": 1, "x": 2}}"#,
        r#"{"token": "a"} {}"#,
        r#"{"token": "a",}"#,
        r#"["a"]"#,
        r#""a""#,
        "",
        "\u{feff}{}",
    ] {
        let reply = client.send("POST", DECIDE, Some((JSON, text.as_bytes())));
        reply.refused(400, "malformed");
    }
    let invalid = client.send("POST", DECIDE, Some((JSON, b"{\"token\": \"\xff\"}")));
    invalid.refused(400, "malformed");
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let body = br#"{"token": "a"}"#;
        client.send("POST", DECIDE, Some((media_type, body))).refused(415, "media_type");
    }
    let body = br#"{"token": "a"}"#;
    let charset = client.send("POST", DECIDE, Some(("Application/JSON; charset=utf-8", body)));
    assert_eq!(charset.json(200)["outcome"], "invalid");
    client.post("/v1/gates/mdm/decide", &json!({"token": "a"})).refused(404, "unknown_gate");
    client.get(DECIDE).refused(405, "method_not_allowed");
    client.get("/v1/status").refused(404, "not_found");
    let long = json!({"token": "x".repeat(65_536)});
    ask(&client, long).refused(413, "too_large");
}

#[test]
fn a_batch_answers_in_order_to_its_cap() {
    let server = server();
    let client = server.service();
    let tokens = [token(json!({})), "no.token.x".to_owned(), token(json!({"scp": "x"}))];
    let requests = tokens.iter().enumerate();
    let requests = requests.map(|(at, token)| json!({"id": at.to_string(), "token": token}));
    let requests: Vec<_> = requests.collect();
    let answer = client.post(BATCH, &json!({ "requests": requests })).json(200);
    let decisions = answer["decisions"].as_array().unwrap();
    let came: Vec<_> =
        decisions.iter().map(|one| (one["id"].as_str(), one["outcome"].as_str())).collect();
    let expected = [("0", "allow"), ("1", "invalid"), ("2", "deny")];
    assert_eq!(came, expected.map(|(id, outcome)| (Some(id), Some(outcome))));

    let none = client.post(BATCH, &json!({"requests": []})).json(200);
    assert_eq!(none, json!({"decisions": []}));
    let four = json!({"requests": vec![json!({"token": "x"}); 4]});
    let refused = client.post(BATCH, &four).refused(400, "malformed");
    assert_eq!(refused["errors"][0]["reason"], "4; expected at most 3");
    for (body, name) in [
        (json!({}), "requests"),
        (json!({"requests": {}}), "requests"),
        (json!({"requests": [1]}), "requests[0]"),
        (json!({"requests": [{"token": "x"}, {"token": 1}]}), "requests[1].token"),
        (json!({"requests": [{"token": "x"}], "more": 1}), "more"),
    ] {
        let refused = client.post(BATCH, &body).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], name, "{refused}");
    }
}

#[test]
fn a_malformed_request_in_a_batch_costs_no_decision() {
    let server = Server::serving();
    let requests = json!({"requests": [{"token": "no.token.x"}, {"token": 1}]});
    server.service().post(BATCH, &requests).refused(400, "malformed");
    let status = server.admin().get("/v1/status").json(200);
    assert_eq!(status["gates"][0]["refusals"], json!([]));
}

#[test]
fn no_decision_is_a_503_with_the_decision() {
    // Nobody listens on the first port of this machine.
    let server = with_keys(json!({"address": "http://127.0.0.1:1/keys"}), json!({}));
    let reply = server.service().post(DECIDE, &json!({"token": token(json!({})), "id": "7"}));
    assert_eq!(reply.header("retry-after"), Some("1"));
    let decision = reply.json(503);
    assert_eq!((&decision["outcome"], &decision["blame"]), (&json!("failed"), &json!("host")));
    assert_eq!((&decision["reason"], &decision["id"]), (&json!("keys.unavailable"), &json!("7")));
    // In a batch each speaks for itself.
    let requests = json!([{"token": token(json!({}))}, {"token": "x"}]);
    let batch = server.service().post(BATCH, &json!({ "requests": requests })).json(200);
    assert_eq!(batch["decisions"][0]["outcome"], "failed");
    assert_eq!(batch["decisions"][1]["outcome"], "invalid");
    wait_until("the failed fetch", || {
        let status = server.admin().get("/v1/status").json(200);
        status["keys"][0]["last_error"].is_string() && status["keys"][0]["usable"] == 0
    });
}
