//! What `admit` says of itself. The commands are tested in the package `admit-tests`, which finds
//! the binary that Cargo builds for this test.

use std::process::{Command, Output};

fn admit(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_admit")).args(arguments).output().expect("the binary runs")
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let output = admit(&["-h"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["\n  demo ", "\n  decide ", "\n  inspect ", "\n  issuer ", "0 allow", "70 internal"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = admit(&["--version"]);
    let version = format!("admit {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[test]
fn nothing_asked_is_answered_with_help_on_standard_error() {
    let output = admit(&[]);
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Usage: admit <COMMAND>"));
}
