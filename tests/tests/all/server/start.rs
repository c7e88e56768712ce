//! The first moments of a server, and a decision log on its standard output.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use admit_tests::clock::wait_until;
use serde_json::{Value, json};

use crate::harness::client::Client;
use crate::harness::server::{Home, Server, merge, token, windows_gate};

/// A server that logs decisions to its standard output, and says everything else on standard error.
struct Logging {
    child: Child,
    service: String,
    _home: Home,
}

impl Logging {
    fn start(log: Value) -> Self {
        let home = Home::new();
        let mut config = windows_gate();
        merge(&mut config, &json!({"service": {"access": "none"}, "decision_log": log}));
        home.configure(&config);
        let mut command = home.command();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = said.find(|line| line.trim_start().starts_with("service")).unwrap();
        let service = line.split_whitespace().nth(1).unwrap().to_owned();
        said.find(|line| line.trim_start().starts_with("gate")).unwrap();
        // What it says later is read too, so that it is not kept waiting.
        std::thread::spawn(move || said.for_each(drop));
        Self { child, service, _home: home }
    }

    fn decide(&self) -> Value {
        let path = "/v1/gates/windows-mdm/decide";
        let body = json!({"token": token(json!({}))});
        Client::new(&self.service).post(path, &body).json(200)
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn standard_output_has_the_decisions_and_nothing_else() {
    let mut server = Logging::start(json!({"to": "stdout", "allows": 1.0}));
    let mut lines = BufReader::new(server.child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let release = next();
    assert_eq!((&release["type"], &release["generation"]), (&json!("release"), &json!(1)));
    let answer = server.decide();
    let logged = next();
    assert_eq!(logged["type"], "decision");
    assert_eq!(logged["decision_id"], answer["decision_id"]);
    assert_eq!(logged["outcome"], "allow");
}

#[test]
fn a_log_that_nobody_reads_keeps_decisions_waiting_and_nothing_else() {
    // A pipe holds 64 KiB; each line has a kilobyte.
    const DECISIONS: usize = 100;
    let log = json!({"to": "stdout", "allows": 1.0, "when_full": "block", "buffer": 1});
    let mut server = Logging::start(log);
    let unread = server.child.stdout.take().unwrap();
    std::thread::scope(|scope| {
        let deciding: Vec<_> = (0..DECISIONS).map(|_| scope.spawn(|| server.decide())).collect();
        for _ in 0..10 {
            let live = Client::new(&server.service).get("/health/live").json(200);
            assert_eq!(live["status"], "live");
        }
        let waiting = |decision: &std::thread::ScopedJoinHandle<'_, Value>| !decision.is_finished();
        assert!(deciding.iter().any(waiting), "the pipe holds all lines");
        // The reader is gone: lines are lost and counted, answers are not.
        drop(unread);
        for decision in deciding {
            assert_eq!(decision.join().unwrap()["outcome"], "allow");
        }
    });
}

#[test]
fn a_start_that_fails_does_not_use_up_the_first_access_token() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let mut config = windows_gate();
    let address = taken.local_addr().unwrap().to_string();
    merge(&mut config, &json!({"admin": {"listen": address}}));
    home.configure(&config);
    let failed = home.command().output().unwrap();
    assert_eq!(failed.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&failed.stderr).contains(&address));
    // It is told now, or starting panics; and it counts.
    let server = home.start(&windows_gate());
    server.admin().get("/v1/access").json(200);
}

#[test]
fn an_access_token_that_could_not_be_shown_is_made_again() {
    let home = Home::new();
    home.configure(&windows_gate());
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let failed = home.command().stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let failed = failed.wait_with_output().unwrap();
    assert_eq!(failed.status.code(), Some(3));
    let said = String::from_utf8_lossy(&failed.stderr);
    assert!(said.contains("failed to write to standard output"), "{said}");
    // It is told now, or starting panics; and it counts, alone.
    let server = home.start(&windows_gate());
    let access = server.admin().get("/v1/access").json(200)["access"].clone();
    let counts = |one: &&Value| one.get("revoked_at").is_none();
    assert_eq!(access.as_array().unwrap().iter().filter(counts).count(), 1, "{access}");
}

#[test]
fn settings_are_advised_where_a_gate_waits_for_them_and_none_decides() {
    let waits = json!({});
    let serves = windows_gate()["gates"]["windows-mdm"].clone();
    let fails = json!({"settings": {"server_url": "http://mdm.example.com"}});
    let rows = [
        (json!({"windows-mdm": waits, "intune-mam": waits}), "unconfigured", true),
        (json!({"intune-mam": waits, "windows-mdm": fails}), "failed", true),
        (json!({"windows-mdm": fails}), "failed", false),
        (json!({"intune-mam": waits, "windows-mdm": serves}), "serving", false),
        (json!({"windows-mdm": serves}), "serving", false),
    ];
    for (gates, state, is_advised) in rows {
        let server = Server::start(&json!({ "gates": gates }));
        let of_gate = server.announced.iter().find(|line| line.contains(" windows-mdm: "));
        assert!(of_gate.unwrap().contains(state), "{of_gate:?}");
        // All that comes after the lines of the gates, until the end.
        server.signal("TERM");
        let rest = server.wait().1.join("\n");
        assert_eq!(rest.contains("No gate decides yet"), is_advised, "{gates}: {rest}");
        assert_eq!(rest.contains("admit apply -f"), is_advised, "{gates}: {rest}");
    }
}

#[test]
fn a_key_set_that_is_no_file_is_told_and_not_waited_for() {
    let home = Home::new();
    let made = std::process::Command::new("mkfifo").arg(home.path("fifo")).status().unwrap();
    assert!(made.success());
    for (file, what) in [("fifo", "regular file"), ("absent.json", "absent.json")] {
        let mut config = windows_gate();
        merge(&mut config, &json!({"keys": {"public": {"file": file}}}));
        home.configure(&config);
        for flags in [&[][..], &["--check-config"]] {
            let failed = home.command().args(flags).output().unwrap();
            let said = String::from_utf8_lossy(&failed.stderr).into_owned();
            assert_eq!(failed.status.code(), Some(3), "{said}");
            assert!(said.contains("key set") && said.contains(what), "{said}");
        }
    }
}

/// Damages each page of an index that names the gate.
fn break_indexes(database: &std::path::Path) {
    const PAGE: usize = 4096;
    const INDEX_LEAF: u8 = 0x0a;
    let mut bytes = std::fs::read(database).unwrap();
    let mut broken = 0;
    for page in bytes.chunks_mut(PAGE).skip(1).filter(|page| page[0] == INDEX_LEAF) {
        if page.windows(11).any(|part| part == b"windows-mdm") {
            page.fill(0x5a);
            broken += 1;
        }
    }
    assert!(broken > 0);
    std::fs::write(database, bytes).unwrap();
}

#[test]
fn a_start_goes_on_over_malformed_parts_and_names_the_remedy() {
    let (home, _) = Server::serving().stop_with("TERM");
    break_indexes(&home.path("data/admit.db"));
    let server = home.start(&windows_gate());
    wait_until("failed", || {
        server.admin().get("/v1/status").json(200)["gates"][0]["state"] == "failed"
    });
    let status = server.admin().get("/v1/status").json(200);
    let gate = status["gates"].as_array().unwrap().iter().find(|one| one["gate"] == "windows-mdm");
    for problem in [&status["store"]["problem"], &gate.unwrap()["problem"]] {
        let said = problem.as_str().unwrap_or_else(|| panic!("{status}"));
        assert!(
            said.contains("admit.db` is malformed") && said.contains("restore a copy"),
            "{said}"
        );
    }
    server.wait_for_log("which gates the store has could not be read");
    server.service().get("/health/ready").json(503);

    let (home, _) = server.stop_with("TERM");
    home.write("data/admit.db", [0x5a; 8192]);
    let failed = home.command().output().unwrap();
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(3), "{said}");
    assert!(said.contains("admit.db` is malformed") && said.contains("restore a copy"), "{said}");
}
