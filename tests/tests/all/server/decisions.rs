//! Forms of bodies and of tokens; `tests/http/decisions.yaml` has what else is asked for.

use admit_tests::fixture::with;
use admit_tests::forms::forms;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::client::{Client, Reply};
use crate::harness::server::{Server, token};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const JSON: &str = "application/json";

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
    let server = Server::shared();
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
    let invalid = client.send("POST", DECIDE, Some((JSON, b"{\"token\": \"\xff\"}")));
    invalid.refused(400, "malformed");
}

#[test]
fn every_form_of_a_token_is_decided_and_the_id_comes_back() {
    let server = Server::shared();
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
