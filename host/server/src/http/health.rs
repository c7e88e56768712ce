//! Whether the server lives, and whether it should be sent requests.

use admit_api::health::{Live, LiveStatus, NotReady, NotReadyStatus, Ready, ReadyStatus};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::app::{App, Readiness};

/// `GET /health/live`: the process answers.
pub(super) fn live() -> Response {
    Json(Live { status: LiveStatus::Live }).into_response()
}

/// `GET /health/ready`: whether requests should be sent here.
pub(super) fn ready(app: &App) -> Response {
    answer(app.readiness())
}

/// `GET /health/ready/{gate}`: whether requests should be sent to one gate.
pub(super) fn gate_ready(call: &Call) -> Result<Response, ApiError> {
    Ok(answer(call.app.readiness_of(&*call.gate()?)))
}

/// 503 with every failing check by name when requests should not be sent, else 200.
fn answer(readiness: Readiness) -> Response {
    let ready = |status, failing| Json(Ready { status, failing }).into_response();
    match readiness {
        Readiness::Ready => ready(ReadyStatus::Ready, Vec::new()),
        Readiness::Degraded(failing) => ready(ReadyStatus::Degraded, failing),
        Readiness::NotReady(failing) => {
            let body = NotReady { status: NotReadyStatus::NotReady, failing };
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}
