//! What each gate has now, and the releases it may go back to.

use admit::decision::PolicyRef;
use admit::release::component_digest;
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::retention::forget_attempts;
use super::{
    Action, NewActivity, Store, StoreError, TakenBack, Transaction, lossy, object, signed,
    taken_back, unsigned,
};
use crate::authority::Granted;

/// What a gate had when it was last changed.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRow {
    /// Its settings, with those that the policy does not know.
    pub settings: Map<String, Value>,
    /// Counts changes of policy or settings.
    pub revision: u64,
    /// The number of its last activation.
    pub generation: u64,
    /// The last good release; absent when something is damaged.
    pub active: Option<StoredRelease>,
    /// The release before the last good one, when that one is damaged and this can be read.
    pub previous: Option<u64>,
    /// What is damaged of all this, as only a fault of the disk or somebody's hand leaves it.
    pub damage: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredRelease {
    /// The attempt that activated it.
    pub id: u64,
    pub release: String,
    /// When it was activated, seconds since 1970.
    pub at: u64,
    /// Its policy, in binary form.
    pub component: Vec<u8>,
    pub settings: Map<String, Value>,
    pub generation: u64,
    /// The attempt that a roll-back goes to; absent for the first release.
    pub previous: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Activation<'a> {
    pub gate: &'a str,
    pub action: Action,
    /// Seconds since 1970.
    pub at: u64,
    pub policy: &'a PolicyRef,
    /// The policy in binary form.
    pub component: &'a [u8],
    /// The release's digest.
    pub release: &'a str,
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
    pub activities: &'a [NewActivity],
}

/// Settings about to be kept that change nothing about the release.
#[derive(Clone, Copy, Debug)]
pub struct SettingsKept<'a> {
    pub settings: &'a Map<String, Value>,
    /// The gate's revision from now on.
    pub revision: u64,
    pub ends_candidate: bool,
    pub activities: &'a [NewActivity],
}

