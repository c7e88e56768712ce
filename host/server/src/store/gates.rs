//! What each gate has now, and the releases it may go back to.

use admit::decision::PolicyRef;
use serde_json::{Map, Value};
use sqlx::Row;

use super::attempts::prune;
use super::{
    Action, NewActivity, Store, StoreError, TakenBack, Transaction, object, signed, taken_back,
    unsigned,
};
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
    /// Its digest.
    pub release: String,
    /// When it was activated, seconds since 1970.
    pub at: u64,
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
    /// The release that it takes the place of, if that one kept failing.
    pub taken_back: Option<&'a TakenBack>,
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
        .bind(name);
        let Some(row) = self.row(row).await? else {
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
        let names = self.rows(sqlx::query("SELECT name FROM gate ORDER BY name")).await?;
        names.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    /// The release that an attempt activated; absent when it activated none, or one too old to be
    /// kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn release(&self, attempt: u64) -> Result<Option<StoredRelease>, StoreError> {
        let row = sqlx::query(
            "SELECT id, release, at, settings, generation, previous, bytes FROM attempt \
             JOIN component ON component.digest = attempt.component \
             WHERE id = ? AND release IS NOT NULL",
        )
        .bind(signed(attempt));
        let Some(row) = self.row(row).await? else {
            return Ok(None);
        };
        let settings: String = row.try_get("settings")?;
        let previous: Option<i64> = row.try_get("previous")?;
        Ok(Some(StoredRelease {
            id: unsigned(row.try_get("id")?)?,
            release: row.try_get("release")?,
            at: unsigned(row.try_get("at")?)?,
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
        let digests = sqlx::query(
            "SELECT digest FROM component WHERE name = ? AND version = ? ORDER BY digest",
        );
        let digests = self.rows(digests.bind(name).bind(version)).await?;
        digests.iter().map(|row| Ok(row.try_get("digest")?)).collect()
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
        let mut change = self.begin().await?;
        let update = sqlx::query("UPDATE gate SET settings = ?, revision = ? WHERE name = ?")
            .bind(text(settings))
            .bind(signed(revision))
            .bind(gate);
        change.execute(update).await?;
        if ends_candidate {
            super::candidates::forget(gate, &mut change).await?;
        }
        for activity in activities {
            activity.insert(Some(gate), actor, at, &mut change).await?;
        }
        change.commit().await
    }

    /// Writes a release down as the last good one, with everything that is told of it, or nothing
    /// of all that. Returns the attempt's id. That it was taken back before no longer counts.
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
        let mut change = self.begin().await?;
        insert_component(policy, activation.component, &mut change).await?;
        let id = insert_attempt(activation, actor, &mut change).await?;
        upsert_gate(gate, settings, revision, id, &mut change).await?;
        if activation.action == Action::Promote {
            super::candidates::forget(gate, &mut change).await?;
        }
        taken_back::forget(gate, activation.release, &mut change).await?;
        if let Some(taken) = activation.taken_back {
            taken_back::insert(gate, taken, &mut change).await?;
        }
        for activity in activation.activities {
            activity.insert(Some(gate), actor, at, &mut change).await?;
        }
        prune(gate, &mut change).await?;
        change.commit().await?;
        unsigned(id)
    }
}

async fn insert_component(
    policy: &PolicyRef,
    bytes: &[u8],
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let insert = sqlx::query(
        "INSERT INTO component (digest, name, version, bytes) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(policy.digest.to_string())
    .bind(policy.name.to_string())
    .bind(policy.version.to_string())
    .bind(bytes);
    change.execute(insert).await.map(drop)
}

async fn insert_attempt(
    activation: &Activation<'_>,
    actor: &Actor,
    change: &mut Transaction,
) -> Result<i64, StoreError> {
    let policy = activation.policy;
    let insert = sqlx::query(
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
    .bind(activation.previous.map(signed));
    Ok(change.execute(insert).await?.last_insert_rowid())
}

async fn upsert_gate(
    gate: &str,
    settings: &Map<String, Value>,
    revision: u64,
    active: i64,
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let upsert = sqlx::query(
        "INSERT INTO gate (name, settings, revision, active) VALUES (?, ?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, \
         revision = excluded.revision, active = excluded.active",
    )
    .bind(gate)
    .bind(text(settings))
    .bind(signed(revision))
    .bind(active);
    change.execute(upsert).await.map(drop)
}

pub(super) fn text(settings: &Map<String, Value>) -> String {
    Value::Object(settings.clone()).to_string()
}
