//! Why a source has no component.

use std::path::{Path, PathBuf};

use admit::text::Shown;
use rustix::io::Errno;

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    #[error("failed to read `{}`", shown(path))]
    Read { path: PathBuf, source: Errno },
    #[error("no `*.wasm` in `{}`; expected exactly one", shown(directory))]
    NoFile { directory: PathBuf },
    #[error("{} `*.wasm` in `{}`: {}; expected exactly one", names.len(), shown(directory), some(names))]
    SeveralFiles {
        directory: PathBuf,
        /// Their names, sorted, escaped and cut.
        names: Vec<String>,
    },
    #[error("more than {max} entries in `{}`", shown(directory))]
    TooManyEntries { directory: PathBuf, max: usize },
    #[error(
        "`{}` is a link to `{}`, out of `{}`; expected a file in the directory, or `follow_links_outside`",
        shown(path),
        shown(target),
        shown(directory)
    )]
    Outside { path: PathBuf, target: PathBuf, directory: PathBuf },
    #[error("`{}` is {kind}; expected a regular file", shown(path))]
    NotAFile {
        /// What stands in the place of the file.
        path: PathBuf,
        kind: &'static str,
    },
    #[error("`{}` is empty", shown(path))]
    Empty { path: PathBuf },
    #[error("`{}` is larger than {max_bytes} bytes", shown(path))]
    TooLarge { path: PathBuf, max_bytes: usize },
}

impl SourceError {
    pub(super) fn read(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        let source = Errno::from_io_error(error).unwrap_or(Errno::IO);
        Self::Read { path: path.into(), source }
    }
}

/// A path escaped and cut: anyone who may write into the directory chooses the names in it.
fn shown(path: &Path) -> Shown {
    Shown::whole(&path.to_string_lossy())
}

/// The first few names.
fn some(names: &[String]) -> String {
    const SOME: usize = 5;
    let mut text: Vec<_> = names.iter().take(SOME).map(|name| format!("`{name}`")).collect();
    if names.len() > SOME {
        text.push("…".to_owned());
    }
    text.join(", ")
}
