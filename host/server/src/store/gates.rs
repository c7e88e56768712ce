//! What each gate has now, and the releases it may go back to.

use admit::decision::PolicyRef;
use serde_json::{Map, Value};
use sqlx::{Row, SqliteConnection};

use super::attempts::prune;
use super::{Action, NewActivity, Store, StoreError, object, signed, unsigned};
use crate::actor::Actor;

/// What a gate had when it was last changed.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRow {
    /// Its settings, with those that the policy does not know.
    pub settings: Map<String, Value>,
    /// Counts changes of policy or settings.
    pub revision: u64,
    /// The number of its last activation.
    pub generation: u64,
    /// The last good release; absent when it is not there, as only a damaged store has it.
    pub active: Option<StoredRelease>,
}

/// A release that was activated once.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRelease {
    /// The attempt that activated it.
    pub id: u64,
    /// Its policy, in binary form.
    pub component: Vec<u8>,
    /// The settings it was sealed with.
    pub settings: Map<String, Value>,
    /// The gate's generation then.
    pub generation: u64,
    /// The attempt that a roll-back goes to; absent for the first release.
    pub previous: Option<u64>,
}

/// A release about to be activated.
#[derive(Clone, Debug)]
pub struct Activation<'a> {
    /// The gate.
    pub gate: &'a str,
    /// What led to it.
    pub action: Action,
    /// Seconds since 1970.
    pub at: u64,
    /// The policy.
    pub policy: &'a PolicyRef,
    /// The policy in binary form.
    pub component: &'a [u8],
    /// The release's digest.
    pub release: &'a str,
    /// The settings it was sealed with.
    pub sealed: &'a Map<String, Value>,
    /// All settings of the gate, with those that the policy does not know.
    pub settings: &'a Map<String, Value>,
    /// The gate's revision from now on.
    pub revision: u64,
    /// The gate's generation from now on.
    pub generation: u64,
    /// The attempt that a roll-back goes to.
    pub previous: Option<u64>,
    /// What is told of it.
    pub activities: &'a [NewActivity],
}

/// Settings about to be kept that change nothing about the release.
#[derive(Clone, Copy, Debug)]
pub struct SettingsKept<'a> {
    /// All settings of the gate.
    pub settings: &'a Map<String, Value>,
    /// The gate's revision from now on.
    pub revision: u64,
    /// Whether the gate's candidate ends with it.
    pub ends_candidate: bool,
    /// What is told of it.
    pub activities: &'a [NewActivity],
}

