//! Whether the server lives, and whether it should be sent requests.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::json::Json;
use crate::app::App;

/// `GET /health/live`: the process answers.
pub(super) fn live() -> Response {
    Json(json!({"status": "live"})).into_response()
}

/// `GET /health/ready`: 503 with every failing check by name, else 200.
pub(super) fn ready(app: &App) -> Response {
    let failing = app.failing_checks();
    if failing.is_empty() {
        return Json(json!({"status": "ready"})).into_response();
    }
    let failing: Vec<_> = failing
        .into_iter()
        .map(|failing| json!({"check": failing.check, "reason": failing.reason}))
        .collect();
    let body = json!({"status": "not_ready", "failing": failing});
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}
