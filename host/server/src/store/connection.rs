//! The one connection to the database, and the only way to change something through it.
//!
//! A connection is used by one operation at a time. When an operation fails, or its future is
//! dropped, the connection is closed before another operation gets one: what SQLite makes of a transaction
//! whose COMMIT failed, and what a library believes of it, then does not matter.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use admit::failure::error_chain;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode,
    SqliteLockingMode, SqliteQueryResult, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, Sqlite};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::StoreError;
use super::directory::{Directory, Identity, Stamp};
use super::health::{Health, PATIENCE};

/// Time that SQLite waits for a lock. Only another program, or a connection that is just being closed,
/// has one.
const BUSY: Duration = Duration::from_secs(1);

pub(super) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

#[derive(Debug)]
pub(super) struct Owner {
    shared: Arc<Shared>,
    slot: Arc<Mutex<Slot>>,
}

#[derive(Debug)]
struct Shared {
    directory: Directory,
    health: Health,
    /// Of the database that was opened.
    identity: Identity,
}

/// Where the connection is between two operations.
#[derive(Debug, Default)]
struct Slot {
    /// Absent after a failure.
    connection: Option<SqliteConnection>,
    /// How the files were left; absent while they are written.
    left: Option<Left>,
    marks: Marks,
    /// Bytes of the log that hold what was acknowledged and is not in the database yet. What comes
    /// after them was refused.
    acknowledged: u64,
    is_closed: bool,
}

/// What the database is known by, whatever its file looks like: each commit writes another mark.
#[derive(Debug, Default)]
struct Marks {
    /// Of the last commit.
    last: String,
    /// Of a commit of which nothing is known but that it began.
    begun: Option<String>,
}

impl Marks {
    /// Whether the last commit of this process, or the one after it that was broken off, left `found`.
    fn knows(&mut self, found: &str) -> bool {
        if let Some(begun) = self.begun.take_if(|begun| *begun == found) {
            self.last = begun;
        }
        self.last == found
    }
}

/// How the files were left. Only this process writes to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    database: Option<Stamp>,
    log: Option<Stamp>,
}

impl Left {
    fn now(directory: &Directory) -> Self {
        Self { database: directory.database_stamp(), log: directory.log_stamp() }
    }

    /// Whether the database is as it was, and the log the same file.
    fn is_as(self, now: Self) -> bool {
        let log = |left: Self| left.log.map(|log| log.identity());
        self.database == now.database && log(self) == log(now)
    }
}

impl Owner {
    /// Connects to the database in `directory`, and brings it to this version.
    pub(super) async fn open(
        directory: Directory,
        migrations: &Migrator,
    ) -> Result<Self, StoreError> {
        let mut options = options(&directory);
        if directory.is_new() {
            // On a database that is there, this would write: a start on a full disk must not.
            options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let connected = options.connect().await;
        let mut connection = connected.map_err(|error| opening(error, &directory))?;
        let migrated = migrations.run(&mut connection).await;
        migrated.map_err(|error| migrating(error, &directory))?;
        if let Err(error) = give_space_back_from_now_on(&mut connection).await {
            tracing::warn!(error = error_chain(&error), "the store's file does not shrink yet");
        }
        let acknowledged = match checkpoint(&mut connection).await {
            Ok(()) => 0,
            Err(error) => {
                not_checkpointed(&error);
                directory.log_bytes()
            }
        };
        let last = mark(&mut connection).await.map_err(|error| failed(error, &directory))?;
        let marks = Marks { last, begun: None };
        let gone = || StoreError::Gone { path: directory.database() };
        let identity = directory.database_stamp().ok_or_else(gone)?.identity();
        let left = Some(Left::now(&directory));
        let connection = Some(connection);
        let slot = Slot { connection, left, marks, acknowledged, is_closed: false };
        let shared = Arc::new(Shared { directory, health: Health::default(), identity });
        Ok(Self { shared, slot: Arc::new(Mutex::new(slot)) })
    }

    /// Begins a change. It is undone unless [`Transaction::commit`] says that it was made.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        let begun = self.begin_alone().await;
        if let Err(error) = &begun {
            self.shared.health.failed(error);
        }
        begun
    }

