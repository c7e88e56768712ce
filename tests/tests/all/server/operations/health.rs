//! Whether it lives, and whether it is to be sent requests.

use admit_tests::clock::wait_until;
use admit_tests::fixture::issuer;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

use super::super::client::Client;
use super::super::start::{Server, windows_settings};
use super::{failing, with_key_server};

#[test]
fn a_server_lives_at_once_and_is_ready_when_a_gate_decides() {
    let server = Server::start(&json!({"gates": {"windows-mdm": {}, "without-policy": {}}}));
    let clients = [server.admin_address(), server.service_address()].map(Client::new);
    for client in &clients {
        assert_eq!(client.get("/health/live").json(200), json!({"status": "live"}));
        let ready = client.get("/health/ready").json(503);
        assert_eq!(ready["status"], "not_ready");
        assert_eq!(failing(&ready), ["gates"]);
    }
    let settings = |gate: &str| format!("/v1/gates/{gate}/settings");
    let admin = server.admin();
    admin.patch(&settings("windows-mdm"), &windows_settings()).json(200);
    for client in &clients {
        assert_eq!(client.get("/health/ready").json(200), json!({"status": "ready"}));
    }
    // One that was never given a policy is nobody's to wait for.
    admin.get(&settings("without-policy")).refused(409, "no_policy");
    let body = json!({"policy": "windows-mdm", "settings": windows_settings()});
    admin.post("/v1/gates/without-policy/policy", &body).json(200);
    assert_eq!(clients[0].get("/health/ready").json(200), json!({"status": "ready"}));
}

#[test]
fn keys_that_cannot_be_had_are_named_and_asked_for_again() {
    let keys = KeyServer::start(Answer::page("500 Internal Server Error", ""));
    let server = with_key_server(&keys, json!({}));
    let ready = || server.admin().get("/health/ready");
    wait_until("the failed fetch", || {
        let status = server.admin().get("/v1/status").json(200);
        status["keys"][0]["last_error"].as_str().is_some_and(|error| error.contains("500"))
    });
    let body = ready().json(503);
    assert_eq!(failing(&body), ["keys.public"]);
    assert!(body["failing"][0]["reason"].as_str().unwrap().contains("500"), "{body}");
    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    wait_until("ready", || ready().status == 200);
    let state = &server.admin().get("/v1/status").json(200)["keys"][0];
    assert_eq!((&state["cloud"], &state["usable"]), (&json!("public"), &json!(1)));
    assert!(state["age_seconds"].is_u64() && state.get("last_error").is_none(), "{state}");
}
