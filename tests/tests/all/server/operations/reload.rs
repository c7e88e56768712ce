//! SIGHUP: what counts from then on, what waits for a restart, and what is refused.

use std::io::Write;
use std::os::unix::net::UnixStream;

use admit_tests::clock::wait_until;
use admit_tests::fixture::with;
use serde_json::{Value, json};

use super::DECIDE;
use crate::harness::client::Client;
use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::wire::only_answer;

const REPOSITORY: &str = "https://git.example.com/mdm";

const RELOADED: &str = "reloaded: ";
const NOT_RELOADED: &str = "was not reloaded";

/// Has the server read its configuration again; waits until its log has `said` once more.
fn reload(server: &Server, config: &Value, said: &str) {
    let count = || server.log().matches(said).count();
    let before = count();
    server.home.configure(&with(windows_gate(), config.clone()));
    server.signal("HUP");
    wait_until(said, || count() > before);
}

#[test]
fn a_reload_opens_no_listener_to_everybody() {
    let wide = json!({"service": {"listen": "0.0.0.0:0"}});
    let server = Server::start(&with(windows_gate(), wide));
    let anybody = Client::new(&server.service_address().replace("0.0.0.0", "127.0.0.1"));
    let decide = || anybody.post(DECIDE, &json!({"token": token(json!({}))}));
    decide().refused(401, "unauthenticated");
    // What is configured is local, but not what is bound.
    for listen in ["127.0.0.1:0", "[::1]:0", "unix:service.sock"] {
        let config = json!({
            "service": {"listen": listen, "access": "none"},
            "gitops": {"repository": REPOSITORY},
        });
        reload(&server, &config, NOT_RELOADED);
        let log = server.log();
        let line = log.lines().rfind(|line| line.contains(NOT_RELOADED)).unwrap();
        assert!(line.contains("ERROR") && line.contains("service.access"), "{line}");
        decide().refused(401, "unauthenticated");
        let status = server.admin().get("/v1/status").json(200);
        assert_eq!(status.get("gitops"), None, "refused as a whole");
    }
    reload(&server, &json!({"gitops": {"repository": REPOSITORY}}), RELOADED);
    assert_eq!(server.admin().get("/v1/status").json(200)["gitops"], REPOSITORY);
    decide().refused(401, "unauthenticated");
}

#[test]
fn a_reload_opens_a_unix_socket_that_is_bound() {
    let home = Home::new();
    let socket = home.path("service.sock");
    let listen = format!("unix:{}", socket.display());
    let server = home.start(&with(windows_gate(), json!({"service": {"listen": listen}})));
    let decide = || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let body = json!({"token": token(json!({}))}).to_string();
        let length = body.len();
        let request = format!(
            "POST {DECIDE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        only_answer(stream)
    };
    decide().refused(401, "unauthenticated");
    let open = json!({"service": {"listen": "127.0.0.1:0", "access": "none"}});
    reload(&server, &open, RELOADED);
    assert_eq!(decide().json(200)["outcome"], "allow");
}

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
