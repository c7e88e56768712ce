//! What came last from the watched source of each gate, and what is being tried.

use super::{NewActivity, Store, StoreError, Transaction, lossy, signed};
use admit_api::activity::Actor;

/// What came last from a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The digest of the bytes, whether they were a component or not.
    pub digest: String,
    pub verdict: Verdict,
    /// Why they were refused; absent when they were not.
    pub error: Option<String>,
    /// The version of this program that found so.
    pub host: String,
    /// When, seconds since 1970.
    pub at: u64,
}

/// What came of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The gate was given it, or had it.
    Applied,
    /// What it is refused it.
    Content,
    /// Something else refused it: settings, cases, the gate's policy, the machine.
    Passing,
    /// The server ended while it was tried.
    Ended,
}

impl Verdict {
    const ALL: [Self; 4] = [Self::Applied, Self::Content, Self::Passing, Self::Ended];

    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Content => "content",
            Self::Passing => "passing",
            Self::Ended => "ended",
        }
    }

    /// The verdict of this name. What no version knows is tried again.
    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text).unwrap_or(Self::Passing)
    }
}

/// A component that is being tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trying {
    /// The digest of its bytes.
    pub digest: String,
    /// Since when, seconds since 1970.
    pub since: u64,
}

impl Store {
    /// What came last from a gate's source; absent when nothing ever came.
    pub async fn source(&self, gate: &str) -> Result<Option<SourceRow>, StoreError> {
        let query = sqlx::query("SELECT * FROM source WHERE gate = ?").bind(gate);
        let row = self.row(query).await?;
        Ok(row.map(|row| SourceRow {
            digest: lossy::text(&row, "digest"),
            verdict: Verdict::parse(&lossy::text(&row, "verdict")),
            error: lossy::optional_text(&row, "error"),
            host: lossy::text(&row, "host"),
            at: lossy::number(&row, "at"),
        }))
    }

    /// Writes down what came from a gate's source, in the place of what came before. Unless `tries_on`,
    /// also that it is no longer being tried.
    pub async fn note_source(
        &self,
        gate: &str,
        row: &SourceRow,
        activity: Option<&NewActivity>,
        tries_on: bool,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        upsert(gate, row, &mut change).await?;
        if !tries_on {
            change.execute(sqlx::query("DELETE FROM trying WHERE gate = ?").bind(gate)).await?;
        }
        if let Some(activity) = activity {
            activity.insert(Some(gate), &Actor::server(), row.at, &mut change).await?;
        }
        change.commit().await
    }

    /// Writes down, before anything is made of it, that a gate's component is being tried.
    pub async fn begin_trying(&self, gate: &str, trying: &Trying) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let replace = sqlx::query("REPLACE INTO trying (gate, digest, since) VALUES (?, ?, ?)");
        let replace = replace.bind(gate).bind(&trying.digest).bind(signed(trying.since));
        change.execute(replace).await?;
        change.commit().await
    }

    /// The component of a gate that was being tried when the server ended; absent when none was.
    pub async fn trying(&self, gate: &str) -> Result<Option<Trying>, StoreError> {
        let query = sqlx::query("SELECT digest, since FROM trying WHERE gate = ?").bind(gate);
        let row = self.row(query).await?;
        Ok(row.map(|row| Trying {
            digest: lossy::text(&row, "digest"),
            since: lossy::number(&row, "since"),
        }))
    }

    /// Writes down that nothing is being tried: this server ends because it was asked to.
    pub async fn end_trying(&self) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        change.execute(sqlx::query("DELETE FROM trying")).await?;
        change.execute(sqlx::query("DELETE FROM first_try WHERE set_aside = 0")).await?;
        change.commit().await
    }
}

async fn upsert(gate: &str, row: &SourceRow, change: &mut Transaction) -> Result<(), StoreError> {
    let replace = sqlx::query(
        "REPLACE INTO source (gate, digest, error, verdict, host, at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(gate)
    .bind(&row.digest)
    .bind(&row.error)
    .bind(row.verdict.as_str())
    .bind(&row.host)
    .bind(signed(row.at));
    change.execute(replace).await.map(drop)
}
