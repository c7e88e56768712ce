//! Whether files could be made, found out without making any.

use std::io::Result;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Finds out whether a file could be made at `path`. `made` is a folder that will be there by then.
pub(crate) fn file(path: &Path, made: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // What makes a folder makes those around it.
    if !folder.exists() && made.starts_with(folder) {
        return Ok(());
    }
    entered(folder)
}

/// Finds out whether the folder at `path` can be written into, or could be made.
pub(crate) fn folder(path: &Path) -> Result<()> {
    if path.symlink_metadata().is_ok() {
        return entered(path);
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") => folder(parent),
        _ => entered(Path::new(".")),
    }
}

/// Finds out whether what is there can be written to.
pub(crate) fn existing(path: &Path) -> Result<()> {
    Ok(access(path, Access::WRITE_OK)?)
}

fn entered(folder: &Path) -> Result<()> {
    if !folder.metadata()?.is_dir() {
        return Err(Errno::NOTDIR.into());
    }
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn what_could_be_made_is_found_out_and_not_made() {
        let home = tempfile::tempdir().unwrap();
        let inside = |name: &str| home.path().join(name);
        std::fs::write(inside("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", inside("link")).unwrap();
        let kind = |result: Result<()>| result.map_err(|error| error.kind());
        for (name, expected) in [
            ("", Ok(())),
            ("new", Ok(())),
            ("new/newer", Ok(())),
            ("file", Err(ErrorKind::NotADirectory)),
            ("file/new", Err(ErrorKind::NotADirectory)),
            ("link", Err(ErrorKind::NotFound)),
        ] {
            assert_eq!(kind(folder(&inside(name))), expected, "{name}");
        }
        for (name, made, expected) in [
            ("log", "", Ok(())),
            ("data/log", "data", Ok(())),
            ("data/log", "data/deeper", Ok(())),
            ("data/deeper/log", "data", Err(ErrorKind::NotFound)),
            ("file/log", "data", Err(ErrorKind::NotADirectory)),
            ("other/log", "data", Err(ErrorKind::NotFound)),
        ] {
            assert_eq!(kind(file(&inside(name), &inside(made))), expected, "{name} {made}");
        }
        assert!(!inside("new").exists() && !inside("data").exists());
    }
}