    async fn begin_alone(&self) -> Result<Transaction, StoreError> {
        let mut lease = self.lease().await?;
        if let Err(error) = lease.expect_untouched().await {
            // The copy still reads what was stored.
            lease.give_back();
            return Err(error);
        }
        lease.connect().await?;
        let mut transaction = Transaction { lease, is_broken: false };
        transaction.execute(sqlx::query("BEGIN IMMEDIATE")).await?;
        Ok(transaction)
    }

    /// The rows of a query outside a change.
    pub(super) async fn rows(&self, query: Statement<'_>) -> Result<Vec<SqliteRow>, StoreError> {
        let mut lease = self.lease().await?;
        let rows = query.fetch_all(lease.connect().await?).await;
        let rows = rows.map_err(|error| failed(error, &self.shared.directory));
        match &rows {
            Ok(_) => lease.give_back(),
            Err(error @ StoreError::Malformed { .. }) => self.shared.health.failed(error),
            Err(_) => {}
        }
        rows
    }

    /// Runs a statement that copies the database.
    pub(super) async fn copy(&self, statement: Statement<'_>) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        self.shared.health.copies();
        statement.execute(lease.connect().await?).await?;
        lease.give_back();
        Ok(())
    }

    /// Whether a copy is being made.
    pub(super) fn is_copying(&self) -> bool {
        self.shared.health.is_copying()
    }

    /// As [`Owner::rows`], where there is one at most.
    pub(super) async fn row(&self, query: Statement<'_>) -> Result<Option<SqliteRow>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Why nothing can be changed; absent when something can.
    pub(super) fn problem(&self) -> Option<String> {
        let is_there = |stamp: &Stamp| stamp.identity() == self.shared.identity;
        if self.shared.directory.database_stamp().filter(is_there).is_none() {
            return Some(StoreError::Gone { path: self.shared.directory.database() }.to_string());
        }
        self.shared.health.problem()
    }

    /// As [`Health::stuck_for`].
    pub(super) fn stuck_for(&self) -> Option<u64> {
        self.shared.health.stuck_for()
    }

    /// As [`Health::began_before`].
    #[cfg(test)]
    pub(super) fn began_before(&self, time: Duration) {
        self.shared.health.began_before(time);
    }

    /// Whether the last change failed.
    pub(super) fn is_failing(&self) -> bool {
        self.shared.health.is_failing()
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    /// Closes the connection for good, and lets another server have the directory.
    pub(super) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        slot.is_closed = true;
        if let Some(connection) = slot.connection.take() {
            end(connection).await;
        }
        self.shared.directory.unlock();
    }

    /// Waits until a connection on which something failed is closed.
    #[cfg(test)]
    pub(super) async fn closed(&self) {
        assert!(self.slot.lock().await.connection.is_none());
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        let slot = tokio::time::timeout(PATIENCE, Arc::clone(&self.slot).lock_owned()).await;
        let slot = slot.map_err(|_| StoreError::Stuck { seconds: PATIENCE.as_secs() })?;
        self.shared.health.begins();
        let mut held = Held { slot, shared: Arc::clone(&self.shared) };
        if held.slot.is_closed {
            return Err(StoreError::Closed);
        }
        Ok(Lease { connection: held.slot.connection.take(), held: Some(held) })
    }
}

/// The slot, held alone.
#[derive(Debug)]
struct Held {
    slot: OwnedMutexGuard<Slot>,
    shared: Arc<Shared>,
}

impl Held {
    /// Checks, while the log holds what was acknowledged, that it belongs to the database as it is:
    /// SQLite would write it into any.
    fn expect_log_fits(&self) -> Result<(), StoreError> {
        let directory = &self.shared.directory;
        let now = Left::now(directory);
        match self.slot.left {
            Some(left) if self.slot.acknowledged > 0 && !left.is_as(now) => {
                let is_log = left.database == now.database;
                let path = if is_log { directory.log() } else { directory.database() };
                Err(StoreError::Changed { path })
            }
            _ => Ok(()),
        }
    }

