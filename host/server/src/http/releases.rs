//! The releases a gate had, the way back, and what its policy says of itself.

use admit_api::release::{self, AttemptResult, Releases};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::settings::made;
use crate::gates::{ChangeError, Target};
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

/// Why a release is known to fail.
pub(super) fn taken_back(taken: TakenBack) -> release::TakenBack {
    let TakenBack { release, policy, at, faults, reason, error } = taken;
    release::TakenBack { policy, release, at: rfc3339(at), faults, reason, error }
}

/// An attempt of a gate whose releases known to fail are these.
pub(super) fn attempt(attempt: Attempt, known: &[TakenBack]) -> release::Attempt {
    let digest = attempt.release.as_deref();
    let taken = known.iter().find(|taken| Some(&*taken.release) == digest).cloned();
    let is_refused = attempt.failure.is_some();
    let (step, error) = attempt.failure.unzip();
    release::Attempt {
        id: attempt.id,
        at: rfc3339(attempt.at),
        actor: attempt.actor,
        action: attempt.action,
        policy: attempt.policy,
        release: attempt.release,
        generation: attempt.generation,
        result: if is_refused { AttemptResult::Refused } else { AttemptResult::Activated },
        step,
        error,
        active: attempt.active,
        not_counting: Vec::new(),
        taken_back: taken.map(taken_back),
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
    let releases = attempts.into_iter().map(|one| attempt(one, view.taken_back()));
    let mut releases: Vec<_> = releases.collect();
    if let Some(attempt) = view.policy().and_then(|policy| policy.attempt) {
        let active = releases.iter_mut().find(|one| one.id == attempt);
        active.into_iter().for_each(|one| one.not_counting = view.not_counting());
    }
    Ok(Json(Releases { releases, next }).into_response())
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
    let view = gate.expect_started()?;
    let policy = view.policy().ok_or_else(|| ChangeError::NoPolicy(gate.name().to_owned()))?;
    Ok(Json(admit::description::shown(policy.description())).into_response())
}
