//! What the store forgets, so that its file does not grow for ever.

use std::time::Duration;

use admit::cases::shape;
use admit::cases::strict::{Form, whole};
use sqlx::Row;

use super::{Store, StoreError, Transaction, signed};

shape! {
    /// What the store keeps of what is over. What gates decide with, and what roll-backs lead to, is kept
    /// whatever stands here.
    pub struct Retention (Copy, Eq): Default {
        /// Activities, the newest.
        pub activities: u64 = "activities", whole(100..=10_000_000).or(100_000);
        /// Days after which an activity is forgotten.
        pub activity_age: Duration = "activity_days", days().or(DAYS_400);
        /// Attempts of each gate: this many that were refused, and this many that were not.
        pub attempts: u64 = "attempts", whole(10..=10_000).or(500);
        /// Releases of each gate that can be gone back to: this many of the newest, and this many on the way back
        /// from the active one.
        pub releases: u64 = "releases", whole(2..=200).or(20);
        /// Days after which an access token that was revoked is forgotten.
        pub revoked_access_age: Duration = "revoked_access_days", days().or(DAYS_400);
    }
}

const DAYS_400: Duration = Duration::from_secs(400 * DAY);

/// Days, a hundred years at most.
fn days() -> Form<Duration> {
    whole(1..=36_500).map(|days| Duration::from_secs(days * DAY), |age| age.as_secs() / DAY)
}

/// Seconds.
pub(super) const DAY: u64 = 24 * 60 * 60;

/// The most revoked access tokens, whatever their age.
const REVOKED_ACCESS: i64 = 10_000;

/// Activities that one transaction looks at: changes wait for it.
const AT_ONCE: i64 = 1_000;

/// Pages that are given back in one change.
const PAGES_AT_ONCE: i64 = 1_000;

/// Pages that may lie free for what comes next, of 4 KiB each.
const FREE_PAGES: i64 = 64;

/// The beginning of a query that knows `way`: the active release of a gate and those that roll-backs
/// lead to.
macro_rules! way_back {
    () => {
        "WITH RECURSIVE way (id, steps) AS (SELECT active, 1 FROM gate WHERE name = ?1 \
         UNION ALL SELECT attempt.previous, steps + 1 FROM way JOIN attempt USING (id) \
         WHERE attempt.previous IS NOT NULL AND steps < ?2) "
    };
}

/// Forgets attempts of a gate, and what can no longer be gone back to.
///
/// Refused attempts are counted apart: however many there are, the way back stays.
pub(super) async fn forget_attempts(
    gate: &str,
    retention: &Retention,
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let releases = signed(retention.releases);
    let attempts = signed(retention.attempts).max(releases);
    let too_old_to_go_back_to = sqlx::query(concat!(
        way_back!(),
        "UPDATE attempt SET settings = NULL WHERE gate = ?1 AND settings IS NOT NULL \
         AND id NOT IN (SELECT id FROM way) \
         AND id NOT IN (SELECT id FROM attempt WHERE gate = ?1 AND release IS NOT NULL \
             ORDER BY id DESC LIMIT ?2)"
    ));
    change.execute(too_old_to_go_back_to.bind(gate).bind(releases)).await?;
    let too_old = sqlx::query(concat!(
        way_back!(),
        "DELETE FROM attempt WHERE gate = ?1 AND id NOT IN (SELECT id FROM way) \
         AND id NOT IN (SELECT id FROM attempt WHERE gate = ?1 AND release IS NULL \
             ORDER BY id DESC LIMIT ?3) \
         AND id NOT IN (SELECT id FROM attempt WHERE gate = ?1 AND release IS NOT NULL \
             ORDER BY id DESC LIMIT ?3)"
    ));
    change.execute(too_old.bind(gate).bind(releases).bind(attempts)).await?;
    forget_components(change).await
}

/// Forgets the components of which no release can be made any more.
async fn forget_components(change: &mut Transaction) -> Result<(), StoreError> {
    let unused = "DELETE FROM component WHERE NOT EXISTS (SELECT 1 FROM attempt \
                  WHERE attempt.component = component.digest AND attempt.settings IS NOT NULL)";
    change.execute(sqlx::query(unused)).await.map(drop)
}

impl Store {
    /// Forgets what is more or older than is to be kept, and gives its space back. Others have their
    /// turns in between.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was forgotten by then stays so.
    pub async fn tidy(&self, now: u64) -> Result<(), StoreError> {
        let gates = self.rows(sqlx::query("SELECT DISTINCT gate FROM attempt")).await?;
        for gate in gates {
            let gate: String = gate.try_get("gate")?;
            let mut change = self.begin().await?;
            forget_attempts(&gate, &self.retention, &mut change).await?;
            change.commit().await?;
        }
        self.forget_access(now).await?;
        while self.forget_activities(now).await? {}
        while self.give_space_back().await? {}
        Ok(())
    }

    async fn forget_access(&self, now: u64) -> Result<(), StoreError> {
        let before = now.saturating_sub(self.retention.revoked_access_age.as_secs());
        let mut change = self.begin().await?;
        let old = sqlx::query(
            "DELETE FROM access WHERE revoked_at < ? OR revoked_at IS NOT NULL AND id NOT IN \
             (SELECT id FROM access WHERE revoked_at IS NOT NULL ORDER BY revoked_at DESC LIMIT ?)",
        );
        change.execute(old.bind(signed(before)).bind(REVOKED_ACCESS)).await?;
        change.commit().await
    }

    async fn forget_activities(&self, now: u64) -> Result<bool, StoreError> {
        let before = now.saturating_sub(self.retention.activity_age.as_secs());
        let mut change = self.begin().await?;
        let old = sqlx::query(
            "DELETE FROM activity WHERE id IN (SELECT id FROM \
             (SELECT id, at FROM activity ORDER BY id LIMIT ?1) \
             WHERE at < ?2 OR id <= (SELECT max(id) FROM activity) - ?3)",
        );
        let old = old.bind(AT_ONCE).bind(signed(before)).bind(signed(self.retention.activities));
        let forgotten = change.execute(old).await?.rows_affected();
        change.commit().await?;
        Ok(forgotten > 0)
    }

    /// Gives free pages of the file back; says whether there are more to give.
    async fn give_space_back(&self) -> Result<bool, StoreError> {
        let free = self.free_pages().await?;
        if free <= FREE_PAGES {
            return Ok(false);
        }
        let mut change = self.begin().await?;
        let pages = PAGES_AT_ONCE.min(free);
        let shrink = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({pages})"));
        change.execute(sqlx::query(shrink)).await?;
        change.commit().await?;
        Ok(self.free_pages().await? < free)
    }

    async fn free_pages(&self) -> Result<i64, StoreError> {
        let row = self.row(sqlx::query("PRAGMA freelist_count")).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    }
}
