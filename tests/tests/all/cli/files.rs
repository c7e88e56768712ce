//! Outputs that are closed or full, and files that are no policies.

use std::process::Stdio;

use super::folder::{DECIDE, Folder};
use crate::artefacts::no_policies;
use crate::run::Run;

#[test]
fn a_closed_output_is_no_panic() {
    let folder = Folder::new();
    for arguments in [
        "inspect windows-mdm".to_owned(),
        "inspect --output json windows-mdm".to_owned(),
        "issuer keys".to_owned(),
        format!("{DECIDE} good.jwt"),
        "demo --clients 1".to_owned(),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        // No process reads: quiet, but not as if it had been said.
        let run = Run::of(folder.command(&arguments).stdout(writer));
        assert_eq!((run.code, run.err.as_str()), (Some(70), ""), "{arguments}");
    }
    // No process reads the errors either.
    for (arguments, code) in [
        ("inspect none".to_owned(), 3),
        (format!("{DECIDE} --format claims keys.json"), 1),
        (format!("{DECIDE} --jsonl keys.json"), 3),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.command(&arguments);
        let status =
            command.env("ADMIT_LOG", "trace").stdout(Stdio::null()).stderr(writer).status();
        assert_eq!(status.unwrap().code(), Some(code), "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = Folder::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in ["inspect windows-mdm".to_owned(), format!("{DECIDE} good.jwt")] {
        let run = Run::of(folder.command(&arguments).stdout(full()));
        let expected = "failed to write the result: No space left on device (os error 28)";
        assert_eq!(run.refusal(70), expected, "{arguments}");
    }
}

#[test]
fn a_policy_that_is_none_is_named_for_what_it_is() {
    let folder = Folder::new();
    for file in no_policies() {
        folder.write("file.wasm", &file.bytes);
        let decide = DECIDE.replace("windows-mdm", "file.wasm");
        for arguments in ["inspect file.wasm", &format!("{decide} good.jwt")] {
            file.check(&folder.admit(arguments).refusal(3), "policy `file.wasm`: ");
        }
    }
}
