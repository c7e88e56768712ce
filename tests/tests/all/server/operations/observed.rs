//! Request ids, traces, numbers.

use std::collections::BTreeSet;

use admit_tests::fixture::{claims, issuer, with};
use serde_json::{Value, json};

use super::{DECIDE, metric};
use crate::harness::server::{Server, token, windows_gate};
use crate::harness::wire::{ask, connect};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[test]
fn the_ids_of_a_request_and_of_its_trace_are_in_its_answer_and_in_its_lines() {
    let server =
        Server::start(&with(windows_gate(), json!({"log": {"level": "debug", "format": "json"}})));
    let traced = |id: &str| {
        let parent = format!("00-{TRACE}-{PARENT}-01");
        server.service().with("x-request-id", id).with("traceparent", &parent)
    };
    let reply = traced("enrol-7.a_B").post(DECIDE, &json!({"token": "no.token.x"}));
    assert_eq!(reply.header("x-request-id"), Some("enrol-7.a_B"));
    let decision = reply.json(200)["decision_id"].clone();
    let log = server.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused = lines.iter().find(|line| line["decision_id"] == decision).unwrap();
    let answered = lines.iter().rfind(|line| line["message"] == "answered").unwrap();
    assert!(refused["message"].as_str().unwrap().starts_with("token refused"), "{refused}");
    for line in [refused, answered] {
        let span = &line["span"];
        assert_eq!(span["request_id"], "enrol-7.a_B", "{line}");
        assert_eq!((&span["trace_id"], &span["parent_id"]), (&json!(TRACE), &json!(PARENT)));
        assert_eq!(span["route"], "/v1/gates/{gate}/decide");
    }
    assert_eq!(answered["status"], 200);

    for bad in ["", "a b", "a/b", &"x".repeat(129), "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"] {
        let reply = server.service().with("x-request-id", bad).get("/health/live");
        let own = reply.header("x-request-id").unwrap();
        assert!(own != bad && own.len() == 36, "{own} for {bad}");
    }
    let not_found = server.service().with("x-request-id", "lost").get("/nowhere");
    assert_eq!(not_found.header("x-request-id"), Some("lost"));
    server.wait_for_log("lost");
}

/// The names and labels of every series.
fn series(server: &Server) -> BTreeSet<String> {
    let text = server.admin().without_token().get("/metrics").text();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[test]
fn what_is_received_makes_no_series() {
    let server = Server::serving();
    let (admin, service) = (server.admin(), server.service());
    let bogus = |seed: &str| {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": seed}).to_string();
        let unknown_key = issuer().sign_parts(header, claims().to_string());
        for token in [unknown_key, token(json!({"aud": seed})), seed.to_owned()] {
            service.post(DECIDE, &json!({"token": token, "id": seed})).json(200);
        }
        service.post(&format!("/v1/gates/{seed}/decide"), &json!({"token": seed}));
        service.post(DECIDE, &json!({ seed: 1 }));
        for client in [&admin, &service] {
            client.get(&format!("/{seed}"));
            client.send("PUT", &format!("/{seed}/x"), None);
        }
        let purge = format!("{seed} / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(ask(&mut connect(server.service_address()), &purge).status(), "404");
        admin.delete(&format!("/v1/access/{seed}"));
        admin.get(&format!("/v1/gates/{seed}/settings"));
        admin.get(&format!("/v1/activities?gate={seed}&type={seed}"));
        admin.post("/v1/gates/windows-mdm/policy", &json!({ "policy": seed }));
        admin.patch("/v1/gates/windows-mdm/settings", &json!({ "server_url": seed }));
    };
    bogus("first");
    // The second one counts the first.
    series(&server);
    let before = series(&server);
    (0..20).for_each(|number| bogus(&format!("bogus-{number}")));
    let after = series(&server);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(!after.iter().any(|one| one.contains("bogus") || one.contains("first")));
}

#[test]
fn what_was_done_is_counted() {
    let server = Server::serving();
    server.decide("windows-mdm", &token(json!({})));
    for _ in 0..3 {
        server.decide("windows-mdm", &token(json!({"scp": "x"})));
    }
    let bad = json!({"component": ""});
    server.admin().post("/v1/gates/windows-mdm/policy", &bad).refused(422, "inspect");
    let is = |name: &str, label: &str, value: f64| {
        let came = metric(&server, name, label);
        assert!((came - value).abs() < f64::EPSILON, "{name} {label}: {came}");
    };
    is("admit_decisions_total", "outcome=\"allow\"", 1.0);
    is("admit_decisions_total", "reason=\"scope_missing\"", 3.0);
    is("admit_decision_duration_seconds_count", "windows-mdm", 4.0);
    is("admit_http_requests_total", "endpoint=\"/v1/gates/{gate}/decide\",status=\"200\"", 4.0);
    is("admit_activations_total", "step=\"inspect\"", 1.0);
    is("admit_gate_generation", "windows-mdm", 1.0);
    is("admit_key_set_keys", "public", 1.0);
    is("admit_decisions_in_flight", "", 0.0);
    is("admit_gate_release_info", "version=\"2.0.0\"", 1.0);
    assert!(metric(&server, "admit_connections", "listener=\"admin\"") >= 1.0);
}

#[test]
fn accept_decides_between_the_formats_of_the_metrics() {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let server = Server::serving();
    let client = server.admin().without_token();
    for (accept, expected) in [
        (
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPEN_METRICS,
        ),
        ("application/openmetrics-text", OPEN_METRICS),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT),
        ("*/*", TEXT),
        ("application/json", TEXT),
    ] {
        let reply = client.clone().with("accept", accept).get("/metrics");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(expected)), "{accept}");
        assert_eq!(reply.header("vary"), Some("Accept"));
        let (text, is_open) = (reply.text(), expected == OPEN_METRICS);
        let decisions = if is_open {
            "# TYPE admit_decisions counter"
        } else {
            "# TYPE admit_decisions_total counter"
        };
        assert!(text.contains(decisions) && text.contains("\nadmit_decisions_total{"), "{text}");
        assert_eq!(text.ends_with("# EOF\n"), is_open, "{accept}");
        assert_eq!(text.contains("# UNIT "), is_open, "{accept}");
    }
}
