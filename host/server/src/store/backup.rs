//! A copy of the store, made while the server goes on.

use std::fs::File;
use std::path::Path;

use super::directory::private;
use super::{Store, StoreError};

/// A copy of the store at one moment: a database that a server can start with. It has no name in the
/// file system any more, and is gone when it is dropped.
#[derive(Debug)]
pub struct Backup {
    /// The database, at its first byte.
    pub file: File,
    pub bytes: u64,
}

impl Store {
    /// Copies everything that is acknowledged by now. Changes wait meanwhile, decisions do not.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when there is no room for the copy.
    pub async fn backup(&self) -> Result<Backup, StoreError> {
        let path = self.owner.directory().new_backup();
        let failed = |source| StoreError::Directory { path: path.clone(), source };
        // SQLite writes into an empty file, and leaves its rights as they are.
        private().write(true).open(&path).map_err(failed)?;
        let copied = self.copy_to(&path).await;
        let file = File::open(&path);
        std::fs::remove_file(&path).map_err(failed)?;
        copied?;
        let file = file.map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Backup { file, bytes })
    }

    async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let name =
            path.to_str().ok_or(StoreError::Row { what: "a folder whose name is no text" })?;
        self.owner.copy(sqlx::query("VACUUM INTO ?").bind(name.to_owned())).await
    }
}
