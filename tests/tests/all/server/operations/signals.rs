//! SIGTERM once and twice, and a socket of Unix.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use admit_tests::clock::wait_until;
use admit_tests::fixture::{issuer, with};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::{DECIDE, decisions_in_flight, failing, with_key_server};
use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::wire::{answer, ask, connect, get, post};

fn good() -> String {
    json!({"token": token(json!({}))}).to_string()
}

#[test]
fn the_end_under_load_loses_no_answer() {
    const CLIENTS: u32 = 4;
    let server = Server::serving();
    let (request, address) = (post(DECIDE, server.token(), &good()), server.service_address());
    let (decided, warm) = (AtomicU32::new(0), AtomicU32::new(0));
    // Asks on one connection until told that it was the last time.
    let client = || {
        let mut connection = connect(address);
        for count in 1.. {
            let answer = ask(&mut connection, &request);
            assert_eq!(answer.status(), "200", "{answer:?}");
            assert!(answer.body.contains(r#""outcome":"allow""#), "{answer:?}");
            decided.fetch_add(1, Ordering::Relaxed);
            if count == 20 {
                warm.fetch_add(1, Ordering::Relaxed);
            }
            if answer.closes() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        wait_until("load", || warm.load(Ordering::Relaxed) == CLIENTS);
        server.signal("TERM");
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
    let home = server.home.clone();
    let (status, _) = server.wait();
    assert!(status.success(), "{status}");
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("drained cut=0"), "{log}");
    assert!(decided.load(Ordering::Relaxed) > 20 * CLIENTS);
}

#[test]
fn while_it_drains_it_is_not_ready_and_a_second_signal_ends_it() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    keys.hold();
    let server = with_key_server(&keys, json!({"limits": {"drain_seconds": 300}}));
    let mut held = connect(server.service_address());
    held.write_all(post(DECIDE, server.token(), &good()).as_bytes()).unwrap();
    wait_until("a decision that waits for keys", || decisions_in_flight(&server));
    // A request that has begun when the signal comes.
    let mut begun = connect(server.service_address());
    let (head, rest) = ("GET /health/ready HTTP/1.1\r\nHost: a\r\n", "\r\n");
    begun.write_all(head.as_bytes()).unwrap();
    server.signal("TERM");
    server.wait_for_log("draining");
    let ready = ask(&mut begun, rest);
    assert_eq!(ready.status(), "503", "{ready:?}");
    let body: Value = serde_json::from_str(&ready.body).unwrap();
    assert!(failing(&body).contains(&"draining"), "{body}");

    let (started, home) = (Instant::now(), server.home.clone());
    server.signal("TERM");
    let (status, _) = server.wait();
    assert!(status.success(), "{status}");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("asked to end again"), "{log}");
    assert!(answer(&mut held).is_none(), "nobody was there to decide");
}

#[test]
fn it_answers_for_a_while_although_it_says_that_it_is_not_ready() {
    let server = Server::start(&with(windows_gate(), json!({"limits": {"unready_seconds": 300}})));
    server.signal("TERM");
    server.wait_for_log("draining");
    for client in [server.service(), server.admin()] {
        let ready = client.without_token().get("/health/ready").json(503);
        assert!(failing(&ready).contains(&"draining"), "{ready}");
    }
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    let started = Instant::now();
    server.signal("TERM");
    assert!(server.wait().0.success());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn what_runs_when_the_signal_comes_is_answered() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    keys.hold();
    let server = with_key_server(&keys, json!({}));
    let mut held = connect(server.service_address());
    held.write_all(post(DECIDE, server.token(), &good()).as_bytes()).unwrap();
    wait_until("a decision that waits for keys", || decisions_in_flight(&server));
    server.signal("TERM");
    server.wait_for_log("draining");
    keys.release();
    let answer = answer(&mut held).unwrap();
    assert_eq!(answer.status(), "200", "{answer:?}");
    assert!(answer.body.contains(r#""outcome":"allow""#), "{answer:?}");
    assert!(server.wait().0.success());
}

#[test]
fn decisions_over_a_unix_socket_that_only_its_owner_may_open() {
    let home = Home::new();
    let socket = home.path("service.sock");
    let listen = format!("unix:{}", socket.display());
    let server = home.start(&with(windows_gate(), json!({"service": {"listen": listen}})));
    assert_eq!(server.service_address(), listen);
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut connection = UnixStream::connect(&socket).unwrap();
    let decided = ask(&mut connection, &post(DECIDE, server.token(), &good()));
    assert!(decided.body.contains(r#""outcome":"allow""#), "{decided:?}");
    assert_eq!(ask(&mut connection, &post(DECIDE, "admit_x_y", &good())).status(), "401");
    let live = ask(&mut connection, &get("/health/live", "Host: a\r\n"));
    assert_eq!(live.status(), "200");
    drop(connection);
    let (home, status) = server.stop_with("TERM");
    assert!(status.success() && !socket.exists(), "{status}");

    // With `access: none`, whoever may open it may ask.
    let service = json!({"service": {"listen": listen, "access": "none"}});
    let server = home.start(&with(windows_gate(), service));
    let mut connection = UnixStream::connect(&socket).unwrap();
    let body = good();
    let request = post(DECIDE, "", &body).replace("Authorization: Bearer \r\n", "");
    assert!(ask(&mut connection, &request).body.contains(r#""outcome":"allow""#));
    server.admin().without_token().get("/v1/status").refused(401, "unauthenticated");
}