    /// Closes a connection on which something failed. What that writes is not foreign.
    async fn end(mut self, connection: SqliteConnection) {
        let before = Left::now(&self.shared.directory);
        let is_ours = self.slot.left.is_none_or(|left| left.is_as(before));
        end(connection).await;
        if is_ours {
            let directory = &self.shared.directory;
            self.slot.acknowledged = self.slot.acknowledged.min(directory.log_bytes());
            self.slot.left = Some(Left::now(directory));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.health.ends();
    }
}

/// The connection in the hands of one operation. Dropped before it was given back, the connection is
/// closed, and until then no other operation gets one.
#[derive(Debug)]
struct Lease {
    connection: Option<SqliteConnection>,
    held: Option<Held>,
}

impl Lease {
    /// The connection, opened anew if the last operation failed.
    async fn connect(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.connection.is_none() {
            let held = self.held();
            let directory = &held.shared.directory;
            expect_in_place(&held.shared)?;
            held.expect_log_fits()?;
            // INVARIANT: what was refused is not in the log when SQLite reads it again. A commit whose
            // sync failed is there from its first byte to its last.
            held.slot.acknowledged = directory.cut_log(held.slot.acknowledged)?;
            let connection = options(directory).create_if_missing(false).connect().await;
            self.connection = Some(connection.map_err(|error| opening(error, directory))?);
            self.expect_mark().await?;
        }
        Ok(self.connection.as_mut().expect("opened above"))
    }

    /// Refuses a database whose last commit is not this process's, such as an older copy.
    async fn expect_mark(&mut self) -> Result<(), StoreError> {
        let connection = self.connection.as_mut().expect("opened by the caller");
        let found = mark(connection).await;
        let held = self.held();
        let found = found.map_err(|error| failed(error, &held.shared.directory))?;
        if !held.slot.marks.knows(&found) {
            return Err(StoreError::Changed { path: held.shared.directory.database() });
        }
        held.slot.left = Some(Left::now(&held.shared.directory));
        Ok(())
    }

    /// Refuses to write to files that another program replaced or changed.
    async fn expect_untouched(&mut self) -> Result<(), StoreError> {
        let held = self.held();
        expect_in_place(&held.shared)?;
        held.expect_log_fits()?;
        if held.slot.left.is_some_and(|left| !left.is_as(Left::now(&held.shared.directory))) {
            // It holds what was there before. The next one reads what is there now, and its mark.
            if let Some(connection) = self.connection.take() {
                end(connection).await;
            }
        }
        Ok(())
    }

    fn held(&mut self) -> &mut Held {
        self.held.as_mut().expect("held until the lease ends")
    }

    /// Keeps the connection for the next operation: nothing failed, and nothing is open.
    fn give_back(mut self) {
        let connection = self.connection.take();
        self.held().slot.connection = connection;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (connection, held) = (self.connection.take(), self.held.take());
        let (Some(connection), Some(held)) = (connection, held) else {
            return;
        };
        // Without a runtime no other operation can ask for a connection.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(held.end(connection));
        }
    }
}

/// A change under way.
#[derive(Debug)]
pub(super) struct Transaction {
    lease: Lease,
    is_broken: bool,
}

impl Transaction {
    /// Changes something.
    pub(super) async fn execute(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<SqliteQueryResult, StoreError> {
        let executed = statement.execute(self.connection()?).await;
        executed.map_err(|error| self.failed_by(error))
    }

    /// Reads, or changes something and says what.
    pub(super) async fn rows(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = statement.fetch_all(self.connection()?).await;
        rows.map_err(|error| self.failed_by(error))
    }

    /// Makes the change. After this it is in the database's own file, unless only the log had room.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let mark = admit::clock::new_id().to_string();
        let write = sqlx::query("REPLACE INTO mark (id, mark) VALUES (1, ?)");
        self.execute(write.bind(mark.clone())).await?;
        let slot = &mut self.lease.held().slot;
        (slot.left, slot.marks.begun) = (None, Some(mark.clone()));
        self.execute(sqlx::query("COMMIT")).await?;
        self.lease.held().slot.marks = Marks { last: mark, begun: None };
        let checkpointed = checkpoint(self.connection()?).await;
        let is_open = checkpointed.as_ref().is_err_and(is_in_transaction);
        if let (Err(error), true) = (&checkpointed, is_open) {
            tracing::error!(error = error_chain(error), "a transaction is open after its COMMIT");
            return Err(self.failed(StoreError::Broken));
        }
        let held = self.lease.held();
        held.slot.acknowledged = match &checkpointed {
            Ok(()) => 0,
            Err(_) => held.shared.directory.log_bytes(),
        };
        let in_place = expect_in_place(&held.shared);
        in_place.map_err(|error| self.failed(error))?;
        self.lease.held().shared.health.succeeded();
        match checkpointed {
            Ok(()) => {
                let held = self.lease.held();
                held.slot.left = Some(Left::now(&held.shared.directory));
                self.lease.give_back();
            }
            // The lease ends here, and closes what failed.
            Err(error) => not_checkpointed(&error),
        }
        Ok(())
    }

