//! Which file a source's path stands for.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use admit::text::Shown;

use super::SourceError;

/// Most entries of a directory that are looked at.
const MAX_ENTRIES: usize = 1_000;

/// The file that a source's path means, links followed: itself, or the one `*.wasm` in it.
///
/// Links may not lead out of the directory, unless `outside`. The path itself may be a link to a
/// directory: the operator chose it.
pub(super) fn locate(path: &Path, outside: bool) -> Result<PathBuf, SourceError> {
    let (directory, file) = if is_directory(path)? {
        (path, only_component(path)?)
    } else {
        (parent(path), path.to_owned())
    };
    let target = real(&file)?;
    let directory = real(directory)?;
    if outside || target.starts_with(&directory) {
        Ok(target)
    } else {
        Err(SourceError::Outside { path: file, target, directory })
    }
}

fn is_directory(path: &Path) -> Result<bool, SourceError> {
    let metadata = fs::metadata(path).map_err(|error| SourceError::read(path, &error))?;
    Ok(metadata.is_dir())
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn real(path: &Path) -> Result<PathBuf, SourceError> {
    fs::canonicalize(path).map_err(|error| SourceError::read(path, &error))
}

fn only_component(directory: &Path) -> Result<PathBuf, SourceError> {
    let mut names: Vec<_> =
        entries(directory)?.into_iter().filter(|name| is_component(name)).collect();
    match names.len() {
        0 => Err(SourceError::NoFile { directory: directory.to_owned() }),
        1 => Ok(directory.join(names.remove(0))),
        _ => Err(several(directory, &names)),
    }
}

fn entries(directory: &Path) -> Result<Vec<std::ffi::OsString>, SourceError> {
    let failed = |error| SourceError::read(directory, &error);
    let entries = fs::read_dir(directory).map_err(failed)?.take(MAX_ENTRIES + 1);
    let names: Result<Vec<_>, _> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let names = names.map_err(failed)?;
    if names.len() > MAX_ENTRIES {
        let directory = directory.to_owned();
        return Err(SourceError::TooManyEntries { directory, max: MAX_ENTRIES });
    }
    Ok(names)
}

fn is_component(name: &OsStr) -> bool {
    !is_hidden(name) && Path::new(name).extension() == Some(OsStr::new("wasm"))
}

/// Whether an entry of a directory is hidden, and so not meant: what Kubernetes, editors and macOS keep
/// beside the files.
pub fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// The order of a directory may change from poll to poll; the error does not.
fn several(directory: &Path, names: &[std::ffi::OsString]) -> SourceError {
    let shown = |name: &std::ffi::OsString| Shown::new(&name.to_string_lossy()).to_string();
    let mut names: Vec<_> = names.iter().map(shown).collect();
    names.sort_unstable();
    SourceError::SeveralFiles { directory: directory.to_owned(), names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_directory_lies_in_the_current_one() {
        assert_eq!(parent(Path::new("policy.wasm")), Path::new("."));
        assert_eq!(parent(Path::new("a/policy.wasm")), Path::new("a"));
        assert_eq!(parent(Path::new("/policy.wasm")), Path::new("/"));
    }
}
