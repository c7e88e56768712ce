//! The releases a gate had, the way back, and what its policy says of itself.

use admit::decision::{Expected, PolicyRef};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::settings::made;
use crate::actor::Actor;
use crate::gates::Target;
use crate::store::{Attempt, TakenBack};
use crate::time::rfc3339;

/// Most entries of a page.
pub(super) const MAX_PAGE: u32 = 200;

/// Entries of a page unless asked otherwise.
pub(super) const PAGE: u32 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    pub(super) limit: Option<u32>,
    pub(super) before: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollBackQuery {
    to: Option<u64>,
    #[serde(default)]
    force: bool,
}

/// An attempt to give a gate another release.
#[derive(Serialize)]
pub(super) struct AttemptBody {
    id: u64,
    at: String,
    actor: Actor,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    active: bool,
    /// The settings that are configured and do not count with the active release.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_counting: Vec<Expected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<TakenBackBody>,
}

/// Why a release is known to fail.
#[derive(Serialize)]
pub(super) struct TakenBackBody {
    policy: PolicyRef,
    release: String,
    at: String,
    faults: u32,
    reason: String,
    error: String,
}

impl From<TakenBack> for TakenBackBody {
    fn from(taken: TakenBack) -> Self {
        let TakenBack { release, policy, at, faults, reason, error } = taken;
        Self { policy, release, at: rfc3339(at), faults, reason, error }
    }
}

#[derive(Serialize)]
struct Page {
    releases: Vec<AttemptBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl AttemptBody {
    /// An attempt of a gate whose releases known to fail are these.
    pub(super) fn new(attempt: Attempt, taken_back: &[TakenBack]) -> Self {
        let release = attempt.release.as_deref();
        let taken = taken_back.iter().find(|taken| Some(&*taken.release) == release).cloned();
        let result = if attempt.failure.is_some() { "refused" } else { "activated" };
        let (step, error) = attempt.failure.unzip();
        Self {
            id: attempt.id,
            at: rfc3339(attempt.at),
            actor: attempt.actor,
            action: attempt.action,
            policy: attempt.policy,
            release: attempt.release,
            generation: attempt.generation,
            result,
            step,
            error,
            active: attempt.active,
            not_counting: Vec::new(),
            taken_back: taken.map(TakenBackBody::from),
        }
    }
}

/// `GET /v1/gates/{gate}/releases`.
pub(super) async fn get(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let PageQuery { limit, before } = call.query()?;
    let limit = page_size(limit)?;
    let attempts = call.app.store.attempts(gate.name(), before, limit).await?;
    let next = next_page(attempts.len(), limit, attempts.last().map(|attempt| attempt.id));
    let view = gate.view();
    let taken_back = view.taken_back();
    let releases = attempts.into_iter().map(|one| AttemptBody::new(one, taken_back));
    let mut releases: Vec<_> = releases.collect();
    for selected in view.selected().into_iter().filter(|selected| selected.active.is_some()) {
        let active = releases.iter_mut().find(|one| Some(one.id) == selected.active);
        active.into_iter().for_each(|one| one.not_counting = selected.not_counting());
    }
    Ok(Json(Page { releases, next }).into_response())
}

/// How many entries a page shall have.
pub(super) fn page_size(limit: Option<u32>) -> Result<u32, ApiError> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit),
        limit => Err(ApiError::field("limit", format!("{limit}; expected 1 to {MAX_PAGE}"))),
    }
}

/// What `before` has to be for the next page; absent when this was the last one.
pub(super) fn next_page(entries: usize, limit: u32, last: Option<u64>) -> Option<u64> {
    let full = u32::try_from(entries).is_ok_and(|entries| entries == limit);
    last.filter(|last| full && *last > 1)
}

/// `POST /v1/gates/{gate}/rollback`.
pub(super) async fn roll_back(call: Call) -> Result<Response, ApiError> {
    let (RollBackQuery { to, force }, drop) = call.query_with_drop()?;
    let (gate, revision) = (call.gate()?, call.revision()?);
    let to = to.map_or(Target::Before, Target::Generation);
    let authority = call.authority.clone();
    Ok(made(gate.roll_back(to, drop, force, revision, authority, call.now).await?))
}

/// `GET /v1/gates/{gate}/description`.
pub(super) fn description(call: &Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let selected = gate.chosen()?;
    Ok(Json(admit::description::to_json(selected.description())).into_response())
}