    /// The connection, unless something failed on it.
    fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        let connection = self.lease.connection.as_mut().filter(|_| !self.is_broken);
        connection.ok_or(StoreError::Broken)
    }

    fn failed_by(&mut self, error: sqlx::Error) -> StoreError {
        let error = failed(error, &self.lease.held().shared.directory);
        self.failed(error)
    }

    fn failed(&mut self, error: StoreError) -> StoreError {
        self.is_broken = true;
        self.lease.held().shared.health.failed(&error);
        error
    }
}

fn options(directory: &Directory) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(directory.database())
        .foreign_keys(true)
        // An answer "activated" must hold after the power fails.
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Another program that wrote here would change what the server believes to be so.
        .locking_mode(SqliteLockingMode::Exclusive)
        // `commit` does it, and knows whether it succeeded.
        .pragma("wal_autocheckpoint", "0")
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// What the last commit was marked with.
async fn mark(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::query("SELECT mark FROM mark").fetch_optional(connection).await?;
    row.map_or(Ok(String::new()), |row| row.try_get(0))
}

/// Moves everything from the log into the database, so that the database's file alone is the store.
///
/// SQLite refuses this inside a transaction: success says that none is open.
async fn checkpoint(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    let is_busy: i64 = row.try_get(0)?;
    if is_busy == 0 { Ok(()) } else { Err(sqlx::Error::WorkerCrashed) }
}

fn not_checkpointed(error: &sqlx::Error) {
    let error = error_chain(error);
    tracing::warn!(error, "changes are stored, but in the store's log only: copy both files");
}

/// Lets the file shrink. One that was made without this is written anew, once.
async fn give_space_back_from_now_on(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query("PRAGMA auto_vacuum").fetch_one(&mut *connection).await?;
    if row.try_get::<i64, _>(0)? == 0 {
        sqlx::query("PRAGMA auto_vacuum = INCREMENTAL").execute(&mut *connection).await?;
        sqlx::query("VACUUM").execute(connection).await?;
    }
    Ok(())
}

fn expect_in_place(shared: &Shared) -> Result<(), StoreError> {
    let database = shared.directory.database_stamp();
    match database.filter(|stamp| stamp.identity() == shared.identity) {
        Some(_) => Ok(()),
        None => Err(StoreError::Gone { path: shared.directory.database() }),
    }
}

/// Waits until the connection is closed. Whether that succeeds changes nothing: what was acknowledged
/// is synced, and what was not is cut off.
async fn end(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(error = error_chain(&error), "a connection to the store was not closed");
    }
}

fn opening(error: sqlx::Error, directory: &Directory) -> StoreError {
    if is_busy(&error) {
        return StoreError::InUse { path: directory.path().to_owned() };
    }
    failed(error, directory)
}

/// What an error of SQLite means.
fn failed(error: sqlx::Error, directory: &Directory) -> StoreError {
    if is_malformed(&error) {
        return StoreError::Malformed { path: directory.database(), source: error };
    }
    StoreError::Database(error)
}

fn migrating(error: MigrateError, directory: &Directory) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if is_busy(&error) || is_malformed(&error) =>
        {
            opening(error, directory)
        }
        source => StoreError::Migrate { path: directory.database(), source },
    }
}

/// `SQLITE_BUSY` and its extended codes: another process has the file.
fn is_busy(error: &sqlx::Error) -> bool {
    ["5", "261", "517"].contains(&&*code(error)) || is_in_transaction(error)
}

/// `SQLITE_CORRUPT`, `SQLITE_NOTADB` and their extended codes: what is in the file is no database.
fn is_malformed(error: &sqlx::Error) -> bool {
    code(error).parse().is_ok_and(|code: u32| [11, 26].contains(&(code & 0xff)))
}

/// `SQLITE_LOCKED`: this connection itself stands in the way.
fn is_in_transaction(error: &sqlx::Error) -> bool {
    code(error) == "6"
}

fn code(error: &sqlx::Error) -> Cow<'_, str> {
    error.as_database_error().and_then(|error| error.code()).unwrap_or_default()
}
