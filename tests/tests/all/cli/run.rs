//! Runs `admit` in a folder of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use admit_tests::fixture::{CLIENT, TID, claims, issuer, with};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::schema;

pub(super) const SERVER: &str = "https://mdm.example.com";

/// `decide` with everything but the input, at the time of the fixture's tokens.
pub(super) const DECIDE: &str =
    "decide --policy windows-mdm --settings windows.json --keys keys.json --now 1767225600";

/// As [`DECIDE`], for `intune-mam`.
pub(super) const DECIDE_MAM: &str =
    "decide --policy intune-mam --settings mam.json --keys keys.json --now 1767225600";

/// A folder with a key set, settings for two policies, and a good token for each.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("keys.json", issuer().jwk_set().to_string());
        folder.write("windows.json", windows_settings().to_string());
        let mam = json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "saml"});
        folder.write("mam.json", mam.to_string());
        folder.token("good.jwt", json!({}));
        folder.token("mam.jwt", json!({"scp": "login.mattermost"}));
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Writes the good v2.0 token with other claims, and returns it.
    pub(super) fn token(&self, name: &str, changes: Value) -> String {
        let token = issuer().sign(&with(claims(), changes));
        self.write(name, &token);
        token
    }

    /// The binary with these arguments, separated by single spaces.
    pub(super) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments.split(' ')).current_dir(self.0.path()).stdin(Stdio::null());
        command.env_remove("ADMIT_LOG").env_remove("COLUMNS");
        command
    }

    pub(super) fn admit(&self, arguments: &str) -> Run {
        Run::of(&mut self.command(arguments))
    }

    pub(super) fn admit_with(&self, arguments: &str, input: impl AsRef<[u8]>) -> Run {
        let mut command = self.command(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that has seen enough stops reading.
        drop(child.stdin.take().unwrap().write_all(input.as_ref()));
        child.wait_with_output().unwrap().into()
    }
}

pub(super) fn windows_settings() -> Value {
    json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    })
}

/// What a run left.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl From<std::process::Output> for Run {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub(super) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// The text output; nothing may be on standard error.
    pub(super) fn text(&self, code: i32) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(code), ""), "{self:?}");
        &self.out
    }

    /// The one decision in JSON, checked against the schema.
    pub(super) fn decision(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        let [line] = self.out.lines().collect::<Vec<_>>()[..] else {
            panic!("not one line: {self:?}");
        };
        schema::decision(line)
    }

    /// The one line on standard error of a command that did nothing, without the program's name.
    pub(super) fn refusal(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        let line = self.err.strip_prefix("admit: ").and_then(|err| err.strip_suffix('\n'));
        let line = line.unwrap_or_else(|| panic!("not one error: {self:?}"));
        assert!(!line.chars().any(char::is_control), "{line:?}");
        line
    }
}

/// The binary that Cargo built beside this test.
pub(super) fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).map(Path::to_owned).unwrap();
    let binary = folder.join(format!("admit{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "no {}; see `cli.rs` for how to have it built", binary.display());
    binary
}
