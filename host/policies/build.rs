//! Builds the policies, packs their cases into them, and puts the components where `lib.rs` embeds them from.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use admit_build::{Request, toolchain};
use admit_cases::section::{self, PackedFile};

const PACKAGES: [&str; 3] = ["windows-mdm-1", "windows-mdm-2", "intune-mam"];

/// Where each policy's case file is, below the workspace's root.
const CASES: &str = "tests/cases";

/// What the components are made of, below the workspace's root.
const SOURCES: [&str; 5] = ["policy", "wit", "Cargo.toml", "Cargo.lock", CASES];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR")?;
    let workspace = fs::canonicalize(Path::new(&manifest_dir).join("../.."))?;
    println!("cargo::rerun-if-env-changed={}", toolchain::CHOICE);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let request = Request {
        dir: workspace.clone(),
        packages: PACKAGES.map(str::to_owned).to_vec(),
        target_dir: target_dir(&out_dir).join("policies"),
        locked: true,
    };
    for (package, component) in PACKAGES.iter().zip(admit_build::build(&request)?) {
        let packed = section::write(&component.bytes, &[case_file(&workspace, package)?])?;
        fs::write(out_dir.join(package).with_extension("wasm"), packed)?;
    }
    Ok(())
}

/// The policy's cases. Whether they come out as they say is for the tests, and for every activation.
fn case_file(workspace: &Path, package: &str) -> Result<PackedFile, Box<dyn Error>> {
    let name = format!("{package}.yaml");
    let path = workspace.join(CASES).join(&name);
    let bytes = fs::read(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    Ok(PackedFile { name, bytes })
}

/// The target directory, which Cargo marks with `CACHEDIR.TAG`: one place for check, clippy, test
/// and doc, so that each does not build the standard library anew.
fn target_dir(out_dir: &Path) -> &Path {
    let mut above = out_dir.ancestors();
    above.find(|dir| dir.join("CACHEDIR.TAG").is_file()).unwrap_or(out_dir)
}

fn report(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}