impl Store {
    /// What a gate has; absent when it never had a release.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn gate(&self, name: &str) -> Result<Option<GateRow>, StoreError> {
        let row = sqlx::query(
            "SELECT settings, revision, active, \
             (SELECT max(generation) FROM attempt WHERE gate = gate.name) AS generation \
             FROM gate WHERE name = ?",
        )
        .bind(name)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let settings: String = row.try_get("settings")?;
        let generation: Option<i64> = row.try_get("generation")?;
        let active = self.release(unsigned(row.try_get("active")?)?).await?;
        Ok(Some(GateRow {
            settings: object(&settings)?,
            revision: unsigned(row.try_get("revision")?)?,
            generation: unsigned(generation.unwrap_or(0))?,
            active,
        }))
    }

    /// The names of all gates that have had a release, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn gate_names(&self) -> Result<Vec<String>, StoreError> {
        let names = sqlx::query_scalar("SELECT name FROM gate ORDER BY name");
        Ok(names.fetch_all(&self.pool).await?)
    }

    /// The release that an attempt activated; absent when it activated none, or one too old to be
    /// kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn release(&self, attempt: u64) -> Result<Option<StoredRelease>, StoreError> {
        let row = sqlx::query(
            "SELECT id, settings, generation, previous, bytes FROM attempt \
             JOIN component ON component.digest = attempt.component \
             WHERE id = ? AND release IS NOT NULL",
        )
        .bind(signed(attempt))
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let settings: String = row.try_get("settings")?;
        let previous: Option<i64> = row.try_get("previous")?;
        Ok(Some(StoredRelease {
            id: unsigned(row.try_get("id")?)?,
            component: row.try_get("bytes")?,
            settings: object(&settings)?,
            generation: unsigned(row.try_get("generation")?)?,
            previous: previous.map(unsigned).transpose()?,
        }))
    }

    /// The digests of the stored components of this name and version.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn digests(&self, name: &str, version: &str) -> Result<Vec<String>, StoreError> {
        let digests = sqlx::query_scalar(
            "SELECT digest FROM component WHERE name = ? AND version = ? ORDER BY digest",
        );
        Ok(digests.bind(name).bind(version).fetch_all(&self.pool).await?)
    }

    /// Keeps settings that change nothing about the release, with what is told of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn keep_settings(
        &self,
        gate: &str,
        kept: &SettingsKept<'_>,
        actor: &Actor,
        at: u64,
    ) -> Result<(), StoreError> {
        let SettingsKept { settings, revision, ends_candidate, activities } = *kept;
        let mut transaction = self.pool.begin().await?;
        sqlx::query("UPDATE gate SET settings = ?, revision = ? WHERE name = ?")
            .bind(text(settings))
            .bind(signed(revision))
            .bind(gate)
            .execute(&mut *transaction)
            .await?;
        if ends_candidate {
            super::candidates::forget(gate, &mut transaction).await?;
        }
        for activity in activities {
            activity.insert(Some(gate), actor, at, &mut transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes a release down as the last good one, with everything that is told of it, or nothing
    /// of all that. Returns the attempt's id.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn activate(
        &self,
        activation: &Activation<'_>,
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let Activation { gate, policy, settings, revision, at, .. } = *activation;
        let mut transaction = self.pool.begin().await?;
        insert_component(policy, activation.component, &mut transaction).await?;
        let id = insert_attempt(activation, actor, &mut transaction).await?;
        upsert_gate(gate, settings, revision, id, &mut transaction).await?;
        if activation.action == Action::Promote {
            super::candidates::forget(gate, &mut transaction).await?;
        }
        for activity in activation.activities {
            activity.insert(Some(gate), actor, at, &mut transaction).await?;
        }
        prune(gate, &mut transaction).await?;
        transaction.commit().await?;
        unsigned(id)
    }
}

async fn insert_component(
    policy: &PolicyRef,
    bytes: &[u8],
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO component (digest, name, version, bytes) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(policy.digest.to_string())
    .bind(policy.name.to_string())
    .bind(policy.version.to_string())
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_attempt(
    activation: &Activation<'_>,
    actor: &Actor,
    connection: &mut SqliteConnection,
) -> Result<i64, StoreError> {
    let policy = activation.policy;
    let inserted = sqlx::query(
        "INSERT INTO attempt (gate, at, actor, role, action, component, policy_name, \
         policy_version, release, settings, generation, previous) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(activation.gate)
    .bind(signed(activation.at))
    .bind(&actor.name)
    .bind(&actor.role)
    .bind(activation.action.as_str())
    .bind(policy.digest.to_string())
    .bind(policy.name.to_string())
    .bind(policy.version.to_string())
    .bind(activation.release)
    .bind(text(activation.sealed))
    .bind(signed(activation.generation))
    .bind(activation.previous.map(signed))
    .execute(connection)
    .await?;
    Ok(inserted.last_insert_rowid())
}

async fn upsert_gate(
    gate: &str,
    settings: &Map<String, Value>,
    revision: u64,
    active: i64,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO gate (name, settings, revision, active) VALUES (?, ?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, \
         revision = excluded.revision, active = excluded.active",
    )
    .bind(gate)
    .bind(text(settings))
    .bind(signed(revision))
    .bind(active)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn text(settings: &Map<String, Value>) -> String {
    Value::Object(settings.clone()).to_string()
}
