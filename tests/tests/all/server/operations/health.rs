//! Whether it lives, and whether it is to be sent requests.

use admit_tests::clock::wait_until;
use admit_tests::fixture::issuer;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

use super::{failing, metric, with_key_server};
use crate::harness::server::{Server, windows_settings};

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
    assert!(metric(&server, "admit_key_set_fetch_failures_total", "public") >= 1.0);
    let state = &server.admin().get("/v1/status").json(200)["keys"][0];
    assert_eq!((&state["cloud"], &state["usable"]), (&json!("public"), &json!(1)));
    assert!(state["age_seconds"].is_u64() && state.get("last_error").is_none(), "{state}");
}

/// A server whose gate `windows-mdm` has keys, and whose gate `gov` has those of another cloud.
fn with_another_cloud(keys: &KeyServer) -> Server {
    let address = json!({"address": keys.url("/keys"), "cool_down_seconds": 1});
    let gov = json!({"policy": "windows-mdm", "cloud": "us-gov", "settings": windows_settings()});
    let public = json!({"settings": windows_settings()});
    Server::start(&json!({
        "keys": {"us-gov": address},
        "gates": {"windows-mdm": public, "gov": gov, "intune-mam": {}},
    }))
}

#[test]
fn a_cloud_without_keys_takes_no_other_gate_out_of_the_balancer() {
    let keys = KeyServer::start(Answer::page("500 Internal Server Error", ""));
    let server = with_another_cloud(&keys);
    wait_until("the failed fetch", || {
        metric(&server, "admit_key_set_fetch_failures_total", "us-gov") >= 1.0
    });
    let is = |name: &str, label: &str, value: f64| {
        let came = metric(&server, name, label);
        assert!((came - value).abs() < f64::EPSILON, "{name} {label}: {came}");
    };
    for client in [server.admin(), server.service()] {
        let ready =
            |path: &str| client.clone().without_token().get(&format!("/health/ready{path}"));
        let body = ready("").json(200);
        assert_eq!((&body["status"], failing(&body)), (&json!("degraded"), vec!["keys.us-gov"]));
        assert_eq!(ready("/windows-mdm").json(200), json!({"status": "ready"}));
        let body = ready("/gov").json(503);
        assert_eq!((&body["status"], failing(&body)), (&json!("not_ready"), vec!["keys.us-gov"]));
        // Nobody waits for it, and whoever asks for it by name is told.
        assert_eq!(failing(&ready("/intune-mam").json(503)), ["gate.intune-mam"]);
        ready("/none").refused(404, "unknown_gate");
    }
    is("admit_ready", "", 1.0);
    is("admit_gate_ready", "windows-mdm", 1.0);
    is("admit_gate_ready", "gov", 0.0);
    is("admit_check_failing", "keys.us-gov", 1.0);
    is("admit_check_failing", "keys.public", 0.0);
    is("admit_key_set_keys", "us-gov", 0.0);
    is("admit_gate_state", "gate=\"intune-mam\",state=\"unconfigured\"", 1.0);

    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    let ready = |path: &str| server.service().get(&format!("/health/ready{path}")).status == 200;
    wait_until("the keys of the other cloud", || ready("/gov"));
    assert_eq!(server.service().get("/health/ready").json(200), json!({"status": "ready"}));
    is("admit_gate_ready", "gov", 1.0);
    is("admit_check_failing", "keys.us-gov", 0.0);
}
