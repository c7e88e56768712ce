//! Which files of a folder count: one rule wherever a folder is read.
//!
//! Hidden files and folders do not count: editors, version control and macOS leave
//! such files behind, and a ConfigMap keeps its files a second and third time in `..data` and beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use admit_server::source::is_hidden;

/// The endings of files in YAML or JSON; other files of a folder are left alone.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Folders in folders; deeper ones are a mistake.
const MAX_DEPTH: usize = 16;

/// Why the files of a folder are not known.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// A folder, or a file in it, could not be read.
    Read(PathBuf, io::Error),
    TooDeep(PathBuf),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Search {
    /// Its own files.
    Flat,
    Deep,
}

/// The files in YAML or JSON of a folder, in the order of their names.
pub(crate) fn files(folder: &Path, search: Search) -> Result<Vec<PathBuf>, FolderError> {
    let (mut files, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let failed = |error| FolderError::Read(folder.clone(), error);
        // A link may lead to a folder that was read, or above itself.
        if !seen.insert(folder.canonicalize().map_err(failed)?) {
            continue;
        }
        if depth > MAX_DEPTH {
            return Err(FolderError::TooDeep(folder));
        }
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if is_hidden(&entry.file_name()) {
                continue;
            }
            if path.is_dir() {
                folders.extend((search == Search::Deep).then_some((path, depth + 1)));
            } else if has_extension(&path) {
                // A link that leads nowhere is a file that is missing.
                let failed = |error| FolderError::Read(path.clone(), error);
                let file = path.canonicalize().map_err(failed)?;
                // Reading a pipe would wait for a writer.
                if !file.is_file() {
                    let error = "neither a file nor a folder; expected YAML or JSON";
                    return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, error)));
                }
                files.insert(path, file);
            }
        }
    }
    // Two names of one file are one file.
    let mut known = BTreeSet::new();
    files.retain(|_, file| known.insert(file.clone()));
    Ok(files.into_keys().collect())
}

fn has_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(std::ffi::OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, write};
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path, search: Search) -> Vec<String> {
        let files = files(folder, search).unwrap();
        let name = |file: &PathBuf| file.strip_prefix(folder).unwrap().display().to_string();
        files.iter().map(name).collect()
    }

    #[test]
    fn what_is_hidden_is_not_meant() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b.yaml", "a.json", ".gates.yaml", "._a.yaml", "c.txt", "d.yaml~", "e.YAML"] {
            write(at(name), "").unwrap();
        }
        for name in [".git", "sub", "sub/.hidden", "x.yaml"] {
            create_dir(at(name)).unwrap();
        }
        for name in [".git/f.yaml", "sub/g.yml", "sub/.hidden/h.yaml", "x.yaml/i.yaml"] {
            write(at(name), "").unwrap();
        }
        symlink("../sub", at("sub/round")).unwrap();
        symlink("b.yaml", at("c.yaml")).unwrap();
        assert_eq!(names(folder.path(), Search::Flat), ["a.json", "b.yaml"]);
        assert_eq!(
            names(folder.path(), Search::Deep),
            ["a.json", "b.yaml", "sub/g.yml", "x.yaml/i.yaml"]
        );
    }

    #[test]
    fn a_link_that_leads_nowhere_is_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("dangling.yaml");
        symlink("nowhere", &link).unwrap();
        let Err(FolderError::Read(path, error)) = files(folder.path(), Search::Flat) else {
            panic!("it was passed over");
        };
        assert_eq!((path, error.kind()), (link, io::ErrorKind::NotFound));
    }

    #[test]
    fn what_is_no_file_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket.yaml");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let Err(FolderError::Read(path, error)) = files(folder.path(), Search::Flat) else {
            panic!("it would be read");
        };
        assert_eq!((path, error.kind()), (socket, io::ErrorKind::InvalidInput));
    }

    #[test]
    fn each_file_of_a_config_map_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        create_dir(at("..2026_11_30")).unwrap();
        write(at("..2026_11_30/cases.yaml"), "").unwrap();
        symlink("..2026_11_30", at("..data")).unwrap();
        symlink("..data/cases.yaml", at("cases.yaml")).unwrap();
        for search in [Search::Flat, Search::Deep] {
            assert_eq!(names(folder.path(), search), ["cases.yaml"], "{search:?}");
        }
    }

    #[test]
    fn folders_that_lie_too_deep_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let deepest = (0..=MAX_DEPTH).fold(folder.path().to_owned(), |path, _| path.join("d"));
        std::fs::create_dir_all(deepest).unwrap();
        assert!(matches!(files(folder.path(), Search::Deep), Err(FolderError::TooDeep(_))));
        assert!(files(folder.path(), Search::Flat).unwrap().is_empty());
    }
}