impl Store {
    /// What a gate has; absent when it never had a release.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when nothing of it can be read; the row says what is damaged.
    pub async fn gate(&self, name: &str) -> Result<Option<GateRow>, StoreError> {
        let query = sqlx::query(
            "SELECT gate.*, (SELECT max(generation) FROM attempt WHERE gate = ?1) AS generation \
             FROM (SELECT 1) LEFT JOIN gate ON gate.name = ?1",
        );
        let row = self.row(query.bind(name)).await?;
        let row = row.ok_or(StoreError::Row { what: "no answer" })?;
        let generation = lossy::optional_number(&row, "generation");
        let is_there = lossy::optional_text(&row, "name").is_some();
        if !is_there && generation.is_none() {
            return Ok(None);
        }
        let settings = match is_there {
            true => settings_of(&row),
            false => Err(missing("its row")),
        };
        let (settings, active) = match settings {
            Ok(settings) => (settings, self.active_of(&row).await),
            Err(error) => (Map::new(), Err(error)),
        };
        let is_kept = !settings.is_empty();
        let (active, damage) = match active {
            Ok(active) => (Some(active), None),
            Err(error) if error.is_damage() => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let (revision, generation) = (lossy::number(&row, "revision"), generation.unwrap_or(0));
        let previous = match damage.is_some() && is_kept {
            true => self.before(lossy::number(&row, "active")).await?,
            false => None,
        };
        Ok(Some(GateRow { settings, revision, generation, active, previous, damage }))
    }

    /// The attempt that a roll-back from this one goes to.
    pub async fn before(&self, attempt: u64) -> Result<Option<u64>, StoreError> {
        let query = sqlx::query("SELECT previous FROM attempt WHERE id = ?");
        let row = self.row(query.bind(signed(attempt))).await?;
        Ok(row.and_then(|row| lossy::optional_number(&row, "previous")))
    }

    async fn active_of(&self, row: &SqliteRow) -> Result<StoredRelease, StoreError> {
        unsigned(row.try_get("revision")?)?;
        let active = self.release(unsigned(row.try_get("active")?)?).await?;
        active.ok_or_else(|| missing("its last good release"))
    }

    /// The names of all gates that have had a release, in their order.
    pub async fn gate_names(&self) -> Result<Vec<String>, StoreError> {
        let names = self.rows(sqlx::query("SELECT name FROM gate ORDER BY name")).await?;
        Ok(names.iter().map(|row| lossy::text(row, "name")).collect())
    }

    /// The release that an attempt activated; absent when it activated none, or one too old to be
    /// kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when its component is not the one that was stored.
    pub async fn release(&self, attempt: u64) -> Result<Option<StoredRelease>, StoreError> {
        let query = sqlx::query(
            "SELECT id, release, at, settings, generation, previous, component, bytes FROM attempt \
             LEFT JOIN component ON component.digest = attempt.component \
             WHERE id = ? AND release IS NOT NULL AND settings IS NOT NULL",
        );
        let Some(row) = self.row(query.bind(signed(attempt))).await? else {
            return Ok(None);
        };
        let (settings, digest): (String, String) =
            (row.try_get("settings")?, row.try_get("component")?);
        let component: Option<Vec<u8>> = row.try_get("bytes")?;
        let component = component.ok_or_else(|| missing(&format!("the component {digest}")))?;
        expect_digest(&component, &digest)?;
        let previous: Option<i64> = row.try_get("previous")?;
        Ok(Some(StoredRelease {
            id: unsigned(row.try_get("id")?)?,
            release: row.try_get("release")?,
            at: lossy::number(&row, "at"),
            component,
            settings: object(&settings)?,
            generation: unsigned(row.try_get("generation")?)?,
            previous: previous.map(unsigned).transpose()?,
        }))
    }

    /// The attempts that activated something and their generations, the newest first.
    pub async fn generations(&self, gate: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, generation FROM attempt WHERE gate = ? AND release IS NOT NULL \
             ORDER BY id DESC",
        );
        let rows = self.rows(rows.bind(gate)).await?;
        let pair = |row: &SqliteRow| -> Result<_, StoreError> {
            Ok((unsigned(row.try_get("id")?)?, unsigned(row.try_get("generation")?)?))
        };
        // A damaged row is no way back.
        Ok(rows.iter().filter_map(|row| pair(row).ok()).collect())
    }

    /// What led to an attempt, as [`Action::as_str`] names it; absent when it is not kept.
    pub async fn action(&self, attempt: u64) -> Result<Option<String>, StoreError> {
        let action = sqlx::query("SELECT action FROM attempt WHERE id = ?");
        let row = self.row(action.bind(signed(attempt))).await?;
        row.map(|row| Ok(row.try_get("action")?)).transpose()
    }

    /// The digests of the stored components of this name and version.
    pub async fn digests(&self, name: &str, version: &str) -> Result<Vec<String>, StoreError> {
        let digests = sqlx::query(
            "SELECT digest FROM component WHERE name = ? AND version = ? ORDER BY digest",
        );
        let digests = self.rows(digests.bind(name).bind(version)).await?;
        Ok(digests.iter().map(|row| lossy::text(row, "digest")).collect())
    }

    /// Keeps settings that change nothing about the release, with the activities that record them.
    pub async fn keep_settings(
        &self,
        gate: &str,
        kept: &SettingsKept<'_>,
        by: &Granted,
        at: u64,
    ) -> Result<(), StoreError> {
        let SettingsKept { settings, revision, ends_candidate, activities } = *kept;
        let mut change = self.begin().await?;
        let text = text(settings);
        let update = sqlx::query(
            "UPDATE gate SET settings = ?, settings_digest = ?, revision = ? WHERE name = ?",
        )
        .bind(&text)
        .bind(settings_digest(&text))
        .bind(signed(revision))
        .bind(gate);
        if change.execute(update).await?.rows_affected() != 1 {
            return Err(missing("the row of the gate"));
        }
        if ends_candidate {
            super::candidates::forget(gate, &mut change).await?;
        }
        for activity in activities {
            activity.insert(Some(gate), by.actor(), at, &mut change).await?;
        }
        change.commit().await
    }

