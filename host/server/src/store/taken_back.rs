//! Releases that kept failing, so that the server took them back.

use std::fmt;

use admit::decision::PolicyRef;
use admit::failure::error_chain;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{NewActivity, Store, StoreError, Transaction, lossy, signed, unsigned};
use crate::authority::Granted;
use crate::time::rfc3339;

/// A release that is known to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// The release's digest.
    pub release: String,
    pub policy: PolicyRef,
    /// When the server took it back, seconds since 1970.
    pub at: u64,
    /// Decisions that had failed by then.
    pub faults: u32,
    /// The reason code of the last of them.
    pub reason: String,
    /// What failed then, one line; empty when there is no more to say than the reason.
    pub error: String,
}

impl TakenBack {
    /// Entries of each gate that are kept, the newest: several times as many as there are releases on
    /// its way back.
    pub const MAX: usize = 100;
}

impl fmt::Display for TakenBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, at, faults, reason, error, .. } = self;
        let (at, plural) = (rfc3339(*at), if *faults == 1 { "" } else { "s" });
        write!(f, "`{} {}` with these settings ", policy.name, policy.version)?;
        write!(f, "was taken back at {at} after {faults} fault{plural} (`{reason}`")?;
        if !error.is_empty() {
            write!(f, ": {error}")?;
        }
        f.write_str(")")
    }
}

impl Store {
    /// The releases of a gate that are known to fail, the newest entry first. An entry that is damaged
    /// is named in the log and left out: it keeps no gate from starting.
    pub async fn taken_back(&self, gate: &str) -> Result<Vec<TakenBack>, StoreError> {
        let rows =
            sqlx::query("SELECT *, rowid FROM taken_back WHERE gate = ? ORDER BY rowid DESC");
        let rows = self.rows(rows.bind(gate)).await?;
        let entry = |row: &SqliteRow| match read(row) {
            Ok(taken) => Some(taken),
            Err(error) => {
                let release = lossy::text(row, "release");
                let (row, error) = (lossy::number(row, "rowid"), error_chain(&error));
                tracing::error!(
                    gate,
                    table = "taken_back",
                    row,
                    release,
                    error,
                    "an entry of a release that was taken back is damaged and does not count"
                );
                None
            }
        };
        Ok(rows.iter().filter_map(entry).collect())
    }

    /// Writes down that a gate's release was taken back and that no other took its place.
    pub async fn withdraw(
        &self,
        gate: &str,
        taken: &TakenBack,
        activities: &[NewActivity],
        by: &Granted,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        insert(gate, taken, &mut change).await?;
        for activity in activities {
            activity.insert(Some(gate), by.actor(), taken.at, &mut change).await?;
        }
        change.commit().await
    }
}

pub(super) async fn insert(
    gate: &str,
    taken: &TakenBack,
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let replace = sqlx::query(
        "REPLACE INTO taken_back (gate, release, at, faults, reason, error, component, \
         policy_name, policy_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(gate)
    .bind(&taken.release)
    .bind(signed(taken.at))
    .bind(taken.faults)
    .bind(&taken.reason)
    .bind(&taken.error)
    .bind(taken.policy.digest.to_string())
    .bind(taken.policy.name.to_string())
    .bind(taken.policy.version.to_string());
    change.execute(replace).await?;
    let delete = sqlx::query(
        "DELETE FROM taken_back WHERE gate = ?1 AND rowid NOT IN \
         (SELECT rowid FROM taken_back WHERE gate = ?1 ORDER BY rowid DESC LIMIT ?2)",
    )
    .bind(gate)
    .bind(signed(TakenBack::MAX as u64));
    change.execute(delete).await.map(drop)
}

/// Forgets that a release failed: somebody has forced it.
pub(super) async fn forget(
    gate: &str,
    release: &str,
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM taken_back WHERE gate = ? AND release = ?");
    change.execute(delete.bind(gate).bind(release)).await.map(drop)
}

fn read(row: &SqliteRow) -> Result<TakenBack, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let policy = PolicyRef {
        name: text("policy_name")?.into(),
        version: text("policy_version")?.into(),
        digest: text("component")?.into(),
    };
    Ok(TakenBack {
        release: text("release")?,
        policy,
        at: unsigned(row.try_get("at")?)?,
        faults: row.try_get("faults")?,
        reason: text("reason")?,
        error: text("error")?,
    })
}
