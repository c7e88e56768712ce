//! The candidate of a gate.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::settings::made;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromoteQuery {
    max_differences: Option<u64>,
    #[serde(default)]
    force: bool,
}

/// `GET /v1/gates/{gate}/candidate`.
pub(super) fn get(call: &Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let candidate = gate.expect_started()?.expect_shown_candidate(gate.name())?;
    Ok(Json(candidate).into_response())
}

/// `DELETE /v1/gates/{gate}/candidate`.
pub(super) async fn delete(call: Call) -> Result<Response, ApiError> {
    call.gate()?.end_candidate(call.authority.clone(), call.now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /v1/gates/{gate}/promote`.
pub(super) async fn promote(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let (PromoteQuery { max_differences, force }, drop) = call.query_with_drop()?;
    let (revision, authority) = (call.revision()?, call.authority.clone());
    Ok(made(gate.promote(max_differences, drop, force, revision, authority, call.now).await?))
}
