//! Attempts to give a gate another release, and what came of them.

use std::collections::HashMap;

use admit::decision::PolicyRef;
use sqlx::Row;

use super::{NewActivity, Store, StoreError, Transaction, signed, unsigned};
use crate::actor::Actor;

/// What led to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The server started.
    Start,
    /// Another policy was asked for.
    Policy,
    /// Other settings were asked for.
    Settings,
    /// A candidate was promoted.
    Promote,
    /// Somebody went back to the release before.
    Rollback,
    /// The server went back to the release before, because the newer one kept failing.
    Revert,
    /// A watched file changed.
    Source,
}

impl Action {
    /// The name that is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Policy => "policy",
            Self::Settings => "settings",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Revert => "revert",
            Self::Source => "source",
        }
    }
}

/// An attempt that changed nothing, about to be written.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// The gate.
    pub gate: &'a str,
    /// What led to it.
    pub action: Action,
    /// Seconds since 1970.
    pub at: u64,
    /// The step that failed.
    pub step: &'a str,
    /// Why, one line.
    pub error: &'a str,
    /// The policy; absent when the artefact could not be read.
    pub policy: Option<&'a PolicyRef>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Rises with each.
    pub id: u64,
    /// Seconds since 1970.
    pub at: u64,
    /// Who.
    pub actor: Actor,
    /// What led to it, as [`Action::as_str`] names it.
    pub action: String,
    /// The step that failed and why; absent when the release was activated.
    pub failure: Option<(String, String)>,
    /// The policy; absent when the artefact could not be read.
    pub policy: Option<PolicyRef>,
    /// The release's digest; absent when refused.
    pub release: Option<String>,
    /// The gate's generation since; absent when refused.
    pub generation: Option<u64>,
    /// Whether it is what the gate decides with.
    pub active: bool,
}

/// The beginning of a query that knows `way`: the active release of each gate and those that roll-backs
/// lead to, at most so many.
macro_rules! way_back {
    ($most:literal) => {
        concat!(
            "WITH RECURSIVE way (id, steps) AS (SELECT active, 1 FROM gate \
             UNION ALL SELECT attempt.previous, steps + 1 FROM way JOIN attempt USING (id) \
             WHERE attempt.previous IS NOT NULL AND steps < ",
            $most,
            ") "
        )
    };
}

impl Store {
    /// Writes an attempt that changed nothing, and its activity.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn refuse(
        &self,
        refusal: &Refusal<'_>,
        actor: &Actor,
        activity: &NewActivity,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let policy = refusal.policy;
        let insert = sqlx::query(
            "INSERT INTO attempt (gate, at, actor, role, action, step, error, component, \
             policy_name, policy_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(refusal.gate)
        .bind(signed(refusal.at))
        .bind(&actor.name)
        .bind(&actor.role)
        .bind(refusal.action.as_str())
        .bind(refusal.step)
        .bind(refusal.error)
        .bind(policy.map(|policy| policy.digest.to_string()))
        .bind(policy.map(|policy| policy.name.to_string()))
        .bind(policy.map(|policy| policy.version.to_string()));
        change.execute(insert).await?;
        activity.insert(Some(refusal.gate), actor, refusal.at, &mut change).await?;
        prune(refusal.gate, &mut change).await?;
        change.commit().await
    }

    /// At most `limit` attempts of a gate with a smaller id than `before`, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn attempts(
        &self,
        gate: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT attempt.*, gate.active IS attempt.id AS is_active FROM attempt \
             LEFT JOIN gate ON gate.name = attempt.gate \
             WHERE attempt.gate = ? AND attempt.id < ? ORDER BY attempt.id DESC LIMIT ?",
        )
        .bind(gate)
        .bind(signed(before.unwrap_or(u64::MAX)))
        .bind(limit);
        self.rows(rows).await?.iter().map(read).collect()
    }
}

impl Store {
    /// The last attempt of each gate that had one, by the gate's name.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn last_attempts(&self) -> Result<HashMap<String, Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT attempt.*, gate.active IS attempt.id AS is_active FROM attempt \
             LEFT JOIN gate ON gate.name = attempt.gate \
             WHERE attempt.id IN (SELECT max(id) FROM attempt GROUP BY gate)",
        );
        let rows = self.rows(rows).await?;
        rows.iter().map(|row| Ok((row.try_get("gate")?, read(row)?))).collect()
    }
}

/// Attempts of each gate that are kept: so many that were refused, and so many that were not.
const KEPT_ATTEMPTS: i64 = 500;

/// Releases of each gate whose components are kept: so many of the newest, and so many on the way
/// back from the active one.
const KEPT_RELEASES: i64 = 20;

/// Forgets what is too old to go back to, so that the file does not grow for ever.
///
/// Refused attempts are counted apart: however many there are, the way back stays.
pub(super) async fn prune(gate: &str, change: &mut Transaction) -> Result<(), StoreError> {
    let attempts = sqlx::query(concat!(
        way_back!("?3"),
        "DELETE FROM attempt WHERE gate = ?1 AND id NOT IN (SELECT id FROM way) \
         AND id NOT IN (SELECT id FROM attempt WHERE gate = ?1 AND release IS NULL \
             ORDER BY id DESC LIMIT ?2) \
         AND id NOT IN (SELECT id FROM attempt WHERE gate = ?1 AND release IS NOT NULL \
             ORDER BY id DESC LIMIT ?2)"
    ))
    .bind(gate)
    .bind(KEPT_ATTEMPTS)
    .bind(KEPT_RELEASES);
    change.execute(attempts).await?;
    let components = sqlx::query(concat!(
        way_back!("?1"),
        "DELETE FROM component \
         WHERE digest NOT IN (SELECT attempt.component FROM way JOIN attempt USING (id)) \
         AND digest NOT IN (SELECT component FROM (SELECT component, \
             ROW_NUMBER() OVER (PARTITION BY gate ORDER BY id DESC) AS age \
             FROM attempt WHERE release IS NOT NULL) WHERE age <= ?1)"
    ))
    .bind(KEPT_RELEASES);
    change.execute(components).await.map(drop)
}

fn read(row: &sqlx::sqlite::SqliteRow) -> Result<Attempt, StoreError> {
    let step: Option<String> = row.try_get("step")?;
    let error: Option<String> = row.try_get("error")?;
    let generation: Option<i64> = row.try_get("generation")?;
    Ok(Attempt {
        id: unsigned(row.try_get("id")?)?,
        at: unsigned(row.try_get("at")?)?,
        actor: Actor { name: row.try_get("actor")?, role: row.try_get("role")? },
        action: row.try_get("action")?,
        failure: step.map(|step| (step, error.unwrap_or_default())),
        policy: policy(row)?,
        release: row.try_get("release")?,
        generation: generation.map(unsigned).transpose()?,
        active: row.try_get("is_active")?,
    })
}

fn policy(row: &sqlx::sqlite::SqliteRow) -> Result<Option<PolicyRef>, StoreError> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    let parts = (text("policy_name")?, text("policy_version")?, text("component")?);
    let (Some(name), Some(version), Some(digest)) = parts else {
        return Ok(None);
    };
    Ok(Some(PolicyRef { name: name.into(), version: version.into(), digest: digest.into() }))
}
