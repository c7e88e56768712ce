//! What outlives a restart: components, settings, the last good release and the candidate of each
//! gate, attempts, activities, access tokens. One SQLite file in the data directory.

mod gates;
mod attempts;
mod sources;
mod activities;
mod access;
mod candidates;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, SqlitePool};

pub use access::AccessRow;
pub use activities::{Activity, ActivityFilter, NewActivity};
pub use attempts::{Action, Attempt, Refusal};
pub use candidates::CandidateRow;
pub use gates::{Activation, GateRow, SettingsKept, StoredRelease};
pub use sources::SourceRow;

/// Name of the file in the data directory.
const FILE: &str = "admit.db";

/// Why something could not be read from or written to the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data directory, or the file in it, cannot be made or entered.
    #[error("data directory: `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process has it.
    #[error("data directory `{}` is in use by another process; stop it, or use its API", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The file is not a store of this program, or of a later version of it.
    #[error("`{}` cannot be brought to this version", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// SQLite gave an error: the disk is full, the file is damaged.
    #[error("the store failed")]
    Database(#[from] sqlx::Error),
    /// A row holds what this program does not write.
    #[error("the store holds {what}, which this version cannot read")]
    Row {
        /// What is wrong.
        what: &'static str,
    },
}

/// The store. Cheap to clone; clones share one connection.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens the store in `directory`, which is made when it does not exist, readable by this user
    /// only. Nobody else can open it meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn open(directory: &Path) -> Result<Self, StoreError> {
        make_private(directory)
            .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        let path = directory.join(FILE);
        make_private_file(&path)
            .map_err(|source| StoreError::Directory { path: path.clone(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .foreign_keys(true)
            // An answer "activated" must hold after the power fails.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Two servers with one store would each hold releases that the other does not know.
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(Duration::from_secs(1))
            .disable_statement_logging();
        // Nothing is read from here while deciding, so that one connection is enough.
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| opening(error, directory))?;
        migrations().run(&pool).await.map_err(|source| migrating(source, directory, &path))?;
        Ok(Self { pool })
    }

    /// Ends the connection; what was written stays.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrations() -> Migrator {
    let migration = |version, description: &'static str, sql: &'static str| {
        let sql = sqlx::SqlStr::from_static(sql);
        Migration::new(version, description.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(vec![
        migration(1, "first", include_str!("store/schema.sql")),
        migration(2, "candidate", include_str!("store/candidate.sql")),
    ])
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)
}

/// Makes the file with rights for this user only; SQLite gives its other files the same.
#[cfg(unix)]
fn make_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path).map(drop)
}

#[cfg(not(unix))]
fn make_private_file(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn opening(error: sqlx::Error, directory: &Path) -> StoreError {
    if is_locked(&error) {
        return StoreError::InUse { path: directory.to_owned() };
    }
    StoreError::Database(error)
}

fn migrating(error: sqlx::migrate::MigrateError, directory: &Path, path: &Path) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::Execute(error) if is_locked(&error) => {
            StoreError::InUse { path: directory.to_owned() }
        }
        source => StoreError::Migrate { path: path.to_owned(), source },
    }
}

/// `SQLITE_BUSY` and `SQLITE_LOCKED`.
fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "5" || code == "6" || code == "261")
}

/// An id or count of SQLite, never negative here.
fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Row { what: "a negative number" })
}

/// A number for SQLite; times and counts stay far below its bound.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Row { what: "text that is no JSON object" })
}
