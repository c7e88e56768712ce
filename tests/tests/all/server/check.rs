//! What `--check-config` approves starts, and what it refuses would not.

use std::io::Read;
use std::process::{Command, Stdio};

use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::clock::wait_until;
use admit_tests::fixture::with;
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use super::shell::Run;
use super::start::{Home, binary, merge, windows_gate, windows_settings};

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

/// Gates that cannot begin, each with the key that is to blame and what is said of it.
fn bad_gates() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let of = |changes: Value| with(json!({"settings": windows_settings()}), changes);
    let policy = |file: &str| of(json!({"policy": file}));
    let cases = |file: &str| of(json!({"policy": "windows-mdm", "cases": file}));
    let settings = |changes: Value| json!({"policy": "windows-mdm", "settings": with(windows_settings(), changes)});
    vec![
        ("absent", policy("./absent.wasm"), "policy", "failed to read `./absent.wasm`"),
        ("text", policy("./text.wasm"), "policy", "component"),
        ("no-cases", cases("absent.yaml"), "cases", "failed to read `absent.yaml`"),
        ("form", cases("form.yaml"), "cases", "`form.yaml`: line 1"),
        ("base", cases("base.yaml"), "cases", "`base.yaml`: "),
        ("fails", cases("fails.yaml"), "cases", "`the other tenant`"),
        ("unknown", settings(json!({"colour": "red"})), "settings.colour", "`colour` is unknown"),
        (
            "type",
            settings(json!({"allow_guests": "no"})),
            "settings.allow_guests",
            "a string; expected true or false",
        ),
        (
            "value",
            settings(json!({"windows_entra_tenant_ids": ["x"]})),
            "settings.windows_entra_tenant_ids",
            "GUID",
        ),
        ("missing", settings(json!({"server_url": null})), "settings.server_url", "server_url"),
    ]
}

fn home_of_bad_gates() -> Home {
    let home = Home::new();
    home.write("text.wasm", "(component)");
    home.write("form.yaml", "{policy: windows-mdm, cases: [{nam: a}]}");
    home.write("base.yaml", "{policy: windows-mdm, base: nowhere, cases: [{name: a}]}");
    let tenant = "b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d";
    let case = json!({"name": "the other tenant", "claims": {"tid": tenant}, "expect": "allow"});
    let file = json!({"policy": "windows-mdm", "base": "entra-v2", "cases": [case]});
    home.write("fails.yaml", file.to_string());
    home
}

