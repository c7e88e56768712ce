//! What only a terminal gets: colours, and a line that says how far a run is.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use admit_policies::WINDOWS_MDM_2;
use admit_tests::heavy;
use serde_json::json;

use super::folder::{DECIDE, Folder};
use crate::run::{Run, binary};

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

/// What a roll-back shows on a terminal while its server takes long.
struct Screen {
    child: Child,
    out: ChildStdout,
    shown: Vec<u8>,
}

impl Screen {
    fn start(mut command: Command, address: &str) -> Self {
        command.env("ADMIT_SERVER", address).env("ADMIT_ACCESS_TOKEN", "admit_a_b");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        Self { out: child.stdout.take().unwrap(), child, shown: Vec::new() }
    }

    fn wait_for(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.shown).contains(text) {
            let mut byte = [0];
            self.out.read_exact(&mut byte).unwrap();
            self.shown.extend(byte);
        }
    }

    /// Everything that was shown until the good end.
    fn end(mut self) -> String {
        self.out.read_to_end(&mut self.shown).unwrap();
        assert!(self.child.wait().unwrap().success());
        String::from_utf8(self.shown).unwrap()
    }
}

#[test]
fn what_takes_long_says_so_on_a_terminal_and_takes_it_back() {
    let folder = Folder::new();
    let (address, go_on) = slow_server();
    let mut screen = Screen::start(in_terminal(&folder, ACTIVATE), &address);
    screen.wait_for(&format!("\r\u{1b}[2Kwaiting for {address} (1 s)"));
    go_on.send(()).unwrap();
    let shown = screen.end();
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
    let mut screen = Screen::start(in_terminal_of(&folder, &line), &address);
    screen.wait_for(&format!("\r\u{1b}[2Kwaiting for {address} (1 s)"));
    let terminal = std::fs::read_to_string(folder.path("tty")).unwrap();
    let narrow = Command::new("stty").args(["-F", terminal.trim(), "cols", "24"]).status().unwrap();
    assert!(narrow.success());
    screen.wait_for("\r\u{1b}[2Kwaiting for…");
    go_on.send(()).unwrap();
    screen.end();
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
