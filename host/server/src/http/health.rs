//! Whether the server lives, and whether it should be sent requests.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::app::{App, Failing, Readiness};

/// `GET /health/live`: the process answers.
pub(super) fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
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
    match readiness {
        Readiness::Ready => Json(json!({"status": "ready"})).into_response(),
        Readiness::Degraded(failing) => body("degraded", failing).into_response(),
        Readiness::NotReady(failing) => {
            (StatusCode::SERVICE_UNAVAILABLE, body("not_ready", failing)).into_response()
        }
    }
}

fn body(status: &str, failing: Vec<Failing>) -> Json<Value> {
    let failing = failing
        .into_iter()
        .map(|failing| json!({"check": failing.check, "reason": failing.reason}));
    Json(json!({"status": status, "failing": failing.collect::<Vec<_>>()}))
}