#[test]
fn what_keeps_a_gate_from_beginning_is_refused_with_its_place() {
    let home = home_of_bad_gates();
    let gates: Value =
        bad_gates().into_iter().map(|(name, gate, ..)| (name.to_owned(), gate)).collect();
    home.configure(&json!({ "gates": gates }));
    let before = names(&home);
    let run = check(&home);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{run:?}");
    assert_eq!(names(&home), before, "the check leaves nothing behind");
    let said = run.said();
    for (name, _, key, part) in bad_gates() {
        let place = format!(": `gates.{name}.{key}`: ");
        let line = said.lines().find(|line| line.contains(&place));
        let line = line.unwrap_or_else(|| panic!("{place}: {said}"));
        assert!(line.starts_with("`admit.yaml`, line 1, column "), "{line}");
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(said.lines().count(), bad_gates().len(), "{said}");
    // A start finds the same.
    let server = home.start(&json!({ "gates": gates }));
    let status = server.admin().get("/v1/status").json(200);
    for gate in status["gates"].as_array().unwrap() {
        assert_eq!(gate["state"], "failed", "{gate}");
    }
    // And has one line of each, with what to do.
    let log = server.log();
    for (name, _, key, part) in bad_gates() {
        let of_gate = |line: &&str| line.contains(&format!("gate=\"{name}\""));
        let lines: Vec<_> = log.lines().filter(of_gate).collect();
        let [line] = &lines[..] else { panic!("{name}: {lines:?}") };
        let key = key.rsplit('.').next().unwrap();
        assert!(line.contains(" ERROR "), "{line}");
        assert!(line.contains(part) && (line.contains(key) || line.contains("policy")), "{line}");
        let todo = ["SIGHUP", "restart the server", "is not there"];
        assert!(todo.iter().any(|todo| line.contains(todo)), "{line}");
    }
}

#[test]
fn cases_are_read_even_while_settings_are_to_come() {
    let home = home_of_bad_gates();
    for (file, refused) in [("form.yaml", true), ("base.yaml", true), ("fails.yaml", false)] {
        home.configure(&json!({"gates": {"windows-mdm": {"cases": file}}}));
        let run = check(&home);
        assert_eq!(run.code == Some(3), refused, "{run:?}");
        assert!(!refused || run.said().contains("`gates.windows-mdm.cases`"), "{run:?}");
    }
}

#[test]
fn a_source_is_read_as_a_start_reads_it() {
    let home = Home::new();
    for folder in ["empty", "two", "old", "new"] {
        std::fs::create_dir(home.path(folder)).unwrap();
    }
    for (file, component) in [
        ("two/a.wasm", WINDOWS_MDM_2.component),
        ("two/b.wasm", WINDOWS_MDM_2.component),
        ("old/a.wasm", WINDOWS_MDM_1.component),
        ("new/a.wasm", WINDOWS_MDM_2.component),
    ] {
        home.write(file, component);
    }
    let place = "`gates.windows-mdm.source.path`: ";
    for (path, expected) in [
        ("absent", Some("failed to read `absent`: No such file")),
        ("two", Some("2 `*.wasm` in `two`")),
        ("old", Some("`windows-mdm 1.0.0` is older than 2.0.0")),
        ("admit.yaml", Some("not a policy component")),
        ("empty", None),
        ("new", None),
    ] {
        home.configure(&with(
            windows_gate(),
            json!({"gates": {"windows-mdm": {
                "settings": windows_settings(), "source": {"path": path},
            }}}),
        ));
        let run = check(&home);
        match expected {
            None => {
                let printed = run.printed();
                let noted = printed.contains(&format!("\n  note       {place}`empty` is empty"));
                assert_eq!(noted, path == "empty", "{printed}");
            }
            Some(part) => {
                let said = run.said();
                assert_eq!(run.code, Some(3), "{said}");
                assert!(said.contains(place) && said.contains(part), "{path}: {said}");
            }
        }
    }
}

#[test]
fn what_a_start_fails_with_the_check_refuses_in_the_same_words() {
    let home = Home::new();
    home.write("file", "");
    std::fs::create_dir(home.path("folder")).unwrap();
    for (changes, part) in [
        (json!({"data_dir": "file"}), "`data_dir`: data directory: `file`"),
        (json!({"data_dir": "file/data"}), "`data_dir`: data directory: `file/data`"),
        (
            json!({"decision_log": {"to": "folder"}}),
            "`decision_log.to`: failed to open the decision log `folder`",
        ),
        (json!({"decision_log": {"to": "absent/log"}}), "decision log `absent/log`: No such file"),
        (json!({"decision_log": {"to": "file/log"}}), "decision log `file/log`: Not a directory"),
        (
            json!({"service": {"listen": "unix:file"}}),
            "`service.listen`: failed to listen on `unix:file`: there",
        ),
        (json!({"service": {"listen": "unix:absent/s"}}), "failed to listen on `unix:absent/s`"),
        (
            json!({"admin": {"listen": "192.0.2.1:0"}}),
            "`admin.listen`: failed to listen on `192.0.2.1:0`",
        ),
        (json!({"keys": {"public": {"file": "file"}}}), "`keys.public.file`: key set `file`: "),
    ] {
        let mut config = windows_gate();
        merge(&mut config, &changes);
        home.configure(&config);
        let (checked, started) = (check(&home), Run::from(home.command().output().unwrap()));
        assert_eq!((checked.code, checked.out.as_str()), (Some(3), ""), "{checked:?}");
        let said = checked.said();
        assert!(said.starts_with("`admit.yaml`, line 1, column "), "{said}");
        assert!(said.contains(part), "{part}: {said}");
        assert_eq!(started.code, Some(3), "{started:?}");
        // What a start warns of first, the check notes last.
        let problems = checked.err.lines().filter(|line| !line.starts_with("admit: note: "));
        let problems: String = problems.map(|line| format!("{line}\n")).collect();
        assert!(started.err.ends_with(&problems), "{started:?}\n{checked:?}");
    }
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
fn a_source_may_bring_the_policy_that_knows_the_settings() {
    let home = Home::new();
    std::fs::create_dir(home.path("source")).unwrap();
    home.write("source/policy.wasm", WINDOWS_MDM_2.component);
    let gate = |policy: Value, settings: Value| {
        let source = json!({"path": "source"});
        let gate = json!({"policy": policy, "settings": settings, "source": source});
        json!({"gates": {"windows-mdm": gate}})
    };
    home.configure(&gate(json!("windows-mdm@1"), windows_settings()));
    let run = check(&home);
    assert_eq!(run.code, Some(0), "{run:?}");
    let unknown = with(windows_settings(), json!({"colour": "red"}));
    home.configure(&gate(json!("windows-mdm@1"), unknown));
    let run = check(&home);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.said().contains("`gates.windows-mdm.settings.colour`"), "{run:?}");
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

#[test]
fn what_a_template_left_is_noted_beside_what_it_breaks() {
    let home = Home::new();
    let settings = with(windows_settings(), json!({"server_url": "https://${HOST}"}));
    home.configure(&json!({"gates": {"a": {"policy": "windows-mdm", "settings": settings}}}));
    let run = check(&home);
    assert_eq!((run.code, run.out.as_str()), (Some(3), ""), "{run:?}");
    let said = run.said();
    let lines: Vec<_> = said.lines().collect();
    let [problem, note] = &lines[..] else { panic!("{said}") };
    assert!(problem.contains("`gates.a.settings.server_url`: `https://${HOST}` has no"), "{said}");
    assert!(note.starts_with("note: `gates.a.settings.server_url`"), "{said}");
    assert!(note.contains("`${HOST}`"), "{said}");
}
