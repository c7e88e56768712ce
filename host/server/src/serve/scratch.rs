//! The folder of a check: gone when the check is over, and when the process is asked to end before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use admit::lock::Lock;
use tempfile::TempDir;

use super::signals;

/// How often removing the folder is tried while the check still writes into it.
const ATTEMPTS: usize = 100;

/// A folder for the check alone.
pub(super) struct Scratch {
    folder: TempDir,
    /// Whether a signal has come, and the process is about to end.
    is_ending: Arc<AtomicBool>,
}

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The folder goes while the check still works in it, which fails then: the process ends by the signal,
/// not with what the check makes of that.
impl Drop for Scratch {
    fn drop(&mut self) {
        while self.is_ending.load(Ordering::Acquire) {
            std::thread::park();
        }
    }
}

/// Makes the folder among the temporary ones, or where there is none, as in a container that may write
/// nothing else, beside the data. From now on a signal that ends the process removes it.
pub(super) fn scratch(data: &Path) -> io::Result<Scratch> {
    let made = Arc::new(Lock::new(None::<PathBuf>));
    let is_ending = Arc::new(AtomicBool::new(false));
    let (seen, ends) = (Arc::clone(&made), Arc::clone(&is_ending));
    signals::end_after(move || {
        ends.store(true, Ordering::Release);
        let seen = seen.lock();
        if let Some(path) = &*seen {
            remove(path);
        }
    })?;
    // The thread that removes it waits until it is there.
    let mut made = made.lock();
    let folder = make(data)?;
    *made = Some(folder.path().to_owned());
    Ok(Scratch { folder, is_ending })
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
