//! What only a terminal gets: colours, and a line that says how far a run is. And completions.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use admit_policies::WINDOWS_MDM_2;
use admit_tests::heavy;
use serde_json::json;

use super::run::{DECIDE, Folder, Run, binary};

/// A command in a terminal of its own (`script` makes one); what it shows there is its output.
fn in_terminal(folder: &Folder, arguments: &str) -> Command {
    in_terminal_of(folder, &format!("{} {arguments}", binary().display()))
}

/// As [`in_terminal`], a line for the shell.
fn in_terminal_of(folder: &Folder, line: &str) -> Command {
    let mut command = Command::new("script");
    command.args(["-qefc", line, "/dev/null"]).current_dir(folder.path(""));
    command
        .stdin(Stdio::null())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("ADMIT_LOG");
    command
}

const GREEN_ALLOW: &str = "\u{1b}[1m\u{1b}[32mALLOW\u{1b}[0m";

#[test]
fn outcomes_are_coloured_on_a_terminal_unless_somebody_objects() {
    let folder = Folder::new();
    let decide = format!("{DECIDE} good.jwt");
    // On a slow machine a line of progress came before it, and was erased.
    let first = |run: &Run| {
        let line = run.out.lines().next().unwrap();
        line.rsplit("\u{1b}[2K").next().unwrap().trim_end().to_owned()
    };
    let shown = |command: &mut Command| first(&Run::of(command));
    assert_eq!(shown(&mut in_terminal(&folder, &decide)), GREEN_ALLOW);
    let never = format!("--color never {decide}");
    assert_eq!(shown(&mut in_terminal(&folder, &never)), "ALLOW");
    assert_eq!(shown(in_terminal(&folder, &decide).env("NO_COLOR", "1")), "ALLOW");
    assert_eq!(shown(in_terminal(&folder, &decide).env("TERM", "dumb")), "ALLOW");
    // Who asks for colours gets them.
    let always = format!("{decide} --color always");
    assert_eq!(shown(in_terminal(&folder, &always).env("NO_COLOR", "1")), GREEN_ALLOW);
    assert_eq!(first(&folder.admit(&always)), GREEN_ALLOW);
}

#[test]
fn a_pipe_has_no_colours() {
    let folder = Folder::new();
    folder.token("bad.jwt", json!({"scp": "other"}));
    for arguments in [
        format!("{DECIDE} bad.jwt"),
        "diff windows-mdm@1.0.0 windows-mdm@2.0.0 --forbid widening".to_owned(),
        "test --policy windows-mdm".to_owned(),
        "--help".to_owned(),
    ] {
        let mut command = folder.command(&arguments);
        // Other programs take this for a reason to colour a pipe.
        let run = Run::of(command.env("TERM", "xterm").env("CLICOLOR_FORCE", "1"));
        assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{run:?}");
    }
    let run = folder.admit("--color=sometimes test --policy windows-mdm");
    assert_eq!(run.code, Some(2), "{run:?}");
}

#[test]
fn differences_are_coloured() {
    let folder = Folder::new();
    let run =
        folder.admit("diff windows-mdm@2.0.0 windows-mdm@1.0.0 --forbid narrowing --color always");
    assert_eq!(run.code, Some(4), "{run:?}");
    for text in
        ["31mNARROWING\u{1b}[0m", "32mallow\u{1b}[0m -> ", "31mFORBIDDEN\u{1b}[0m narrowing"]
    {
        assert!(run.out.contains(text), "{text:?}: {run:?}");
    }
    let run = folder.admit("test --policy windows-mdm --color always");
    assert!(run.out.contains("passed\u{1b}[0m in "), "{run:?}");
    // What a program reads is never coloured.
    let run = folder.admit("test --policy windows-mdm --color always --format json");
    assert!(!run.out.contains('\u{1b}'), "{run:?}");
}

