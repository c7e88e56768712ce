//! Attempts to give a gate another release, and what came of them.

use std::collections::HashMap;

use admit::decision::PolicyRef;
use sqlx::sqlite::SqliteRow;

use super::activities::actor;
use super::retention::forget_attempts;
use super::{NewActivity, Store, StoreError, lossy, signed};
use crate::authority::Granted;
use admit_api::activity::Actor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start,
    Policy,
    Settings,
    Promote,
    /// Somebody went back to the release before.
    Rollback,
    /// The server went back to the release before, because the newer one kept failing.
    Revert,
    /// A watched file changed.
    Source,
}

impl Action {
    /// The name in the store and in answers.
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
    pub gate: &'a str,
    pub action: Action,
    /// Seconds since 1970.
    pub at: u64,
    pub step: &'a str,
    /// Why, one line.
    pub error: &'a str,
    /// The policy; absent when the artefact could not be read.
    pub policy: Option<&'a PolicyRef>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Rises with each.
    pub id: u64,
    /// Seconds since 1970.
    pub at: u64,
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

impl Store {
    /// Writes an attempt that changed nothing, and its activity.
    pub async fn refuse(
        &self,
        refusal: &Refusal<'_>,
        by: &Granted,
        activity: &NewActivity,
    ) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        let policy = refusal.policy;
        let insert = sqlx::query(
            "INSERT INTO attempt (gate, at, actor, role, actor_id, action, step, error, component, \
             policy_name, policy_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(refusal.gate)
        .bind(signed(refusal.at))
        .bind(&by.actor().name)
        .bind(&by.actor().role)
        .bind(&by.actor().id)
        .bind(refusal.action.as_str())
        .bind(refusal.step)
        .bind(refusal.error)
        .bind(policy.map(|policy| policy.digest.to_string()))
        .bind(policy.map(|policy| policy.name.to_string()))
        .bind(policy.map(|policy| policy.version.to_string()));
        change.execute(insert).await?;
        activity.insert(Some(refusal.gate), by.actor(), refusal.at, &mut change).await?;
        forget_attempts(refusal.gate, &self.retention, &mut change).await?;
        change.commit().await
    }

    /// At most `limit` attempts of a gate with a smaller id than `before`, the newest first.
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
        Ok(self.rows(rows).await?.iter().map(read).collect())
    }
}

impl Store {
    /// The last attempt of each gate that had one, by the gate's name.
    pub async fn last_attempts(&self) -> Result<HashMap<String, Attempt>, StoreError> {
        let rows = sqlx::query(
            "SELECT attempt.*, gate.active IS attempt.id AS is_active FROM attempt \
             LEFT JOIN gate ON gate.name = attempt.gate \
             WHERE attempt.id IN (SELECT max(id) FROM attempt GROUP BY gate)",
        );
        let rows = self.rows(rows).await?;
        Ok(rows.iter().map(|row| (lossy::text(row, "gate"), read(row))).collect())
    }
}

fn read(row: &SqliteRow) -> Attempt {
    let step = lossy::optional_text(row, "step");
    Attempt {
        id: lossy::number(row, "id"),
        at: lossy::number(row, "at"),
        actor: actor(row),
        action: lossy::text(row, "action"),
        failure: step.map(|step| (step, lossy::text(row, "error"))),
        policy: policy(row),
        release: lossy::optional_text(row, "release"),
        generation: lossy::optional_number(row, "generation"),
        active: lossy::number(row, "is_active") == 1,
    }
}

fn policy(row: &SqliteRow) -> Option<PolicyRef> {
    let text = |column| lossy::optional_text(row, column);
    let (name, version) = (text("policy_name")?, text("policy_version")?);
    let digest = text("component")?;
    Some(PolicyRef { name: name.into(), version: version.into(), digest: digest.into() })
}
