//! `admit test --watch`.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use admit::cases::section::{self, PackedFile};
use admit_policies::Embedded;

use super::folder::Folder;

const CASES: &str = "\
policy: windows-mdm
settings:
  server_url: https://mdm.example.com
  windows_entra_tenant_ids: [3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53]
base: entra-v1
cases:
  - name: a v1.0 token of the tenant
    expect: {allow: {user_name: dana@example.com, user_name_claim: upn}}
  - name: another tenant
    claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
    expect: {deny: tenant_not_authorized, claims: [tid], settings: [windows_entra_tenant_ids]}
  - name: a v2.0 token
    base: entra-v2
    expect: {deny: audience_not_authorized}
  - name: expired
    claims: {exp: 1}
    expect: {invalid: token.expired}
";

/// A running `admit test --watch`; ended when dropped.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(folder: &Folder, arguments: &str) -> Self {
        let mut command = folder.command(&format!("test {arguments} --watch"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on to a run that comes to this; one change may be played more than once.
    fn until(&mut self, sum: &str) {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        assert!(lines.any(|line| line.starts_with(sum)), "ended before {sum}");
        assert_eq!(lines.next().as_deref(), Some("watching for changes"));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_changed_case_is_played_again_by_watch() {
    let folder = Folder::new();
    folder.write("cases.yaml", CASES);
    let mut watch = Watch::start(&folder, "cases.yaml --policy windows-mdm");
    watch.until("windows-mdm 2.0.0: 4 cases passed");
    folder.write("cases.yaml", CASES.replace("allow: {user_name: dana", "allow: {user_name: dan"));
    watch.until("windows-mdm 2.0.0: 1 of 4 cases FAILED");
    folder.write("cases.yaml", CASES);
    watch.until("windows-mdm 2.0.0: 4 cases passed");
}

#[test]
fn a_changed_component_is_played_again_by_watch() {
    let folder = Folder::new();
    let file = PackedFile { name: "c.yaml".to_owned(), bytes: CASES.as_bytes().to_vec() };
    let packed =
        |policy: &Embedded| section::write(policy.component, std::slice::from_ref(&file)).unwrap();
    folder.write("p.wasm", packed(&admit_policies::WINDOWS_MDM_2));
    let mut watch = Watch::start(&folder, "--policy p.wasm");
    watch.until("windows-mdm 2.0.0: 4 cases passed");
    folder.write("new.wasm", packed(&admit_policies::WINDOWS_MDM_1));
    std::fs::rename(folder.path("new.wasm"), folder.path("p.wasm")).unwrap();
    // Version 1 refuses a v2.0 token for its version.
    watch.until("windows-mdm 1.0.0: 1 of 4 cases FAILED");
}
