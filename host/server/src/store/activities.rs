//! What people and the server did, for administrators to read.

use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use super::{Store, StoreError, Transaction, lossy, signed};
use admit_api::activity::Actor;

/// Something that happened, about to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewActivity {
    /// For example `added_microsoft_entra_client_id`.
    pub kind: String,
    /// For example `{"client_id": "…"}`.
    pub details: Map<String, Value>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Rises with each.
    pub id: u64,
    /// Seconds since 1970.
    pub at: u64,
    pub actor: Actor,
    /// The gate concerned; absent when it is about the server.
    pub gate: Option<String>,
    pub kind: String,
    pub details: Map<String, Value>,
}

/// Which activities are wanted; absent members do not restrict.
#[derive(Clone, Debug, Default)]
pub struct ActivityFilter {
    pub gate: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// By the actor of this name, or the access token of this id.
    pub actor: Option<String>,
    /// Not before, seconds since 1970.
    pub since: Option<u64>,
    /// Not after, seconds since 1970.
    pub until: Option<u64>,
    /// With a smaller id.
    pub before: Option<u64>,
}

impl NewActivity {
    pub fn new(kind: impl Into<String>, details: Value) -> Self {
        let details = match details {
            Value::Object(details) => details,
            _ => Map::new(),
        };
        Self { kind: kind.into(), details }
    }

    pub(super) fn about_access(kind: &str, id: &str, name: &str, role: &str) -> Self {
        Self::new(kind, json!({"id": id, "name": name, "role": role}))
    }

    /// Writes it in the transaction of the change that it records.
    pub(super) async fn insert(
        &self,
        gate: Option<&str>,
        actor: &Actor,
        now: u64,
        change: &mut Transaction,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO activity (at, actor, role, actor_id, gate, type, details) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(now))
        .bind(&actor.name)
        .bind(&actor.role)
        .bind(&actor.id)
        .bind(gate)
        .bind(&self.kind)
        .bind(Value::Object(self.details.clone()).to_string());
        change.execute(insert).await.map(drop)
    }
}

impl Store {
    /// At most `limit` activities, the newest first.
    pub async fn activities(
        &self,
        filter: &ActivityFilter,
        limit: u32,
    ) -> Result<Vec<Activity>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT id, at, actor, role, actor_id, gate, type, details FROM activity WHERE 1",
        );
        for (condition, value) in [(" AND gate = ", &filter.gate), (" AND type = ", &filter.kind)] {
            if let Some(value) = value {
                query.push(condition).push_bind(value.clone());
            }
        }
        if let Some(actor) = &filter.actor {
            query.push(" AND ").push_bind(actor.clone()).push(" IN (actor, actor_id)");
        }
        for (condition, value) in [
            (" AND at >= ", filter.since),
            (" AND at <= ", filter.until),
            (" AND id < ", filter.before),
        ] {
            if let Some(value) = value {
                query.push(condition).push_bind(signed(value));
            }
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        Ok(self.rows(query.build()).await?.iter().map(read).collect())
    }
}

pub(super) fn actor(row: &SqliteRow) -> Actor {
    Actor {
        name: lossy::text(row, "actor"),
        role: lossy::text(row, "role"),
        id: lossy::optional_text(row, "actor_id"),
    }
}

fn read(row: &SqliteRow) -> Activity {
    Activity {
        id: lossy::number(row, "id"),
        at: lossy::number(row, "at"),
        actor: actor(row),
        gate: lossy::optional_text(row, "gate"),
        kind: lossy::text(row, "type"),
        details: lossy::object(row, "details"),
    }
}
