//! Another policy for a gate.

use std::sync::Arc;

use admit_api::error::Code;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::call::Call;
use super::error::ApiError;
use super::settings::made;
use crate::gates::{Change, Mode, NewComponent};
use crate::store::Action;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyQuery {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    candidate: bool,
    #[serde(default)]
    force: bool,
}

/// A policy, and settings to change with it.
struct Wanted {
    component: Arc<[u8]>,
    settings: Map<String, Value>,
}

/// `POST /v1/gates/{gate}/policy`.
pub(super) async fn post(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let (query, drop): (PolicyQuery, _) = call.query_with_drop()?;
    let mode = match query {
        PolicyQuery { dry_run: true, candidate: true, .. } => {
            let message =
                "query: `dry_run` and `candidate` are both asked for; expected one of them";
            return Err(ApiError::malformed(message));
        }
        PolicyQuery { dry_run: true, .. } => Mode::DryRun,
        PolicyQuery { candidate: true, .. } => Mode::Candidate,
        _ => Mode::Activate,
    };
    let (revision, authority, now) = (call.revision()?, call.authority.clone(), call.now);
    let Wanted { component: bytes, settings } = match &*call.media_type() {
        "application/wasm" | "application/octet-stream" => {
            Wanted { component: Arc::from(&*call.bytes().await?), settings: Map::new() }
        }
        "application/json" => wanted(call.object().await?)?,
        other => {
            let other = admit::text::Shown::name(other);
            let message = format!(
                "Content-Type is `{other}`; expected `application/wasm` or \
                 `application/octet-stream` for a component, or `application/json`"
            );
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::MediaType,
                message,
            ));
        }
    };
    let component = Some(NewComponent { bytes, may_be_older: true });
    let (change, force) = (Change::new(Action::Policy, authority, now), query.force);
    let change = Change { component, settings, drop, revision, mode, force, ..change };
    Ok(made(gate.change(change).await?))
}

fn wanted(mut object: Map<String, Value>) -> Result<Wanted, ApiError> {
    let settings = match object.shift_remove("settings") {
        None => Map::new(),
        Some(Value::Object(settings)) => settings,
        Some(_) => return Err(ApiError::field("settings", "expected an object")),
    };
    let mut members = object.into_iter();
    let component = match (members.next(), members.next()) {
        (Some((name, Value::String(text))), None) if name == "policy" => bundled(&text)?,
        (Some((name, Value::String(text))), None) if name == "component" => decoded(&text)?,
        _ => {
            return Err(ApiError::malformed(
                "body: expected one of `policy` (the name of a bundled one, a text) and \
                 `component` (base64), and perhaps `settings`",
            ));
        }
    };
    Ok(Wanted { component, settings })
}

fn bundled(reference: &str) -> Result<Arc<[u8]>, ApiError> {
    let found = admit_policies::find(reference);
    found.map(|policy| Arc::from(policy.component)).ok_or_else(|| {
        let came = admit::text::Shown::name(reference);
        let known = admit_policies::names();
        let reason = format!("`{came}` is not bundled; expected one of {known}");
        ApiError::field("policy", reason)
    })
}

fn decoded(text: &str) -> Result<Arc<[u8]>, ApiError> {
    let bytes = STANDARD.decode(text);
    bytes.map(Arc::from).map_err(|_| ApiError::field("component", "not base64 (RFC 4648 §4)"))
}
