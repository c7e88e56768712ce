//! What came last from the watched source of each gate.

use sqlx::Row;

use super::{Store, StoreError};

/// What came last from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The digest of the bytes, whether they were a component or not.
    pub digest: String,
    /// Why they were refused; absent when they were not.
    pub error: Option<String>,
}

impl Store {
    /// What came last from a gate's source; absent when nothing ever came.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn source(&self, gate: &str) -> Result<Option<SourceRow>, StoreError> {
        let query = sqlx::query("SELECT digest, error FROM source WHERE gate = ?").bind(gate);
        let Some(row) = self.row(query).await? else {
            return Ok(None);
        };
        Ok(Some(SourceRow { digest: row.try_get("digest")?, error: row.try_get("error")? }))
    }

    /// Writes down what came from a gate's source, in the place of what came before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn note_source(&self, gate: &str, row: &SourceRow) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let upsert = sqlx::query(
            "INSERT INTO source (gate, digest, error) VALUES (?, ?, ?) \
             ON CONFLICT (gate) DO UPDATE SET digest = excluded.digest, error = excluded.error",
        )
        .bind(gate)
        .bind(&row.digest)
        .bind(&row.error);
        change.execute(upsert).await?;
        change.commit().await
    }
}
