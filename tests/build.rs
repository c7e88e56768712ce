//! Builds the guests, and the example of a next version, to core modules, which the tests embed.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use admit_build::{Request, Toolchain, compile, toolchain};

const GUESTS: [&str; 3] = ["misbehave", "undeclared", "windows-mdm-3"];

/// What the guests are made of, below the workspace's root.
const SOURCES: [&str; 4] = ["tests/guests", "policy", "wit", "Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR")?;
    let workspace = fs::canonicalize(Path::new(&manifest_dir).join(".."))?;
    println!("cargo::rerun-if-env-changed={}", toolchain::CHOICE);
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let request = Request {
        dir: workspace,
        packages: GUESTS.map(str::to_owned).into(),
        target_dir: target_dir(&out_dir).join("policies"),
        locked: true,
    };
    for module in compile::compile(&Toolchain::find()?, &request)? {
        let name = module.path.file_name().ok_or("a module without a name")?;
        fs::copy(&module.path, out_dir.join(name))?;
    }
    Ok(())
}

/// The target directory, where the build of the policies has left the standard library.
fn target_dir(out_dir: &Path) -> &Path {
    let mut above = out_dir.ancestors();
    above.find(|dir| dir.join("CACHEDIR.TAG").is_file()).unwrap_or(out_dir)
}
