//! Request ids, traces, numbers.

use std::collections::BTreeSet;

use admit_tests::fixture::{claims, issuer, with};
use serde_json::{Value, json};

use super::{DECIDE, metric};
use crate::harness::client::Client;
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
    let server = Server::shared();
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

/// The lines of the server's log on refused tokens, with their level and what they count.
fn lines(log: &str) -> Vec<(String, Option<u64>)> {
    let lines = log.lines().filter(|line| line.contains("token refused"));
    let count = |line: &str| {
        let (_, rest) = line.split_once(" count=")?;
        rest.split(' ').next()?.parse().ok()
    };
    let level = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    lines.map(|line| (level(line), count(line))).collect()
}

#[test]
fn refused_tokens_do_not_fill_the_log() {
    for (level, each) in [("info", false), ("debug", true)] {
        let server = Server::start(&with(windows_gate(), json!({"log": {"level": level}})));
        for _ in 0..60 {
            let decision = server.decide("windows-mdm", &token(json!({"exp": 1})));
            assert_eq!(decision["reason"], "token.expired");
        }
        let other = server.decide("windows-mdm", &token(json!({"scp": "other"})));
        let (home, _) = server.stop_with("TERM");
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        let lines = lines(&log);
        let counted: Vec<_> = lines.iter().filter(|(level, _)| level == "INFO").collect();
        let sum = counted.iter().map(|(_, count)| count.unwrap()).sum::<u64>();
        assert_eq!(sum, 61, "{log}");
        // A minute may end within.
        assert!((3..=5).contains(&counted.len()), "{log}");
        let at_debug = lines.iter().filter(|line| **line == ("DEBUG".to_owned(), None)).count();
        assert_eq!(at_debug > 50, each, "{log}");
        // The lines show what was refused.
        let line = log.lines().find(|line| line.contains("scope_missing")).unwrap();
        let id = other["decision_id"].as_str().unwrap();
        assert!(line.contains(id) && line.contains("gate=\"windows-mdm\""), "{line}");
    }
}

/// Requests that a stranger can send to the admin listener, with the status of the answer.
fn from_strangers(server: &Server) -> Vec<(Client, &'static str, &'static str, u16)> {
    let anybody = Client::new(server.admin_address());
    let wrong = anybody.clone().with_token("admit_00000000_nobody-has-this-one");
    let elsewhere = server.admin().with("host", "other.example.com");
    vec![
        (anybody.clone(), "GET", "/v1/status", 401),
        (wrong.clone(), "GET", "/v1/status", 401),
        (wrong, "POST", "/v1/access", 401),
        (elsewhere, "GET", "/v1/status", 403),
        (anybody.clone(), "GET", "/", 404),
        (anybody.clone(), "DELETE", "/v1/status", 405),
        (anybody, "GET", "/openapi.json", 200),
    ]
}

#[test]
fn strangers_do_not_fill_the_log_and_are_counted() {
    const ROUNDS: usize = 30;
    let server = Server::serving();
    let requests = from_strangers(&server);
    for _ in 0..ROUNDS {
        for (client, method, path, status) in &requests {
            assert_eq!(client.send(method, path, None).status, *status, "{method} {path}");
        }
    }
    for _ in 0..ROUNDS {
        server.admin().get("/v1/releases").refused(404, "not_found");
        server.admin().get("/v1/status").json(200);
    }
    let known = |log: &str| log.lines().filter(|line| line.contains("status=200")).count();
    let all = |log: &str| log.lines().filter(|line| line.contains("answered")).count();
    let log = server.log();
    // Two of them are of one kind, and a path that is not there is one whoever asks for it.
    let kinds = requests.len() - 1;
    assert_eq!((known(&log), all(&log)), (ROUNDS + 1, ROUNDS + kinds), "{log}");
    let (home, _) = server.stop_with("TERM");
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert_eq!(all(&log), ROUNDS + 2 * kinds, "{log}");
    let of = |status: &str| {
        let of_status = move |line: &&str| line.contains("answered") && line.contains(status);
        let lines = log.lines().filter(of_status);
        let count = |line: &str| {
            let count = line.split("count=").nth(1)?.split([' ', '}']).next()?;
            count.parse::<usize>().ok()
        };
        lines.filter_map(count).sum::<usize>()
    };
    assert_eq!(of("status=401"), 3 * ROUNDS);
    assert_eq!(of("status=404"), 2 * ROUNDS);
    assert_eq!(of("status=403"), ROUNDS);
}