    /// Writes a release down as the last good one, with the activities that record it, or nothing
    /// of all that. Returns the attempt's id. That it was taken back before no longer counts.
    pub async fn activate(
        &self,
        activation: &Activation<'_>,
        by: &Granted,
    ) -> Result<u64, StoreError> {
        let Activation { gate, policy, settings, revision, at, .. } = *activation;
        let mut change = self.begin().await?;
        insert_component(policy, activation.component, &mut change).await?;
        let id = insert_attempt(activation, by, &mut change).await?;
        upsert_gate(gate, settings, revision, id, &mut change).await?;
        if activation.action == Action::Promote {
            super::candidates::forget(gate, &mut change).await?;
        }
        taken_back::forget(gate, activation.release, &mut change).await?;
        if let Some(taken) = activation.taken_back {
            taken_back::insert(gate, taken, &mut change).await?;
        }
        for activity in activation.activities {
            activity.insert(Some(gate), by.actor(), at, &mut change).await?;
        }
        forget_attempts(gate, &self.retention, &mut change).await?;
        change.commit().await?;
        unsigned(id)
    }
}

/// Checks that a component is the one that was stored.
pub(super) fn expect_digest(component: &[u8], digest: &str) -> Result<(), StoreError> {
    let found = component_digest(component);
    if *found == *digest {
        return Ok(());
    }
    let what = format!("a component has the digest {found}; expected {digest}");
    Err(StoreError::Damaged { what })
}

/// The settings in a row, which are those that were written.
pub(super) fn settings_of(row: &SqliteRow) -> Result<Map<String, Value>, StoreError> {
    let text = lossy::text(row, "settings");
    let settings = object(&text)?;
    let found = settings_digest(&text);
    match lossy::optional_text(row, "settings_digest") {
        Some(expected) if expected != found => {
            let what = format!("settings have the digest {found}; expected {expected}");
            Err(StoreError::Damaged { what })
        }
        // Absent for those that were written before there was one.
        _ => Ok(settings),
    }
}

pub(super) fn settings_digest(text: &str) -> String {
    component_digest(text.as_bytes()).to_string()
}

fn missing(what: &str) -> StoreError {
    StoreError::Damaged { what: format!("{what} is missing") }
}

/// Stores a component, also in the place of one that is damaged.
async fn insert_component(
    policy: &PolicyRef,
    bytes: &[u8],
    change: &mut Transaction,
) -> Result<(), StoreError> {
    let insert = sqlx::query(
        "INSERT INTO component (digest, name, version, bytes) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET bytes = ?4 WHERE bytes IS NOT ?4",
    )
    .bind(policy.digest.to_string())
    .bind(policy.name.to_string())
    .bind(policy.version.to_string())
    .bind(bytes);
    change.execute(insert).await.map(drop)
}

async fn insert_attempt(
    activation: &Activation<'_>,
    by: &Granted,
    change: &mut Transaction,
) -> Result<i64, StoreError> {
    let policy = activation.policy;
    let insert = sqlx::query(
        "INSERT INTO attempt (gate, at, actor, role, actor_id, action, component, policy_name, \
         policy_version, release, settings, generation, previous) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(activation.gate)
    .bind(signed(activation.at))
    .bind(&by.actor().name)
    .bind(&by.actor().role)
    .bind(&by.actor().id)
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
    let text = text(settings);
    let upsert = sqlx::query(
        "INSERT INTO gate (name, settings, settings_digest, revision, active) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, settings_digest = excluded.settings_digest, \
         revision = excluded.revision, active = excluded.active",
    )
    .bind(gate)
    .bind(&text)
    .bind(settings_digest(&text))
    .bind(signed(revision))
    .bind(active);
    change.execute(upsert).await.map(drop)
}

pub(super) fn text(settings: &Map<String, Value>) -> String {
    Value::Object(settings.clone()).to_string()
}
