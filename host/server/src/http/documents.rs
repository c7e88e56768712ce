//! The API's own description, and the numbers.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::metrics::Format;

/// The API as OpenAPI has it; `docs/openapi.json` of this version.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// `GET /openapi.json`.
pub(super) fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// `GET /metrics`, in the format that `Accept` asks for.
pub(super) async fn metrics(app: &App, headers: &HeaderMap) -> Response {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::accepted(accept);
    let headers = [(CONTENT_TYPE, format.content_type()), (VARY, "Accept")];
    (headers, app.metrics.scrape(format).await).into_response()
}
