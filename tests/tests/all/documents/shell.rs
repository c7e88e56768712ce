//! One shell for a whole document, since later commands use what earlier ones set.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::tree::Tree;

/// Longer than any command takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// `make` has run before a test does: its targets must exist, and `make run` shows its story. A server goes on beside the commands
/// after it, where the documents say "in another terminal", at ports that the system chooses; the
/// next server takes its place. Cargo works beside the build of the test, without network.
const PRELUDE: &str = r#"
exec 2>&1
trap 'echo "@failed $? $BASH_COMMAND"' ERR
make() { grep -q "^$1:" Makefile && if [ "$1" = run ]; then target/debug/admit demo; fi; }
export CARGO_TARGET_DIR=$PWD/../built CARGO_NET_OFFLINE=true
stop() { [ -z "$SERVER" ] || { kill "$SERVER"; wait "$SERVER"; SERVER=; }; }
trap stop EXIT
admit() {
  [ "$1" = serve ] || { command admit "$@"; return; }
  stop
  mkfifo announced
  ADMIT_SERVICE__LISTEN=127.0.0.1:0 ADMIT_ADMIN__LISTEN=127.0.0.1:0 \
    command admit "$@" > announced 2> served.log & SERVER=$!
  exec 5< announced; rm announced
  GATES=0
  while [ "$GATES" -lt 2 ] && read -r LINE <&5; do
    echo "$LINE"
    set -- $LINE
    case "$1" in
      service) SERVICE=$2 ;;
      admin) export ADMIT_SERVER=$2 ;;
      access) SHOWN=$2 ;;
      gate) GATES=$((GATES + 1)) ;;
    esac
  done
  [ "$GATES" = 2 ]
}
"#;

/// A running shell in a tree.
pub(super) struct Shell {
    child: Child,
    commands: ChildStdin,
    printed: Receiver<String>,
}

/// What a block of commands left.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) printed: String,
    /// Commands that failed, with their codes.
    pub(super) failed: Vec<String>,
}

impl Shell {
    pub(super) fn new(tree: &Tree) -> Self {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc"]).current_dir(tree.root());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let is_ours = name.starts_with("ADMIT_") && name != "ADMIT_WASM_TOOLCHAIN";
            if is_ours || name.starts_with("CARGO_") && name != "CARGO_HOME" {
                command.env_remove(&*name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, printed) = channel();
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut shell = Self { commands: child.stdin.take().unwrap(), child, printed };
        assert!(shell.run(PRELUDE).failed.is_empty());
        shell
    }

    /// Runs commands; the addresses and the access token of the documents are those of the server
    /// that runs.
    pub(super) fn run(&mut self, commands: &str) -> Ran {
        let commands = commands
            .replace("http://127.0.0.1:7420", "$SERVICE")
            .replace("http://127.0.0.1:7421", "$ADMIT_SERVER")
            .replace("=admit_...", "=$SHOWN");
        writeln!(self.commands, "{commands}\necho; echo @end").unwrap();
        let mut ran = Ran::default();
        loop {
            let line = self.printed.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("{error}: {commands}\n{ran:?}"));
            match line.split_once(' ') {
                _ if line == "@end" => return ran,
                Some(("@failed", failed)) => ran.failed.push(failed.to_owned()),
                _ => ran.printed.extend([&*line, "\n"]),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.commands.write_all(b"exit\n"));
        drop(self.child.wait());
    }
}
