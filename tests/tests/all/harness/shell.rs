//! Runs the verbs that speak to a server.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::server::Server;
use crate::run::{Run, binary};

/// A folder, a server and an access token.
pub(crate) struct Shell {
    folder: TempDir,
    server: String,
    token: String,
}

impl Shell {
    /// Speaks to this server with its first access token.
    pub(crate) fn of(server: &Server) -> Self {
        Self::at(server.admin_address(), server.token())
    }

    /// Speaks to whatever is at an address.
    pub(crate) fn at(address: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, server: address.to_owned(), token: token.to_owned() }
    }

    /// The same in another folder, with another access token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self::at(&self.server, token)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The binary with these arguments, separated by single spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments.split(' ')).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_remove("ADMIT_LOG").env_remove("COLUMNS");
        command.env("ADMIT_SERVER", &self.server).env("ADMIT_ACCESS_TOKEN", &self.token);
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Run {
        Run::of(&mut self.command(arguments))
    }

    pub(crate) fn run_with(&self, mut command: Command, input: &str) -> Run {
        Run::with_input(&mut command, input)
    }

    /// What a command prints that does what it should and complains of nothing.
    #[track_caller]
    pub(crate) fn prints(&self, arguments: &str) -> String {
        self.run(arguments).printed()
    }

    /// What a command says on standard error that ends with this code and prints nothing.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &str, code: i32) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(code), ""), "{arguments}: {run:?}");
        run.said()
    }
}
