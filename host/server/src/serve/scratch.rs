//! The folder of a check: gone when the check is over, and when the process is asked to end before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::signals;

use admit::lock::Lock;

/// How often the folder is removed anew in which somebody still works.
const ATTEMPTS: usize = 100;

/// A folder for the check alone: among the temporary ones, or where there is none, as in a container
/// that may write nothing else, beside the data. From now on a signal that ends the process removes it.
pub(super) fn scratch(data: &Path) -> io::Result<TempDir> {
    let made = Arc::new(Lock::new(None::<PathBuf>));
    let seen = Arc::clone(&made);
    signals::end_after(move || {
        let seen = seen.lock();
        if let Some(path) = &*seen {
            remove(path);
        }
    })?;
    // Whoever removes it waits until it is there.
    let mut made = made.lock();
    let folder = make(data)?;
    *made = Some(folder.path().to_owned());
    Ok(folder)
}

fn make(data: &Path) -> io::Result<TempDir> {
    tempfile::tempdir().or_else(|error| {
        let data = std::path::absolute(data)?;
        let there = data.ancestors().find(|folder| folder.is_dir());
        there.map_or(Err(error), tempfile::tempdir_in)
    })
}

/// The check goes on meanwhile, and may make a file while the others are removed.
fn remove(folder: &Path) {
    let mut attempts = 0..ATTEMPTS;
    while attempts.next().is_some() && folder.exists() {
        // What cannot be removed is tried again, and then left: the process is to end.
        let _ = std::fs::remove_dir_all(folder);
    }
}
