//! Bodies, read to a limit, strictly.

use admit::cases::suggest::hint;
use admit::json::{Object, object_of_document};
use admit_api::error::Code;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::call::media_type;
use super::error::ApiError;
use super::listener::is_body_timeout;

/// Reads a body of at most `limit` bytes. One that is announced as longer is not waited for.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(limit)),
        Err(error) if is_body_timeout(&*error) => {
            let message = "the body did not come to its end in time";
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, message))
        }
        Err(_) => Err(ApiError::malformed("the body did not come to its end")),
    }
}

/// Refuses a body that does not say that it is JSON.
pub(super) fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    match &*media_type(headers) {
        "application/json" | "application/merge-patch+json" => Ok(()),
        other => {
            let other = admit::text::Shown::name(other);
            let message = format!("Content-Type is `{other}`; expected `application/json`");
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::MediaType, message))
        }
    }
}

/// Reads one JSON object without duplicate names.
pub(super) fn object(bytes: &[u8]) -> Result<Object, ApiError> {
    object_of_document(bytes).map_err(|error| ApiError::malformed(format!("body: {error}")))
}

/// Refuses members that are not known; `place` is what stands before their names in errors.
pub(super) fn expect_members(object: &Object, known: &[&str], place: &str) -> Result<(), ApiError> {
    let unknown = object.iter().find(|(name, _)| !known.contains(&&***name));
    match unknown {
        None => Ok(()),
        Some((name, _)) => {
            let reason = format!("unknown; {}", hint(name, known));
            let name = admit::text::Shown::name(name);
            Err(ApiError::field(&format!("{place}{name}"), reason))
        }
    }
}
