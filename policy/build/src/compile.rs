//! The second step: Cargo compiles the crates to core modules.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use crate::{
    module::{self, Module},
    toolchain::{Library, TARGET, Toolchain},
};

/// Stack of a policy in bytes. Little, because the host touches it anew for every decision.
const STACK_BYTES: u32 = 32 * 1024;

/// The profile of every policy, given on the command line so that it also holds outside this
/// workspace: fast, small, no debug information, the same bytes every time.
const PROFILE: [&str; 7] = [
    "inherits='release'",
    "opt-level=3",
    "lto=true",
    "codegen-units=1",
    "panic='abort'",
    "strip=true",
    "debug=false",
];

/// What reaches the inner Cargo of the variables that speak to Cargo and the compiler.
const KEPT: [&str; 5] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "RUSTUP_HOME"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The directory of a crate or of a workspace.
    pub dir: PathBuf,
    /// The packages; empty for the crate in `dir` alone.
    pub packages: Vec<String>,
    /// Where Cargo puts its output. Not the target directory of a Cargo that is waiting for this
    /// build: that one holds its lock.
    pub target_dir: PathBuf,
    /// Whether `Cargo.lock` must exist and stay as it is.
    pub locked: bool,
}

/// Compiles the crates of `request` to one core module each, in the order of `request.packages`.
///
/// What Cargo has to say goes to standard error.
///
/// # Errors
///
/// [`CompileError::Start`] when Cargo cannot be run, [`CompileError::Failed`] when it fails,
/// [`CompileError::NoModule`] when a crate is not a `cdylib`.
pub fn compile(toolchain: &Toolchain, request: &Request) -> Result<Vec<Module>, CompileError> {
    let output = command(toolchain, request)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| CompileError::Start { cargo: toolchain.cargo.clone(), source })?;
    if !output.status.success() {
        return Err(CompileError::Failed { status: output.status });
    }
    let modules = module::read(&String::from_utf8_lossy(&output.stdout));
    module::select(request, &modules)
}

fn command(toolchain: &Toolchain, request: &Request) -> Command {
    let mut cargo = Command::new(&toolchain.cargo);
    cargo.current_dir(&request.dir);
    cargo.args(["build", "--lib", "--profile", "policy", "--target", TARGET]);
    cargo.args(["--message-format", "json-render-diagnostics", "--target-dir"]);
    cargo.arg(&request.target_dir);
    cargo.args(request.packages.iter().flat_map(|package| ["--package", package]));
    cargo.args(PROFILE.map(|setting| format!("--config=profile.policy.{setting}")));
    cargo.args(request.locked.then_some("--locked"));
    clean_environment(&mut cargo);
    cargo.env("RUSTC", &toolchain.rustc);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, request));
    if let Library::FromSource { linker } = &toolchain.library {
        build_library(&mut cargo, linker);
    }
    cargo
}

/// Removes what an outer Cargo, rustup or make left in the environment for itself: its flags,
/// wrappers, target and toolchain would change or stop this build.
fn clean_environment(cargo: &mut Command) {
    for name in env::vars_os().map(|(name, _)| name).filter(|name| confuses(name)) {
        cargo.env_remove(name);
    }
    // Empty means none, whatever a configuration file says.
    cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
}

fn confuses(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let concerns_cargo =
        ["CARGO", "RUST", "MAKEFLAGS", "MFLAGS"].iter().any(|start| name.starts_with(start));
    concerns_cargo && !KEPT.iter().any(|kept| name.starts_with(kept))
}

/// Lets Cargo build the standard library from the toolchain's own source.
fn build_library(cargo: &mut Command, linker: &Path) {
    cargo.arg("-Zbuild-std=std,panic_abort");
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    // Set by an outer Cargo for its own compiler; this one is the system's.
    cargo.env_remove("LD_LIBRARY_PATH");
}

/// The compiler's flags in Cargo's encoding, which allows for spaces in paths.
fn flags(toolchain: &Toolchain, request: &Request) -> OsString {
    let mut flags = OsString::from(format!("-Clink-arg=-zstack-size={STACK_BYTES}"));
    for (from, to) in renamed_paths(toolchain, request) {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

/// The directories that differ from machine to machine, each with the name that panic messages get
/// instead; the last that fits wins. The workspace is not among them: Cargo names its crates by
/// paths relative to it.
fn renamed_paths(toolchain: &Toolchain, request: &Request) -> Vec<(PathBuf, String)> {
    let sources = toolchain.sysroot.join("lib/rustlib/src/rust");
    let mut paths = vec![
        (request.target_dir.clone(), "/target".to_owned()),
        (sources, format!("/rustc/{}", toolchain.commit)),
    ];
    paths.extend(cargo_home().map(|home| (home, "/cargo".to_owned())));
    paths
}

fn cargo_home() -> Option<PathBuf> {
    let home = || env::home_dir().map(|home| home.join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// Why there are no core modules.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    #[error("failed to run `{}`", cargo.display())]
    Start { cargo: PathBuf, source: io::Error },
    #[error("cargo ended with {status}")]
    Failed { status: ExitStatus },
    #[error(
        "`{package}` made no core module; expected `crate-type = [\"cdylib\"]` in its manifest"
    )]
    NoModule { package: String },
}

#[cfg(test)]
mod tests {
    use super::confuses;

    #[test]
    fn variables_of_an_outer_cargo_do_not_reach_the_inner_one() {
        for (name, expected) in [
            ("CARGO_ENCODED_RUSTFLAGS", true),
            ("CARGO_TARGET_DIR", true),
            ("CARGO_PROFILE_RELEASE_DEBUG", true),
            ("RUSTC_WORKSPACE_WRAPPER", true),
            ("RUSTFLAGS", true),
            ("RUSTUP_TOOLCHAIN", true),
            ("MAKEFLAGS", true),
            ("CARGO_HOME", false),
            ("CARGO_HTTP_PROXY", false),
            ("CARGO_REGISTRIES_MIRROR_INDEX", false),
            ("RUSTUP_HOME", false),
            ("PATH", false),
        ] {
            assert_eq!(confuses(name.as_ref()), expected, "{name}");
        }
    }
}