/// A server that answers one call when it is told to.
fn slow_server() -> (String, std::sync::mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (go_on, may_go_on) = channel::<()>();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        // Or the test is over.
        let _ = may_go_on.recv();
        let digest = format!("sha256:{:064}", 0);
        let policy = json!({"name": "windows-mdm", "version": "2.0.0", "digest": digest});
        let body = json!({
            "gate": "windows-mdm", "result": "activated", "policy": policy, "release": "r",
            "generation": 7, "revision": 1, "steps": [],
            "rehearsed": {"component": 1, "operator": 0},
        });
        let (body, head) = (body.to_string(), "HTTP/1.1 200 OK\r\nconnection: close\r\n");
        let length = body.len();
        let answer = format!(
            "{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (address, go_on)
}

const ACTIVATE: &str = "policy rollback windows-mdm";

#[test]
fn what_takes_long_says_so_on_a_terminal_and_takes_it_back() {
    let folder = Folder::new();
    let (address, go_on) = slow_server();
    let mut command = in_terminal(&folder, ACTIVATE);
    command.env("ADMIT_SERVER", &address).env("ADMIT_ACCESS_TOKEN", "admit_a_b");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut shown = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let waiting = format!("\r\u{1b}[2Kwaiting for {address} (1 s)");
    while !String::from_utf8_lossy(&shown).contains(&waiting) {
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        shown.extend(byte);
    }
    go_on.send(()).unwrap();
    out.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    let (_, after) = shown.rsplit_once("\u{1b}[2K").unwrap();
    assert!(after.starts_with("windows-mdm: activated windows-mdm 2.0.0"), "{shown:?}");
}

#[test]
fn whatever_compiles_a_policy_for_long_says_so_on_a_terminal() {
    let folder = Folder::new();
    // The largest of those that take the compiler long, and that it is given.
    let shape = |percent| {
        let shapes = heavy::shapes(percent);
        let found = shapes.into_iter().find(|(name, _)| *name == "loops, large functions");
        folder.write("heavy.wasm", heavy::beside(WINDOWS_MDM_2.component, &found.unwrap().1));
    };
    let is_taken = |percent: &usize| {
        shape(*percent);
        folder.admit("inspect heavy.wasm").code == Some(0)
    };
    assert!((1..10).rev().any(|percent| is_taken(&percent)));
    for arguments in ["inspect heavy.wasm", "explain --policy heavy.wasm tenant_not_authorized"] {
        let started = Instant::now();
        let run = Run::of(&mut in_terminal(&folder, arguments));
        let took = started.elapsed();
        assert_eq!(run.code, Some(0), "{run:?}");
        let is_said = run.out.contains("\r\u{1b}[2Kcompiling heavy.wasm (1 s)");
        // A machine that is fast enough needs no line.
        assert!(is_said || took < Duration::from_secs(2), "{took:?}: {:?}", run.out);
    }
}

#[test]
fn the_line_is_as_wide_as_the_terminal_is_now() {
    let folder = Folder::new();
    let (address, go_on) = slow_server();
    let line = format!("tty > tty; stty cols 100; {} {ACTIVATE}", binary().display());
    let mut command = in_terminal_of(&folder, &line);
    command.env("ADMIT_SERVER", &address).env("ADMIT_ACCESS_TOKEN", "admit_a_b");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut shown, mut out) = (Vec::new(), child.stdout.take().unwrap());
    let mut wait_for = |text: &str| {
        while !String::from_utf8_lossy(&shown).contains(text) {
            let mut byte = [0];
            out.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
    };
    wait_for(&format!("\r\u{1b}[2Kwaiting for {address} (1 s)"));
    let terminal = std::fs::read_to_string(folder.path("tty")).unwrap();
    let narrow = Command::new("stty").args(["-F", terminal.trim(), "cols", "24"]).status().unwrap();
    assert!(narrow.success());
    wait_for("\r\u{1b}[2Kwaiting for…");
    go_on.send(()).unwrap();
    out.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_pipe_hears_nothing_of_what_takes_long() {
    let folder = Folder::new();
    let (address, go_on) = slow_server();
    let mut command = folder.command(ACTIVATE);
    command
        .env("ADMIT_SERVER", &address)
        .env("ADMIT_ACCESS_TOKEN", "admit_a_b")
        .env("TERM", "xterm");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    go_on.send(()).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert!(run.text(0).starts_with("windows-mdm: activated"), "{run:?}");
}

#[test]
fn shells_complete_command_lines() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = folder.admit(&format!("completions {shell}"));
        let script = run.text(0);
        for word in ["replay", "completions", "access-token-file"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(folder.admit("completions tcsh").code, Some(2));
    folder.write("admit.bash", folder.admit("completions bash").text(0));
    let ask = "source ./admit.bash; COMP_WORDS=(admit repl); COMP_CWORD=1; \
               _admit admit repl admit; echo \"${COMPREPLY[@]}\"";
    let run = Run::of(Command::new("bash").args(["-c", ask]).current_dir(folder.path("")));
    assert_eq!(run.text(0), "replay\n");
}
