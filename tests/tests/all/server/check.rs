//! What `--check-config` approves starts, and what it refuses would not.

use std::io::Read;
use std::process::{Command, Stdio};

use admit_tests::clock::wait_until;
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use crate::harness::server::{Home, merge, windows_gate, windows_settings};
use crate::run::{Run, binary};

fn check(home: &Home) -> Run {
    home.command().arg("--check-config").output().unwrap().into()
}

/// The names in the folder of a home.
fn names(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.path("")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_approved_starts_and_says_the_same_of_its_gates() {
    let home = Home::new();
    let mut config = windows_gate();
    merge(
        &mut config,
        &json!({
            "service": {"listen": "unix:data/s"},
            "admin": {"listen": "0.0.0.0:0"},
            "decision_log": {"to": "data/log.jsonl"},
            "keys": {"china": {"file": "absent.json"}},
            "gates": {"intune-mam": {}, "later": {}},
        }),
    );
    home.configure(&config);
    let printed = check(&home).printed();
    assert!(!home.path("data").exists(), "the check makes nothing");
    for line in [
        "note       `admin.listen`: `0.0.0.0:0` can be reached from other machines",
        "note       `keys.china`: no gate takes tokens of `china`",
    ] {
        assert!(printed.contains(&format!("\n  {line}")), "{line}: {printed}");
    }
    let server = home.start(&config);
    let gates = |lines: &mut dyn Iterator<Item = &str>| {
        let of_gate = |line: &&str| line.starts_with("  gate       ");
        lines.filter(of_gate).map(str::to_owned).collect::<Vec<_>>()
    };
    let checked = gates(&mut printed.lines());
    assert_eq!(checked.len(), 3, "{printed}");
    assert_eq!(gates(&mut server.announced.iter().map(String::as_str)), checked);
    assert!(server.log().contains("`0.0.0.0:0` can be reached from other machines"));
    // Beside the server that runs with it, it is good still.
    let socket = home.path("data/s");
    let printed = check(&home).printed();
    let note =
        "note       `service.listen`: `unix:data/s` is taken now, and must be free at the start";
    assert!(socket.exists() && printed.contains(note), "{printed}");
}

#[test]
fn a_start_from_the_store_names_cases_that_cannot_be_read() {
    let home = Home::new();
    let server = home.start(&windows_gate());
    drop(server);
    let mut config = windows_gate();
    merge(&mut config, &json!({"gates": {"windows-mdm": {"cases": "absent.yaml"}}}));
    let server = home.start(&config);
    assert_eq!(server.admin().get("/v1/status").json(200)["gates"][0]["state"], "serving");
    let expected = "the operator's cases cannot be read";
    assert!(server.log().contains(expected), "{}", server.log());
    assert!(server.log().contains("absent.yaml"), "{}", server.log());
}

#[test]
fn a_check_needs_no_folder_for_temporary_files() {
    let home = Home::new();
    home.configure(&windows_gate());
    let before = names(&home);
    let mut command = home.command();
    let run = command.arg("--check-config").env("TMPDIR", home.path("nowhere")).output();
    let run = Run::from(run.unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(names(&home), before);
}

#[test]
fn a_problem_is_placed_where_its_value_came_from() {
    let home = Home::new();
    home.write("file", "");
    home.configure(&windows_gate());
    let with = |flags: &[&str], variables: &[(&str, &str)]| {
        let variables = variables.iter().copied();
        let run = home.command().args(flags).envs(variables).arg("--check-config").output();
        Run::from(run.unwrap()).said()
    };
    let said = with(&["--data-dir", "file"], &[]);
    assert!(said.starts_with("`--data-dir`: `data_dir`: data directory: `file`"), "{said}");
    let said = with(&[], &[("ADMIT_ADMIN__LISTEN", "192.0.2.1:0")]);
    assert!(said.starts_with("`ADMIT_ADMIN__LISTEN`: `admin.listen`: failed to listen"), "{said}");
}

#[test]
fn cases_that_are_not_played_are_noted_as_an_activation_notes_them() {
    let home = Home::new();
    let file = |policy: &str, version: &str, of_case: &str| {
        let expect = json!({"deny": "tenant_not_authorized"});
        let case = json!({"name": "one", "version": of_case, "expect": expect});
        let file = json!({
            "policy": policy, "version": version, "base": "entra-v2", "cases": [case],
        });
        file.to_string()
    };
    home.write("other.yaml", file("intune-mam", "*", "*"));
    home.write("older.yaml", file("windows-mdm", "1", "*"));
    home.write("case.yaml", file("windows-mdm", "*", "1"));
    home.write("good.yaml", file("windows-mdm", "*", "2"));
    home.write("bare.wasm", CoreModule::misbehave().component());
    let gate = |cases: &str| json!({"policy": "windows-mdm@2", "settings": windows_settings(), "cases": cases});
    let config = json!({"gates": {
        "other": gate("other.yaml"),
        "older": gate("older.yaml"),
        "case": gate("case.yaml"),
        "good": gate("good.yaml"),
        "waits": {"policy": "windows-mdm@2", "cases": "other.yaml"},
        "bare": {"policy": "./bare.wasm"},
    }});
    home.configure(&config);
    let printed = check(&home).printed();
    let about = |policy: &str| {
        format!(
            "the operator's cases are about `{policy}`, and none was played for `windows-mdm 2.0.0`"
        )
    };
    let notes = [
        ("`gates.other.cases`", about("intune-mam")),
        ("`gates.older.cases`", about("windows-mdm ^1")),
        (
            "`gates.case.cases`",
            "none of the operator's cases is for `windows-mdm 2.0.0`".to_owned(),
        ),
        ("`gates.waits.cases`", about("intune-mam")),
        ("`gates.bare`", "no case was rehearsed: the component carries none".to_owned()),
    ];
    for (key, note) in &notes {
        let line = format!("\n  note       {key}: {note}");
        assert!(printed.contains(&line), "{line}: {printed}");
    }
    assert_eq!(printed.matches("\n  note ").count(), notes.len(), "{printed}");
    // A start, which activates, warns in the same words.
    let log = home.start(&config).log();
    for (key, note) in notes.iter().filter(|(key, _)| !key.contains("waits")) {
        let gate = key.split(['.', '`']).nth(2).unwrap();
        let warns = |line: &str| line.contains(note) && line.contains(&format!("gate=\"{gate}\""));
        assert!(log.lines().any(warns), "{gate}: {log}");
    }
}

/// A configuration whose check plays very many cases.
fn long_check(home: &Home) {
    let expect = json!({"deny": "tenant_not_authorized"});
    let case = |number| json!({"name": format!("case {number}"), "expect": expect});
    let cases: Vec<_> = (0..4_000).map(case).collect();
    let file = json!({"policy": "windows-mdm", "base": "entra-v2", "cases": cases});
    home.write("many.yaml", file.to_string());
    let gate = json!({
        "policy": "windows-mdm", "settings": windows_settings(), "cases": "many.yaml",
    });
    let gates: Value = (0..30).map(|number| (format!("gate-{number}"), gate.clone())).collect();
    home.configure(&json!({ "gates": gates }));
}

#[test]
fn a_check_that_is_ended_leaves_nothing_behind() {
    let home = Home::new();
    long_check(&home);
    std::fs::create_dir(home.path("tmp")).unwrap();
    let is_empty = || std::fs::read_dir(home.path("tmp")).unwrap().next().is_none();
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let mut command = home.command();
        command.arg("--check-config").env("TMPDIR", home.path("tmp"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("a folder of the check", || !is_empty());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &*pid]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        assert!(is_empty(), "{signal}");
    }
}

#[test]
fn a_check_that_takes_long_says_so_on_a_terminal() {
    let home = Home::new();
    long_check(&home);
    let line = format!("{} serve --config admit.yaml --check-config", binary().display());
    let mut command = Command::new("script");
    command.args(["-qefc", &line, "/dev/null"]).current_dir(home.path("")).env("TERM", "xterm");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut out, mut shown) = (child.stdout.take().unwrap(), Vec::new());
    let line = b"\r\x1b[2Kchecking the configuration (1 s)";
    while !shown.ends_with(line) {
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        shown.extend(byte);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
