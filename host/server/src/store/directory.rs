//! The data directory: private, locked for as long as the process lives, its files known again.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

use admit::lock::Lock;

/// The database.
const FILE: &str = "admit.db";

/// Where SQLite writes changes before they are in the database.
const LOG: &str = "admit.db-wal";

/// Locked by the server that uses the directory. SQLite's own lock ends with each connection, and a
/// connection ends with each failure.
const LOCK: &str = "admit.lock";

/// What the names of copies start with while they are made.
const BACKUP: &str = "admit.db-backup-";

/// The data directory of a running server.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Absent once the store is closed.
    lock: Lock<Option<File>>,
}

/// What tells a file from another one that took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// A file as this process left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: Identity,
    bytes: u64,
    modified: (i64, i64),
}

impl Directory {
    /// Makes the directory and the database's file if they are missing, readable by this user only,
    /// and locks them.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another server has the lock, [`StoreError::Directory`].
    pub(super) fn lock(path: &Path) -> Result<Self, StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Directory { path, source }
        };
        make_private(path).map_err(failed(path))?;
        let lock = path.join(LOCK);
        let file = private().append(true).open(&lock).map_err(failed(&lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse { path: path.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(&lock)(source)),
        }
        let directory = Self { path: path.to_owned(), lock: Lock::new(Some(file)) };
        // SQLite gives its other files the same rights. Never opened here again: to close a file
        // would take away the locks that SQLite has on it.
        let database = directory.database();
        private().append(true).open(&database).map_err(failed(&database))?;
        directory.remove_backups();
        Ok(directory)
    }

    /// Lets another server have the directory.
    pub(super) fn unlock(&self) {
        self.lock.lock().take();
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// Whether nothing was ever written into the database.
    pub(super) fn is_new(&self) -> bool {
        self.database_stamp().is_none_or(|stamp| stamp.bytes == 0)
    }

    /// The database as it is now; absent when it is not there.
    pub(super) fn database_stamp(&self) -> Option<Stamp> {
        stamp(&self.database())
    }

    /// The log as it is now; absent when it is not there.
    pub(super) fn log_stamp(&self) -> Option<Stamp> {
        stamp(&self.log())
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    pub(super) fn log_bytes(&self) -> u64 {
        self.log_stamp().map_or(0, |log| log.bytes)
    }

    /// Where a copy of the database is written, under a name that no other copy has.
    pub(super) fn new_backup(&self) -> PathBuf {
        self.path.join(format!("{BACKUP}{}", admit::clock::new_id()))
    }

    /// Removes what a server that was killed left of its copies.
    fn remove_backups(&self) {
        let files = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(BACKUP)) {
            if let Err(error) = std::fs::remove_file(file.path()) {
                tracing::warn!(%error, "an unfinished copy of the store was not removed");
            }
        }
    }

    /// Cuts the log to its first `bytes`, if it is longer; says how long it is.
    pub(super) fn cut_log(&self, bytes: u64) -> Result<u64, StoreError> {
        let path = self.log();
        let cut = || -> io::Result<u64> {
            let length = match std::fs::metadata(&path) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(error) => return Err(error),
            };
            if length > bytes {
                OpenOptions::new().write(true).open(&path)?.set_len(bytes)?;
            }
            Ok(length.min(bytes))
        };
        cut().map_err(|source| StoreError::Directory { path: path.clone(), source })
    }
}

impl Stamp {
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: Identity { device: metadata.dev(), inode: metadata.ino() },
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    std::fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata))
}

/// Finds out whether [`Directory::lock`] could make or enter a directory and open its files.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Directory { path, source }
    };
    crate::writable::folder(path).map_err(failed(path))?;
    for file in [LOCK, FILE].map(|name| path.join(name)) {
        match file.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                return Err(failed(&file)(rustix::io::Errno::ISDIR.into()));
            }
            Ok(_) => crate::writable::existing(&file).map_err(failed(&file))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&file)(error)),
        }
    }
    Ok(())
}

fn make_private(directory: &Path) -> io::Result<()> {
    match directory.metadata() {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(rustix::io::Errno::NOTDIR.into()),
        Err(_) => {}
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))
}

/// Opens a file for this user only, and makes it if it is missing.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}
