//! Requests that wait for keys that do not come, and refusals that must not fill the log.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use admit_tests::clock::wait_until;
use admit_tests::fixture::{claims, issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::limits::only_answer;
use super::operations::with_keys;
use crate::harness::client::Client;
use crate::harness::server::{Server, token, windows_gate};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const BATCH: &str = "/v1/gates/windows-mdm/decide/batch";
/// A token whose key is in no key set.
fn of_unknown_key() -> Value {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "unknown"}).to_string();
    json!({"token": issuer().sign_parts(header, claims().to_string())})
}

#[test]
fn keys_that_do_not_come_keep_out_only_those_who_wait_for_them() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let options =
        json!({"address": keys.url("/keys"), "cool_down_seconds": 1, "timeout_seconds": 60});
    let server = with_keys(options, json!({"limits": {"decisions": 2}}));
    wait_until("keys", || server.admin().get("/health/ready").status == 200);
    keys.hold();
    let (one, batch) = (of_unknown_key(), json!({"requests": [of_unknown_key()]}));
    let asked = [(DECIDE, &one), (DECIDE, &one), (BATCH, &batch)];
    let (is_full, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        // Until the cool-down has passed, the answers come at once; then two wait for the fetch.
        for (path, body) in asked {
            let client = server.service();
            let (is_full, is_over) = (&is_full, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    // Not merely too many decisions at this moment.
                    let reply = client.post(path, body);
                    let is_late = reply.status == 503 && reply.text().contains("wait for keys");
                    is_full.fetch_or(is_late, Ordering::Relaxed);
                }
            });
        }
        wait_until("one too many", || is_full.load(Ordering::Relaxed));
        let good: Vec<_> = (0..10)
            .map(|_| server.service().post(DECIDE, &json!({"token": token(json!({}))})))
            .collect();
        let late = [(DECIDE, &one), (BATCH, &batch)];
        let late = late.map(|(path, body)| server.service().post(path, body));
        is_over.store(true, Ordering::Relaxed);
        keys.release();
        good.iter().for_each(|reply| assert_eq!(reply.json(200)["outcome"], "allow"));
        for reply in late {
            let refused = reply.refused(503, "busy");
            assert_eq!(reply.header("retry-after"), Some("1"));
            assert!(refused["message"].as_str().unwrap().contains("wait for keys"), "{refused}");
        }
    });
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

#[test]
fn several_headers_are_one_list_of_revisions() {
    let server = Server::serving();
    let path = "/v1/gates/windows-mdm/settings";
    let ask = |tags: &[&str]| {
        let tags: String = tags.iter().map(|tag| format!("If-Match: {tag}\r\n")).collect();
        let access = server.token();
        let request = format!(
            "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n{tags}\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        );
        let mut stream = TcpStream::connect(&server.admin_address()["http://".len()..]).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        only_answer(stream)
    };
    ask(&["\"1\""]).json(200);
    ask(&["\"7\""]).refused(412, "changed_meanwhile");
    for tags in [["\"1\"", "\"1\""], ["\"7\"", "\"1\""], ["\"7\", \"8\"", "W/\"7\", \"1\""]] {
        ask(&tags).json(200);
    }
    ask(&["\"7\"", "W/\"1\""]).refused(412, "changed_meanwhile");
    for tags in [["*", "\"1\""], ["\"1\"", "*"], ["*", "*"], ["\"1\"", "1"]] {
        let refused = ask(&tags).refused(400, "malformed");
        assert_eq!(refused["errors"][0]["name"], "If-Match", "{tags:?}");
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
