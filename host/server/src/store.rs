//! What outlives a restart: components, settings, the last good release and the candidate of each
//! gate, attempts, activities, access tokens. One SQLite file in the data directory.

mod directory;
mod health;
mod connection;
mod lossy;
mod gates;
mod attempts;
mod sources;
mod first_tries;
mod activities;
mod access;
mod candidates;
mod taken_back;
mod retention;
mod backup;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteRow;

use connection::{Owner, Statement, Transaction};
use directory::Directory;

pub use access::AccessRow;
pub use activities::{Activity, ActivityFilter, NewActivity};
pub use attempts::{Action, Attempt, Refusal};
pub use backup::Backup;
pub use candidates::CandidateRow;
pub use first_tries::FirstTry;
pub use gates::{Activation, GateRow, SettingsKept, StoredRelease};
pub use retention::Retention;
pub use sources::{SourceRow, Trying, Verdict};
pub use taken_back::TakenBack;

/// Why something could not be read from or written to the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("data directory: `{}`", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("data directory `{}` is in use by another process; stop it, or use its API", path.display())]
    InUse { path: PathBuf },
    #[error("`{}` cannot be brought to this version", path.display())]
    Migrate {
        path: PathBuf,
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    #[error(
        "`{}` is malformed: stop the server and restore a copy of the store (see \"Restore\" in \
         docs/configuration.md)", path.display()
    )]
    Malformed {
        path: PathBuf,
        #[source]
        source: sqlx::Error,
    },
    #[error("the store failed")]
    Database(#[from] sqlx::Error),
    #[error(
        "`{}` was deleted or replaced while the server runs: nothing can be stored; put it back, or \
         restart the server to go on with what is there now", path.display()
    )]
    Gone { path: PathBuf },
    #[error(
        "another program changed `{}` while the server runs: nothing can be stored; restart the \
         server to go on with what is there now", path.display()
    )]
    Changed { path: PathBuf },
    #[error(
        "the store has not answered for {seconds} s: the disk hangs, or a backup is being made; try \
         again"
    )]
    Stuck { seconds: u64 },
    #[error("the store is closed")]
    Closed,
    #[error("the change was broken off")]
    Broken,
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What is wrong, with the place.
        what: String,
    },
    #[error("the store holds {what}, which this version cannot read")]
    Row { what: &'static str },
}

impl StoreError {
    /// Whether it is about what is stored, and not about reading or writing it: trying again does not
    /// help.
    pub fn is_damage(&self) -> bool {
        let decoding = |error: &sqlx::Error| {
            matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
        };
        match self {
            Self::Damaged { .. } | Self::Row { .. } | Self::Malformed { .. } => true,
            Self::Database(error) => decoding(error),
            _ => false,
        }
    }
}

/// The store. Cheap to clone; clones share one connection.
#[derive(Clone, Debug)]
pub struct Store {
    owner: Arc<Owner>,
    retention: Retention,
}

impl Store {
    /// Opens the store in `directory`, which is made when it does not exist, readable by this user
    /// only. No other process can open it before [`Store::close`]. It keeps what `retention` says.
    pub async fn open(directory: &Path, retention: Retention) -> Result<Self, StoreError> {
        let directory = Directory::lock(directory)?;
        let owner = Owner::open(directory, &migrations()).await?;
        Ok(Self { owner: Arc::new(owner), retention })
    }

    /// Finds out whether a store could be opened in `directory`, without making or locking anything.
    /// What a store there holds is not read.
    pub fn check(directory: &Path) -> Result<(), StoreError> {
        directory::check(directory)
    }

    /// Why nothing can be stored; absent when something can.
    pub fn problem(&self) -> Option<String> {
        self.owner.problem()
    }

    /// Whether a backup is being made, which everything else waits for.
    pub fn is_copying(&self) -> bool {
        self.owner.is_copying()
    }

    /// Whether the last change could not be stored.
    pub fn is_failing(&self) -> bool {
        self.owner.is_failing()
    }

    /// Stores something that means nothing, to find out whether the store can be written again.
    pub async fn probe(&self, now: u64) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let probe = sqlx::query("REPLACE INTO probe (id, at) VALUES (1, ?)");
        change.execute(probe.bind(signed(now))).await?;
        change.commit().await
    }

    /// Ends the connection; what was written stays.
    pub async fn close(&self) {
        self.owner.close().await;
    }

    /// For how many seconds the store has not answered; absent when it may still do so.
    pub fn stuck_for(&self) -> Option<u64> {
        self.owner.stuck_for()
    }

    /// Behaves as if an operation had begun so long ago.
    #[cfg(test)]
    pub(crate) fn began_before(&self, time: std::time::Duration) {
        self.owner.began_before(time);
    }

    /// Begins a change: the only way to write.
    async fn begin(&self) -> Result<Transaction, StoreError> {
        self.owner.begin().await
    }

    async fn rows(&self, query: Statement<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        self.owner.rows(query).await
    }

    async fn row(&self, query: Statement<'_>) -> Result<Option<SqliteRow>, StoreError> {
        self.owner.row(query).await
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
        migration(3, "store", include_str!("store/upkeep.sql")),
        migration(4, "sources", include_str!("store/sources.sql")),
        migration(6, "actor id", include_str!("store/actor_id.sql")),
        migration(7, "mark", include_str!("store/mark.sql")),
        migration(8, "settings digest", include_str!("store/settings_digest.sql")),
        migration(9, "first tries", include_str!("store/first_tries.sql")),
    ])
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

#[cfg(test)]
mod tests;
