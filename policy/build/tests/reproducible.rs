//! Same source, same bytes: wherever the checkout, the target directory and Cargo's home are.
#![cfg(unix)]

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
fn a_second_build_elsewhere_gives_the_same_bytes() {
    let elsewhere = tempfile::tempdir().unwrap();
    let checkout = elsewhere.path().join("another checkout");
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    copy(workspace.as_ref(), &checkout).unwrap();
    let home = another_cargo_home(elsewhere.path()).unwrap();

    for (crate_name, embedded) in POLICIES {
        let out = elsewhere.path().join(crate_name);
        let status = Command::new(env!("CARGO_BIN_EXE_admit-build"))
            .arg("--locked")
            .arg(checkout.join("policy").join(crate_name))
            .arg(&out)
            .env("CARGO_HOME", &home)
            .env("CARGO_TARGET_DIR", elsewhere.path().join("another target"))
            .status();
        assert!(status.unwrap().success(), "{crate_name}");
        // The embedded one carries its cases, which the build script of `admit-policies` packs.
        let unpacked = section::write(embedded.component, &[]).unwrap();
        let same = fs::read(&out).unwrap() == unpacked;
        assert!(same, "{crate_name}: the second build gave other bytes");
    }
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
