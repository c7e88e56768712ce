//! The API's own description, and the numbers.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// The API as OpenAPI has it; `docs/openapi.json` of this version.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// `GET /openapi.json`.
pub(super) fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// `GET /metrics`.
pub(super) fn metrics(app: &App) -> Response {
    let (content_type, text) = app.metrics.render();
    ([(CONTENT_TYPE, content_type)], text).into_response()
}
