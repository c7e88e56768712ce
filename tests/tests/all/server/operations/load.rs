//! More than there is room for, and keys that do not come.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use admit_tests::clock::wait_until;
use admit_tests::fixture::{claims, issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::{DECIDE, decisions_in_flight, metric, with_key_server};
use crate::harness::server::{Server, token, windows_gate, with_keys};
use crate::harness::wire::{Unfinished, answer, ask, connect, get, post};

const BATCH: &str = "/v1/gates/windows-mdm/decide/batch";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

#[test]
fn over_the_limit_of_decisions_one_is_told_to_come_again() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    keys.hold();
    let server = with_key_server(&keys, json!({"limits": {"decisions": 1}}));
    let body = json!({"token": token(json!({}))});
    let first = server.service();
    let waiting = std::thread::spawn({
        let body = body.clone();
        move || first.post(DECIDE, &body)
    });
    wait_until("a decision that waits for keys", || decisions_in_flight(&server));

    let other = server.service();
    for reply in [
        other.post(DECIDE, &body),
        other.post(&format!("{DECIDE}/batch"), &json!({"requests": [body]})),
    ] {
        reply.refused(503, "busy");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    // What is no decision goes on.
    other.post(DECIDE, &json!({})).refused(400, "malformed");
    assert_eq!(other.get("/health/live").status, 200);
    assert_eq!(server.admin().get("/v1/status").status, 200);

    keys.release();
    assert_eq!(waiting.join().unwrap().json(200)["outcome"], "allow");
    wait_until("the end of it", || !decisions_in_flight(&server));
    assert_eq!(other.post(DECIDE, &body).json(200)["outcome"], "allow");
}

#[test]
fn whoever_sends_slowly_takes_no_place_of_a_decision() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"decisions": 1}})));
    let slow = post(DECIDE, server.token(), "")
        .replace("Content-Length: 0\r\n", "Content-Length: 1000\r\nExpect: 100-continue\r\n");
    let mut connection = connect(server.service_address());
    // Asked for the body, it is let wait.
    assert_eq!(ask(&mut connection, &slow).status(), "100");
    connection.write_all(b"{").unwrap();
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
}

#[test]
fn an_unknown_key_that_is_asked_for_in_vain_keeps_nobody_waiting() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let server = with_key_server(&keys, json!({}));
    wait_until("keys", || server.admin().get("/health/ready").status == 200);
    keys.hold();
    let fetches = keys.requests().len();
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "unknown"}).to_string();
    let unknown = json!({"token": issuer().sign_parts(header, claims().to_string())});
    let (service, asked) = (server.service(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        // Until the cool-down has passed, the answer comes at once; then one waits for the fetch.
        let asking = scope.spawn(|| {
            while !asked.load(Ordering::Relaxed) {
                let decision = service.post(DECIDE, &unknown).json(200);
                assert_eq!(decision["reason"], "token.key", "{decision}");
            }
        });
        wait_until("the fetch", || keys.requests().len() > fetches);
        asked.store(true, Ordering::Relaxed);
        wait_until("one that waits", || decisions_in_flight(&server));
        for _ in 0..50 {
            assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
        }
        assert!(!asking.is_finished() && decisions_in_flight(&server));
        keys.release();
        asking.join().unwrap();
    });
}

/// Connections of clients that prove nothing, to both listeners: idle, with a part of a head, with a
/// bad access token and a part of a body, and with a request that everybody may make.
fn strangers(server: &Server, each: usize) -> Vec<std::net::TcpStream> {
    let body = post(DECIDE, "admit_x_y", "12345").replace("Length: 5", "Length: 5000");
    let (probe, part) = (get("/health/live", "Host: a\r\n"), "GET /health/live HTTP/1.1\r\nHo");
    let starts = ["", part, &*body, &*probe].into_iter().cycle();
    let addresses = [server.service_address(), server.admin_address()];
    let each = addresses.into_iter().flat_map(|address| std::iter::repeat_n(address, each));
    let connect = |(address, start): (&str, &str)| {
        let mut stranger = connect(address);
        stranger.write_all(start.as_bytes()).unwrap();
        stranger
    };
    each.zip(starts).map(connect).collect()
}

#[test]
fn strangers_keep_nobody_out() {
    const CONNECTIONS: usize = 8;
    let limits = json!({"connections": CONNECTIONS, "header_seconds": 300, "body_seconds": 300});
    let server = Server::start(&with(windows_gate(), json!({"limits": limits})));
    let good = json!({"token": token(json!({}))}).to_string();
    let request = post(DECIDE, server.token(), &good);
    let mut platform = connect(server.service_address());
    let decide = |connection: &mut std::net::TcpStream| {
        let answer = ask(connection, &request);
        assert!(answer.body.contains(r#""outcome":"allow""#), "{answer:?}");
    };
    decide(&mut platform);
    let mut all = Vec::new();
    for _ in 0..3 {
        all.extend(strangers(&server, 3 * CONNECTIONS));
        decide(&mut connect(server.service_address()));
        for address in [server.service_address(), server.admin_address()] {
            for path in ["/health/live", "/health/ready"] {
                let probe = get(path, "Host: a\r\n");
                assert_eq!(ask(&mut connect(address), &probe).status(), "200", "{path}");
            }
        }
        assert_eq!(server.admin().get("/v1/status").status, 200);
        decide(&mut platform);
    }
    assert!(metric(&server, "admit_connections", "listener=\"service\"") <= 16.0);
    assert!(metric(&server, "admit_connections_given_up_total", "listener=\"service\"") >= 48.0);
    server.wait_for_log("all connections are taken");
    drop(all);
}

#[test]
fn where_nobody_proves_anything_the_idlest_makes_room() {
    let limits = json!({"connections": 4, "header_seconds": 300});
    let open = json!({"limits": limits, "service": {"access": "none"}});
    let server = Server::start(&with(windows_gate(), open));
    let request = post(DECIDE, "", &json!({"token": token(json!({}))}).to_string());
    let mut idle = strangers(&server, 8);
    for _ in 0..3 {
        let decided = ask(&mut connect(server.service_address()), &request);
        assert!(decided.body.contains(r#""outcome":"allow""#), "{decided:?}");
    }
    assert!(answer(&mut idle[0]).is_none());
}

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
fn a_body_that_does_not_come_ends_its_own_request_only() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"body_seconds": 1}})));
    let good = || assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    let (service, admin) = (server.service_address(), server.admin_address());
    let slow = [(service, "POST", DECIDE), (admin, "PATCH", SETTINGS)];
    let slow =
        slow.map(|(address, method, path)| Unfinished::send(address, server.token(), method, path));
    good();
    for unfinished in slow {
        let reply = unfinished.answer();
        let refused = reply.refused(408, "timeout");
        assert!(refused["message"].as_str().unwrap().contains("in time"), "{refused}");
        assert_eq!(reply.header("connection"), Some("close"));
    }
    good();
    server.admin().patch(SETTINGS, &json!({})).json(200);
}

#[test]
fn a_body_that_is_promised_as_too_large_is_not_waited_for() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"body_seconds": 300}})));
    let (service, admin) = (server.service_address(), server.admin_address());
    for (address, method, path) in [(service, "POST", DECIDE), (admin, "PATCH", SETTINGS)] {
        let promised = Unfinished::promise(10_000_000, address, server.token(), method, path);
        promised.answer().refused(413, "too_large");
    }
}
