//! The configured file of a gate that is being tried for its first release.

use super::{NewActivity, Store, StoreError, Trying, lossy, signed};
use admit_api::activity::Actor;

/// What is known of a file that is being tried, or was when the server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstTry {
    pub trying: Trying,
    /// Whether a start found it and set it aside.
    pub is_set_aside: bool,
}

impl Store {
    /// The file of a gate that is being tried or was set aside; absent when there is none.
    pub async fn first_try(&self, gate: &str) -> Result<Option<FirstTry>, StoreError> {
        let query = sqlx::query("SELECT digest, since, set_aside FROM first_try WHERE gate = ?");
        let row = self.row(query.bind(gate)).await?;
        Ok(row.map(|row| FirstTry {
            trying: Trying {
                digest: lossy::text(&row, "digest"),
                since: lossy::number(&row, "since"),
            },
            is_set_aside: lossy::number(&row, "set_aside") != 0,
        }))
    }

    /// Writes down, before anything is made of it, that a gate's file is being tried.
    pub async fn begin_first_try(&self, gate: &str, trying: &Trying) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let replace = sqlx::query(
            "REPLACE INTO first_try (gate, digest, since, set_aside) VALUES (?, ?, ?, 0)",
        );
        let replace = replace.bind(gate).bind(&trying.digest).bind(signed(trying.since));
        change.execute(replace).await?;
        change.commit().await
    }

    /// Sets the file of a gate aside, which was being tried when the server ended.
    pub async fn set_aside_first(
        &self,
        gate: &str,
        activity: &NewActivity,
        now: u64,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let update = sqlx::query("UPDATE first_try SET set_aside = 1 WHERE gate = ?").bind(gate);
        change.execute(update).await?;
        activity.insert(Some(gate), &Actor::server(), now, &mut change).await?;
        change.commit().await
    }

    /// Writes down that the file of a gate is no longer being tried.
    pub async fn end_first_try(&self, gate: &str) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        change.execute(sqlx::query("DELETE FROM first_try WHERE gate = ?").bind(gate)).await?;
        change.commit().await
    }
}
