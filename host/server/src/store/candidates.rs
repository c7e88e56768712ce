//! The candidate of each gate.

use admit::release::component_digest;
use serde_json::{Map, Value};
use sqlx::Row;

use super::gates::{expect_digest, settings_digest, settings_of, text};
use super::{NewActivity, Store, StoreError, Transaction, signed, unsigned};
use crate::authority::Granted;

#[derive(Clone, Debug, PartialEq)]
pub struct CandidateRow {
    /// Its policy, in binary form.
    pub component: Vec<u8>,
    /// Its settings, with those that the policy does not know.
    pub settings: Map<String, Value>,
    /// The gate's revision when it was made.
    pub revision: u64,
}

impl Store {
    /// A gate's candidate; absent when it has none.
    pub async fn candidate(&self, gate: &str) -> Result<Option<CandidateRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM candidate WHERE gate = ?");
        let Some(row) = self.row(row.bind(gate)).await? else {
            return Ok(None);
        };
        let (component, digest): (Vec<u8>, Option<String>) =
            (row.try_get("bytes")?, row.try_get("digest")?);
        if let Some(digest) = digest {
            expect_digest(&component, &digest)?;
        }
        Ok(Some(CandidateRow {
            component,
            settings: settings_of(&row)?,
            revision: unsigned(row.try_get("revision")?)?,
        }))
    }

    /// Keeps a gate's candidate in the place of the one before, with the activities that record it.
    pub async fn keep_candidate(
        &self,
        gate: &str,
        candidate: &CandidateRow,
        activities: &[NewActivity],
        by: &Granted,
        at: u64,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let settings = text(&candidate.settings);
        let replace = sqlx::query(
            "REPLACE INTO candidate (gate, digest, bytes, settings, settings_digest, revision) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(gate)
        .bind(component_digest(&candidate.component).to_string())
        .bind(&candidate.component)
        .bind(&settings)
        .bind(settings_digest(&settings))
        .bind(signed(candidate.revision));
        change.execute(replace).await?;
        for activity in activities {
            activity.insert(Some(gate), by.actor(), at, &mut change).await?;
        }
        change.commit().await
    }

    /// Forgets a gate's candidate, with the activity that records it.
    pub async fn end_candidate(
        &self,
        gate: &str,
        activity: &NewActivity,
        by: &Granted,
        at: u64,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        forget(gate, &mut change).await?;
        activity.insert(Some(gate), by.actor(), at, &mut change).await?;
        change.commit().await
    }
}

/// Forgets a gate's candidate, as when it becomes the release.
pub(super) async fn forget(gate: &str, change: &mut Transaction) -> Result<(), StoreError> {
    let delete = sqlx::query("DELETE FROM candidate WHERE gate = ?").bind(gate);
    change.execute(delete).await.map(drop)
}
