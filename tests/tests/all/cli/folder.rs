//! Runs `admit` in a folder of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use admit_tests::fixture::{CLIENT, TID, claims, issuer, with};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Run, binary};

pub(super) const SERVER: &str = "https://mdm.example.com";

/// `decide` with everything but the input, at the time of the fixture's tokens.
pub(super) const DECIDE: &str =
    "decide --policy windows-mdm --settings windows.json --keys keys.json --now 1767225600";

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
        Run::with_input(&mut self.command(arguments), input)
    }
}

pub(super) fn windows_settings() -> Value {
    json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    })
}
