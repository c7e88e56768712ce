//! SIGTERM once and twice, SIGHUP, and a socket of Unix.

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

const REPOSITORY: &str = "https://git.example.com/mdm";

#[test]
fn a_reload_takes_the_repository_and_the_names_and_opens_the_decision_log_again() {
    let home = Home::new();
    let log = json!({"decision_log": {"to": "decisions.jsonl"}});
    let config = with(windows_gate(), log);
    let server = home.start(&config);
    let admin = server.admin();
    let refuse = || server.decide("windows-mdm", "no.token.x")["decision_id"].clone();
    let logged = |file: &str, id: &Value| {
        let text = std::fs::read_to_string(home.path(file)).unwrap_or_default();
        text.contains(id.as_str().unwrap())
    };
    let named = || admin.clone().with("host", "admit.example.com").get("/v1/status");
    let first = refuse();
    wait_until("the line", || logged("decisions.jsonl", &first));
    named().refused(403, "host_not_allowed");

    let reload = |config: &Value, said: &str, times: usize| {
        home.configure(config);
        server.signal("HUP");
        wait_until(said, || server.log().matches(said).count() == times);
    };
    std::fs::rename(home.path("decisions.jsonl"), home.path("rotated.jsonl")).unwrap();
    let more = json!({
        "gitops": {"repository": REPOSITORY},
        "admin": {"listen": "127.0.0.1:0", "hosts": ["admit.example.com"]},
    });
    let config = with(config, more);
    reload(&config, "reloaded: changed: `admin.hosts`, `gitops`", 1);
    admin.patch("/v1/gates/windows-mdm/settings", &json!({})).refused(403, "gitops_mode");
    named().json(200);
    let second = refuse();
    wait_until("the line", || logged("decisions.jsonl", &second));
    assert!(!logged("rotated.jsonl", &second));
    assert!(logged("rotated.jsonl", &first));

    // One that cannot be used changes nothing.
    reload(&with(config, json!({"gitops": {"repo": "x"}})), "was not reloaded", 1);
    assert_eq!(admin.get("/v1/status").json(200)["gitops"], REPOSITORY);
    reload(&windows_gate(), "reloaded: changed: `admin.hosts`, `gitops`", 2);
    admin.patch("/v1/gates/windows-mdm/settings", &json!({})).json(200);
    named().refused(403, "host_not_allowed");
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

#[test]
fn a_reload_names_what_changed_and_what_waits_for_a_restart() {
    let home = Home::new();
    let keys = home.path("keys.json");
    let config = with(windows_gate(), json!({"limits": {"batch": 5}}));
    let server = home.start(&config);
    let mut heard = 0;
    let mut reload = |config: &Value, expected: &str| {
        home.configure(config);
        server.signal("HUP");
        heard += 1;
        wait_until(expected, || server.log().matches("reloaded: ").count() == heard);
        let log = server.log();
        let line = log.lines().rfind(|line| line.contains("reloaded: ")).unwrap();
        assert!(line.ends_with(&format!("reloaded: {expected}")), "{expected}: {line}");
        assert_eq!(line.contains("WARN"), expected.contains("restart"), "{line}");
    };
    reload(&config, "nothing changed");
    let hosts = json!({"admin": {"listen": "127.0.0.1:0", "hosts": ["a.example.com"]}});
    let hosts = with(config.clone(), hosts);
    reload(&hosts, "changed: `admin.hosts`");
    reload(&hosts, "nothing changed");
    let more = with(
        hosts.clone(),
        json!({"limits": {"batch": 6, "drain_seconds": 1}, "log": {"level": "debug"}}),
    );
    reload(&more, "waits for a restart: `log.level`, `limits.batch`, `limits.drain_seconds`");
    // It waits still, whatever else changes.
    let fewer = with(config.clone(), json!({"limits": {"batch": 6}}));
    reload(&fewer, "changed: `admin.hosts`; waits for a restart: `limits.batch`");
    let mut gates = config.clone();
    gates["gates"]["more"] = json!({"policy": "intune-mam"});
    gates["gates"]["windows-mdm"]["leeway_seconds"] = json!(7);
    gates["gates"]["windows-mdm"]["settings"]["scopes"] = json!(["x"]);
    reload(
        &gates,
        "waits for a restart: `gates.windows-mdm.leeway_seconds`, `gates.more`; does not count, since \
         the store has policy and settings of the gate: `gates.windows-mdm.settings.scopes`",
    );
    std::fs::write(keys, json!({"keys": []}).to_string()).unwrap();
    reload(&config, "waits for a restart: `keys.public.file` (what it holds)");
}
