//! The folder in which the commands of one transcript run, and what they find there.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use admit::cases::section;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, issuer, with};
use admit_tests::guests::{undeclared, windows_mdm_3};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use super::super::folder::Folder;
use super::logs::logs;
use crate::run::{Run, binary};

/// Letters in a row that nothing but a token itself has.
const PART: usize = 12;

/// What every shell knows: see `tests/transcripts/README.md`.
const PRELUDE: &str = r#"
exec 9>&2
admit() { command admit "$@" || { set -- $?; echo "? $1" >&9; return $1; }; }
token() {
  printf '%s' "${1:-{\}}" > .changes
  [ $# = 0 ] || shift
  admit issuer token --key issuer.key --tid $TID --aud $CLIENT --now $NOW --claims .changes "$@"
}
traced() {
  ADMIT_LOG=trace "$@" 2> trace.log
  set -- $?
  grep -o 'decided\|token refused\|no decision' trace.log | sort -u | sed 's/^/logged: /'
  return $1
}
"#;

/// Policies in files, made once.
fn policies() -> &'static TempDir {
    static POLICIES: OnceLock<TempDir> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for (name, component) in [
            ("windows-mdm-1.wasm", WINDOWS_MDM_1.component.to_vec()),
            ("windows-mdm-2.wasm", WINDOWS_MDM_2.component.to_vec()),
            ("windows-mdm-3.wasm", windows_mdm_3()),
            ("bare-1.wasm", section::write(WINDOWS_MDM_1.component, &[]).unwrap()),
            ("bare-2.wasm", section::write(WINDOWS_MDM_2.component, &[]).unwrap()),
            ("undeclared.wasm", undeclared()),
        ] {
            std::fs::write(folder.path().join(name), component).unwrap();
        }
        folder
    })
}

/// A folder with keys, settings and tokens.
pub(super) struct Sandbox(Folder);

impl Sandbox {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        folder.write("issuer.key", issuer().to_der().unwrap());
        folder.write("v1.jwt", issuer().sign(&claims_v1()));
        let header = json!({"alg": "RS256", "kid": issuer().kid()});
        folder.write("html.jwt", issuer().sign_parts(header.to_string(), "<html>"));
        let header = with(header, json!({"typ": "JWT", "nonce": "AQABAAAA"}));
        folder.write("nonce.jwt", issuer().sign_parts(header.to_string(), claims().to_string()));
        Self(folder)
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        let path = self.0.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a line of the shell.
    pub(super) fn run(&self, line: &str) -> Run {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        let ours = binary().parent().unwrap().display().to_string();
        let decide = |policy: &str, settings: &str| {
            format!("--policy {policy} --settings {settings} --keys keys.json --now {NOW}")
        };
        command.args(["--noprofile", "--norc", "-c", &format!("{PRELUDE}{line}")]);
        command.current_dir(self.0.path("")).stdin(Stdio::null());
        for name in ["ADMIT_LOG", "COLUMNS", "ADMIT_SERVER", "ADMIT_ACCESS_TOKEN", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.envs([
            ("PATH", format!("{ours}:{path}")),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("KID", issuer().kid().to_owned()),
            ("TID", TID.to_owned()),
            ("CLIENT", CLIENT.to_owned()),
            ("NOW", NOW.to_string()),
            ("CLAIMS", claims().to_string()),
            ("CLAIMS_V1", claims_v1().to_string()),
            ("WINDOWS", decide("windows-mdm", "windows.json")),
            ("MAM", decide("intune-mam", "mam.json")),
            ("LOGS", logs().display().to_string()),
            ("POLICIES", policies().path().display().to_string()),
        ]);
        Run::of(&mut command)
    }

    /// Values that a transcript shows by a name.
    pub(super) fn names(&self) -> Vec<(String, String)> {
        let folder = self.0.path("").display().to_string();
        let mut names = vec![
            (folder.trim_end_matches('/').to_owned(), "[sandbox]".to_owned()),
            (policies().path().display().to_string(), "[policies]".to_owned()),
            (logs().display().to_string(), "[logs]".to_owned()),
            (issuer().kid().to_owned(), "[kid]".to_owned()),
        ];
        for policy in admit_policies::all() {
            let digest = admit::release::component_digest(policy.component);
            let name = format!("{} {}", policy.name, policy.version);
            let short = digest[..19].to_owned();
            names.push((digest.to_string(), format!("sha256:[digest of {name}]")));
            names.push((short, format!("sha256:[short digest of {name}]")));
        }
        names
    }

    /// No part of a token in this folder, and no name of a person, is on standard error or in a log.
    pub(super) fn assert_quiet(&self, err: &str) {
        let files = std::fs::read_dir(self.0.path("")).unwrap().map(|entry| entry.unwrap().path());
        let (mut tokens, mut said) = (vec![], vec![err.to_owned()]);
        for file in files {
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("jwt") => tokens.push(std::fs::read_to_string(&file).unwrap()),
                Some("log") => said.push(std::fs::read_to_string(&file).unwrap()),
                _ => {}
            }
        }
        tokens.extend(tokens.clone().iter().map(|token| STANDARD.encode(token)));
        for said in said.iter().filter(|said| !said.is_empty()) {
            let segments = tokens.iter().flat_map(|token| token.trim().split('.'));
            for part in segments.flat_map(|segment| segment.as_bytes().windows(PART)) {
                let part = String::from_utf8_lossy(part);
                assert!(!said.contains(&*part), "`{part}`, of a token, in {said}");
            }
            let lower = said.to_lowercase();
            for name in ["adele", "vance", "contoso.example", "panicked"] {
                assert!(!lower.contains(name), "`{name}` in {said}");
            }
        }
    }
}
