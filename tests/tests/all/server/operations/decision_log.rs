//! A decision log that is not read, not there, or hangs.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use admit_tests::clock::wait_until;
use admit_tests::fixture::with;
use serde_json::{Value, json};

use super::{DECIDE, failing, metric};
use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::shell::Shell;
use crate::harness::wire::{answer, ask, connect, post};

/// A named pipe with a reader that does not read; it can be opened to write at once.
fn pipe(home: &Home, name: &str) -> File {
    let path = home.path(name);
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let not_to_wait = rustix::fs::OFlags::NONBLOCK.bits().try_into().unwrap();
    let reader = File::options().read(true).custom_flags(not_to_wait).open(path).unwrap();
    rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::empty()).unwrap();
    reader
}

/// A gate whose refusals wait for a log that is written to `pipe`.
fn blocking(more: Value) -> Value {
    let log = json!({"to": "pipe", "when_full": "block", "buffer": 1, "allows": 1});
    with(windows_gate(), with(json!({"decision_log": log}), more))
}

/// Asks on so many connections for refusals until each of them hangs. Returns how many
/// answers there were, which goes on counting.
fn fill(server: &Server, clients: usize) -> Arc<AtomicUsize> {
    let answers = Arc::<AtomicUsize>::default();
    let request = post(DECIDE, server.token(), &json!({"token": "no.token.x"}).to_string());
    let hang = || {
        let log = &server.admin().get("/v1/status").json(200)["decision_log"];
        log["waiting"] == clients && log["problem"].is_string()
    };
    for _ in 0..clients {
        let (request, address) = (request.clone(), server.service_address().to_owned());
        let answers = Arc::clone(&answers);
        std::thread::spawn(move || {
            let mut connection = connect(&address);
            // Until the server ends.
            while connection.write_all(request.as_bytes()).is_ok()
                && answer(&mut connection).is_some()
            {
                answers.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    wait_until("decisions that hang", hang);
    answers
}

#[test]
fn a_log_that_is_read_slowly_keeps_decisions_waiting_and_loses_none() {
    const CLIENTS: usize = 4;
    const EACH: usize = 150;
    let home = Home::new();
    let reader = pipe(&home, "pipe");
    let server = home.start(&blocking(json!({})));
    let request = post(DECIDE, server.token(), &json!({"token": "no.token.x"}).to_string());
    let (decided, address) = (AtomicUsize::new(0), server.service_address());
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut connection = connect(address);
                for _ in 0..EACH {
                    assert_eq!(ask(&mut connection, &request).status(), "200");
                    decided.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("decisions that wait", || {
            metric(&server, "admit_decision_log_waiting", "") >= 4.0
        });
        let before = decided.load(Ordering::Relaxed);
        assert!(before < CLIENTS * EACH, "the pipe took everything");
        let is_decision = |line: &String| line.starts_with(r#"{"type":"decision""#);
        assert_eq!(lines.by_ref().filter(is_decision).take(CLIENTS * EACH).count(), CLIENTS * EACH);
    });
    let log = &server.admin().get("/v1/status").json(200)["decision_log"];
    let expected = json!({"written": CLIENTS * EACH, "dropped": 0, "failed": 0, "waiting": 0});
    assert_eq!(*log, expected);
    assert!(server.stop_with("TERM").1.success());
}

#[test]
fn decisions_that_hang_on_the_log_are_said_and_end_in_time() {
    let home = Home::new();
    let reader = pipe(&home, "pipe");
    let server = home.start(&blocking(json!({"limits": {"drain_seconds": 2, "decisions": 4}})));
    let ready = || server.service().without_token().get("/health/ready");
    assert_eq!(ready().status, 200);
    let answers = fill(&server, 4);
    let answered = answers.load(Ordering::Relaxed);
    wait_until("not ready", || ready().status == 503);
    let body = ready().json(503);
    assert_eq!(failing(&body), ["decision_log"]);
    let reason = body["failing"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("4 decisions wait for the decision log; `"), "{reason}");
    assert!(reason.contains("it takes nothing"), "{reason}");
    let status = Shell::of(&server).prints("status");
    assert!(status.contains("4 waiting for it") && status.contains("it takes nothing"), "{status}");
    // Who comes now is told at once, and everything else goes on.
    let refused = server.service().post(DECIDE, &json!({"token": token(json!({}))}));
    refused.refused(503, "busy");
    assert_eq!(server.service().get("/health/live").status, 200);
    assert_eq!(server.admin().get("/v1/access").status, 200);

    let (started, home) = (Instant::now(), server.home.clone());
    server.signal("TERM");
    let (status, _) = server.wait();
    assert!(status.success(), "{status}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("decisions are lost; `"), "{log}");
    assert!(!log.contains("did not end in time"), "{log}");
    assert_eq!(answers.load(Ordering::Relaxed), answered, "none without its line");
    // What is in the pipe is whole.
    let lines: Vec<_> = BufReader::new(reader).lines().map(Result::unwrap).collect();
    assert!(lines.len() > 10);
    lines.iter().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
}

#[test]
fn a_second_signal_ends_a_server_whose_log_hangs() {
    let home = Home::new();
    let _reader = pipe(&home, "pipe");
    let server = home.start(&blocking(json!({"limits": {"drain_seconds": 3600}})));
    fill(&server, 2);
    server.signal("TERM");
    server.wait_for_log("draining");
    let (started, home) = (Instant::now(), server.home.clone());
    server.signal("TERM");
    assert!(server.wait().0.success());
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("decisions are lost; "), "{log}");
}

#[test]
fn a_server_that_hangs_on_its_own_log_ends_all_the_same() {
    let home = Home::new();
    // Standard error of the server.
    let _reader = pipe(&home, "log");
    let limits = json!({"log": {"level": "trace"}, "limits": {"drain_seconds": 0}});
    let server = home.start(&with(windows_gate(), limits));
    let request = post(DECIDE, server.token(), &json!({"token": "no.token.x"}).to_string());
    let (asked, address) = (AtomicUsize::new(0), server.service_address().to_owned());
    let (mut before, mut since) = (0, Instant::now());
    let hangs = || {
        let now = asked.load(Ordering::Relaxed);
        if now != before {
            (before, since) = (now, Instant::now());
        }
        now > 0 && since.elapsed() > Duration::from_secs(1)
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = connect(&address);
                while connection.write_all(request.as_bytes()).is_ok()
                    && answer(&mut connection).is_some()
                {
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("standard error that is full", hangs);
        server.signal("TERM");
        assert_eq!(server.wait().0.code(), Some(70));
    });
}

#[test]
fn a_log_whose_disk_is_full_drops_or_holds_up_decisions() {
    let refuse = |server: &Server| {
        server.service().post(DECIDE, &json!({"token": "no.token.x"})).json(200);
    };
    let log = |when_full: &str| {
        let log = json!({"to": "/dev/full", "when_full": when_full});
        with(windows_gate(), json!({"decision_log": log, "limits": {"drain_seconds": 1}}))
    };
    let state =
        |server: &Server| server.admin().get("/v1/status").json(200)["decision_log"].clone();
    let is_full = |server: &Server| {
        let state = state(server);
        state["problem"].as_str().is_some_and(|problem| problem.contains("No space left"))
    };
    let server = Server::start(&log("drop"));
    refuse(&server);
    wait_until("the problem", || is_full(&server));
    assert_eq!(state(&server)["failed"], 1);
    assert_eq!(server.service().get("/health/ready").status, 200);

    let server = Server::start(&log("block"));
    refuse(&server);
    wait_until("not ready", || server.service().get("/health/ready").status == 503);
    assert!(is_full(&server), "{}", state(&server));
    assert_eq!(state(&server)["failed"], 0);
    let (home, status) = server.stop_with("TERM");
    let said = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(status.success() && said.contains("1 decisions are lost"), "{said}");
}
