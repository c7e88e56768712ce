//! Access tokens, by their digests.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, lossy, signed};
use crate::authority::Granted;
use crate::store::NewActivity;

/// An access token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// Rises with each; 0 of one that is not stored yet.
    pub number: u64,
    /// The public part of the token.
    pub id: String,
    pub name: String,
    /// The role's name.
    pub role: String,
    /// SHA-256 of the secret part.
    pub secret_sha256: Vec<u8>,
    /// Seconds since 1970.
    pub created_at: u64,
    /// The name of the token that created it.
    pub created_by: String,
    /// The id of that token; absent for the server itself, and for what was created before ids were
    /// recorded.
    pub created_by_id: Option<String>,
    /// Seconds since 1970; absent while it counts.
    pub revoked_at: Option<u64>,
}

impl Store {
    /// Every access token, the oldest first.
    pub async fn access(&self) -> Result<Vec<AccessRow>, StoreError> {
        let rows = sqlx::query("SELECT rowid AS number, * FROM access ORDER BY rowid");
        Ok(self.rows(rows).await?.iter().map(read).collect())
    }

    /// At most `limit` access tokens with a smaller number than `before`, the newest first.
    pub async fn access_page(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AccessRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT rowid AS number, * FROM access WHERE rowid < ? ORDER BY rowid DESC LIMIT ?",
        )
        .bind(signed(before.unwrap_or(u64::MAX)))
        .bind(limit);
        Ok(self.rows(rows).await?.iter().map(read).collect())
    }

    /// Adds an access token.
    pub async fn add_access(&self, row: &AccessRow, by: &Granted) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let insert = sqlx::query(
            "INSERT INTO access (id, name, role, secret_sha256, created_at, created_by, created_by_id) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&row.id)
        .bind(&row.name)
        .bind(&row.role)
        .bind(&row.secret_sha256)
        .bind(signed(row.created_at))
        .bind(&row.created_by)
        .bind(&row.created_by_id);
        change.execute(insert).await?;
        let activity = NewActivity::about_access("created_access", &row.id, &row.name, &row.role);
        activity.insert(None, by.actor(), row.created_at, &mut change).await?;
        change.commit().await
    }

    /// Revokes an access token; says whether there was one to revoke.
    pub async fn revoke_access(
        &self,
        id: &str,
        by: &Granted,
        now: u64,
    ) -> Result<bool, StoreError> {
        let mut change = self.begin().await?;
        let revoke = sqlx::query(
            "UPDATE access SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL \
             RETURNING name, role",
        )
        .bind(signed(now))
        .bind(id);
        let revoked = change.rows(revoke).await?;
        if let Some(row) = revoked.first() {
            let (name, role) = (lossy::text(row, "name"), lossy::text(row, "role"));
            let activity = NewActivity::about_access("revoked_access", id, &name, &role);
            activity.insert(None, by.actor(), now, &mut change).await?;
        }
        change.commit().await?;
        Ok(!revoked.is_empty())
    }
}

fn read(row: &SqliteRow) -> AccessRow {
    AccessRow {
        number: lossy::number(row, "number"),
        id: lossy::text(row, "id"),
        name: lossy::text(row, "name"),
        role: lossy::text(row, "role"),
        secret_sha256: row.try_get_unchecked("secret_sha256").unwrap_or_default(),
        created_at: lossy::number(row, "created_at"),
        created_by: lossy::text(row, "created_by"),
        created_by_id: lossy::optional_text(row, "created_by_id"),
        revoked_at: lossy::optional_number(row, "revoked_at"),
    }
}
