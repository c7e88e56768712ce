//! The first step: a toolchain that compiles for `wasm32-unknown-unknown`.
//!
//! There are two ways. The compiler in use has the target installed (`rustup target add`); or
//! Debian's packaged compiler builds the target's standard library from its packaged source. This
//! module uses what is there and installs nothing: `setup.sh` beside it does.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The target of every policy: no operating system, no WASI, no imports.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The environment variable that forces one way: `auto` (as if unset), `rustup` or `debian`.
pub const CHOICE: &str = "ADMIT_WASM_TOOLCHAIN";

/// Linkers for WebAssembly of Debian's packages `lld-22` and `lld-19`, the newest first.
const DEBIAN_LINKERS: [&str; 2] = ["/usr/bin/wasm-ld-22", "/usr/bin/wasm-ld-19"];

/// Where Debian's packages `rustc-web` and `cargo-web` put their programs.
const DEBIAN_PROGRAMS: &str = "/usr/bin";

/// A compiler, its Cargo, and the way to the target's standard library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Cargo, of the same toolchain as `rustc`.
    pub cargo: PathBuf,
    /// The compiler itself, not a proxy that could choose another one.
    pub rustc: PathBuf,
    pub sysroot: PathBuf,
    /// The commit the compiler was built from, by which it names its library's source files.
    pub commit: String,
    /// Where the target's standard library comes from.
    pub library: Library,
}

/// Where the target's standard library comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Library {
    Installed,
    FromSource {
        /// The linker; a toolchain without the target does not bring one along.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds the toolchain that [`CHOICE`] asks for; if it asks for none, the compiler in use, else
    /// Debian's.
    ///
    /// # Errors
    ///
    /// [`ToolchainError::Choice`] for an unknown choice, [`ToolchainError::Missing`] when the
    /// machine has no such toolchain.
    pub fn find() -> Result<Self, ToolchainError> {
        let choice = env::var_os(CHOICE).unwrap_or_default();
        let found = match choice.to_str() {
            Some("" | "auto") => Self::in_use().or_else(Self::debian),
            Some("rustup") => Self::in_use(),
            Some("debian") => Self::debian(),
            _ => {
                let value = choice.to_string_lossy().chars().take(40).collect();
                return Err(ToolchainError::Choice { value });
            }
        };
        found.ok_or(ToolchainError::Missing)
    }

    /// The compiler in use, if it has the target.
    fn in_use() -> Option<Self> {
        let sysroot = sysroot_in_use()?;
        if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
            return None;
        }
        Self::at(&sysroot, &sysroot.join("bin"), Library::Installed)
    }

    /// Debian's compiler, if it is new enough and its library source and a linker are there.
    fn debian() -> Option<Self> {
        let sysroot = Path::new("/usr");
        if !sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").is_file() {
            return None;
        }
        let library = Library::FromSource { linker: linker()? };
        Self::at(sysroot, Path::new(DEBIAN_PROGRAMS), library)
    }

    fn at(sysroot: &Path, programs: &Path, library: Library) -> Option<Self> {
        let program = |name: &str| programs.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        let rustc = program("rustc");
        let version = output_of(Command::new(&rustc).arg("-vV")).ok()?;
        let (release, commit) = (field(&version, "release")?, field(&version, "commit-hash")?);
        is_new_enough(release).then(|| Self {
            cargo: program("cargo"),
            sysroot: sysroot.to_owned(),
            commit: commit.to_owned(),
            library,
            rustc,
        })
    }
}

/// The root of the toolchain that Cargo, or else the search path, names.
fn sysroot_in_use() -> Option<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = output_of(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(sysroot.trim_end()))
}

/// The linker of the toolchain in use, else Debian's.
fn linker() -> Option<PathBuf> {
    let own = sysroot_in_use().into_iter().flat_map(|sysroot| rust_lld(&sysroot));
    own.chain(DEBIAN_LINKERS.map(PathBuf::from)).find(|linker| linker.is_file())
}

/// `lib/rustlib/<host>/bin/rust-lld` for every host in the toolchain, which is one.
fn rust_lld(sysroot: &Path) -> Vec<PathBuf> {
    let hosts = sysroot.join("lib/rustlib").read_dir().into_iter().flatten().flatten();
    hosts.map(|host| host.path().join("bin/rust-lld")).collect()
}

fn output_of(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

/// A field of what `rustc -vV` prints, one `name: value` per line.
fn field<'a>(version: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = version.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Whether a compiler's release is at least the one this workspace demands.
fn is_new_enough(release: &str) -> bool {
    minor(release) >= minor(env!("CARGO_PKG_RUST_VERSION"))
}

/// `95` of `1.95.0`; absent for anything but Rust 1.
fn minor(release: &str) -> Option<u32> {
    release.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolchainError {
    #[error("`{CHOICE}` is `{value}`; expected `auto`, `rustup` or `debian`")]
    Choice {
        /// The first 40 characters of its value.
        value: String,
    },
    #[error(
        "no Rust toolchain for `{TARGET}` ({CHOICE}={}); run `make setup`, or install one by hand: \
         `rustup target add {TARGET}`, or on Debian, as root, \
         `apt-get install rustc-web cargo-web rust-web-src` (version {} or newer, and `lld-22` \
         where there is no rustup)",
        env::var(CHOICE).as_deref().unwrap_or("auto"),
        env!("CARGO_PKG_RUST_VERSION")
    )]
    Missing,
}

#[cfg(test)]
mod tests {
    use super::{field, is_new_enough};

    #[test]
    fn fields_of_the_version_are_found() {
        let version = "rustc 1.96.0\ncommit-hash: ac68faa\nrelease: 1.96.0\n";
        assert_eq!(field(version, "release"), Some("1.96.0"));
        assert_eq!(field(version, "commit-hash"), Some("ac68faa"));
        assert_eq!(field(version, "host"), None);
    }

    #[test]
    fn releases_are_compared_by_number() {
        for (release, expected) in [
            ("1.63.0", false),
            ("1.94.1", false),
            ("1.95.0", true),
            ("1.100.0-nightly", true),
            ("0.99.0", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(release), expected, "{release}");
        }
    }
}
