//! The candidate of a gate.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::gates::ChangeError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromoteQuery {
    max_differences: Option<u64>,
}

/// `GET /v1/gates/{gate}/candidate`.
pub(super) fn get(call: &Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let report = gate.candidate();
    let report = report.ok_or_else(|| ChangeError::NoCandidate(gate.name().to_owned()))?;
    Ok(Json(report).into_response())
}

/// `DELETE /v1/gates/{gate}/candidate`.
pub(super) async fn delete(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let name = gate.name().to_owned();
    // Ending one waits for the decision it is at.
    let dropped = crate::blocking::run(move || gate.drop_candidate()).await;
    match dropped {
        Some(true) => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(false) => Err(ChangeError::NoCandidate(name).into()),
        None => Err(ApiError::internal()),
    }
}

/// `POST /v1/gates/{gate}/promote`.
pub(super) async fn promote(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let PromoteQuery { max_differences } = call.query()?;
    let report = gate.promote(max_differences, call.actor(), call.now).await?;
    Ok(Json(report).into_response())
}
