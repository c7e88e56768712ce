//! Same source, same bytes: wherever the checkout, the target directory and Cargo's home are. And what a
//! build says of a policy that a host would refuse.

use std::{
    env, fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use admit_cases::section;
use admit_policies::Embedded;

const POLICIES: [(&str, Embedded); 3] = [
    ("windows-mdm-1", admit_policies::WINDOWS_MDM_1),
    ("windows-mdm-2", admit_policies::WINDOWS_MDM_2),
    ("intune-mam", admit_policies::INTUNE_MAM),
];

/// Builds the policies a second time, elsewhere and one by one, and compares them with those the
/// build script of `admit-policies` made.
#[test]
fn a_build_elsewhere_gives_the_same_bytes_and_errors() {
    let elsewhere = tempfile::tempdir().unwrap();
    let checkout = elsewhere.path().join("another checkout");
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    copy(workspace.as_ref(), &checkout).unwrap();
    let home = another_cargo_home(elsewhere.path()).unwrap();

    let out = elsewhere.path().join("out.wasm");
    let build = |crate_name: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_admit-build"))
            .arg("--locked")
            .arg(checkout.join("policy").join(crate_name))
            .arg(&out)
            .env("CARGO_HOME", &home)
            .env("CARGO_TARGET_DIR", elsewhere.path().join("another target"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (crate_name, embedded) in POLICIES {
        let (code, said) = build(crate_name);
        assert_eq!(code, Some(0), "{crate_name}: {said}");
        // The embedded one carries its cases, which the build script of `admit-policies` packs.
        let unpacked = section::write(embedded.component, &[]).unwrap();
        let same = fs::read(&out).unwrap() == unpacked;
        assert!(same, "{crate_name}: the second build gave other bytes");
    }

    // What a host would refuse, or what fails there alone, is said by the build.
    let source = checkout.join("policy/windows-mdm-1/src/lib.rs");
    for (text, code, expected) in [
        (
            policy("Server URL", "Finding::Pass"),
            3,
            "settings: `Server URL` is not a name; expected 1 to 64 of",
        ),
        ("pub use windows_mdm::v1::*;".to_owned(), 3, "does the crate say `admit_guest::export!`?"),
        (policy("limit", CLOCK), 0, "warning: the policy, or a library it uses, reads the clock;"),
    ] {
        fs::write(&source, &text).unwrap();
        let (came, said) = build("windows-mdm-1");
        assert!(came == Some(code) && said.contains(expected), "{came:?}: {said}\nfor {text}");
    }
}

const CLOCK: &str =
    "Finding::require(std::time::SystemTime::now().elapsed().is_ok(), REFUSED.denial())";

/// A policy with a setting of this name and a rule of this check.
fn policy(setting: &str, check: &str) -> String {
    format!(
        r#"//! A policy.
use admit_guest::*;
pub struct Sample;
export!(Sample);
const REFUSED: Reason = windows_mdm::v1::reasons::SCOPE_MISSING;
impl Policy for Sample {{
    const ABOUT: About<Self> = About {{
        name: "sample", version: "1.0.0", summary: "A sample.", claims: &["tid", "oid"], facts: &[],
        settings: &[Setting {{
            name: "{setting}", title: "A", help: "B", kind: Kind::Integer, absent: Absent::Integer(1),
        }}],
        rules: &[Rule {{ name: "rule", summary: "C", check: |_, _| {check} }}],
        reasons: &[REFUSED], host_reasons: &[],
    }};
    fn configure(_: &mut Settings<'_>) -> Option<Self> {{ Some(Self) }}
    fn principal(&self, _: &Token<'_>) -> Principal {{ Principal::of_user() }}
}}
"#
    )
}

/// Copies the sources; nothing that is built.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Another home with the same downloads: the crates' paths differ, their sources do not.
fn another_cargo_home(parent: &Path) -> io::Result<PathBuf> {
    let default = || env::home_dir().unwrap_or_default().join(".cargo");
    let usual = env::var_os("CARGO_HOME").map_or_else(default, PathBuf::from);
    let home = parent.join("another home");
    fs::create_dir(&home)?;
    symlink(usual.join("registry"), home.join("registry"))?;
    Ok(home)
}
