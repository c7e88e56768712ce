//! Settings of a gate.

use admit::decision::PolicyRef;
use axum::http::header::{ETAG, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::gates::{Change, Mode, Report, Selected, ServedGate};
use crate::store::Action;

#[derive(Serialize)]
struct SettingsBody {
    gate: String,
    policy: PolicyRef,
    settings: Map<String, Value>,
    effective: Map<String, Value>,
    unknown: Map<String, Value>,
    revision: u64,
}

#[derive(Serialize)]
struct PatchedBody {
    #[serde(flatten)]
    settings: SettingsBody,
    changed: bool,
    dry_run: bool,
    activation: Report,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchQuery {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    force: bool,
}

/// `GET /v1/gates/{gate}/settings`.
pub(super) fn get(call: &Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let body = current(&gate)?;
    Ok(tagged(body.revision, body))
}

/// `PATCH /v1/gates/{gate}/settings`.
pub(super) async fn patch(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let PatchQuery { dry_run, force } = call.query()?;
    let (revision, actor, now) = (call.revision()?, call.actor(), call.now);
    let settings = call.object().await?;
    let mode = if dry_run { Mode::DryRun } else { Mode::Activate };
    let action = Action::Settings;
    let change = Change {
        component: None,
        settings,
        revision,
        mode,
        force,
        known_refusal: None,
        actor,
        action,
        now,
    };
    let activation = gate.change(change).await?;
    let settings = current(&gate)?;
    let changed = activation.saved;
    let revision = settings.revision;
    Ok(tagged(revision, PatchedBody { settings, changed, dry_run, activation }))
}

fn current(gate: &ServedGate) -> Result<SettingsBody, ApiError> {
    Ok(body(gate.name(), &*gate.chosen()?))
}

fn body(gate: &str, selected: &Selected) -> SettingsBody {
    let (known, unknown) = selected.split();
    SettingsBody {
        gate: gate.to_owned(),
        policy: selected.policy().clone(),
        effective: known.effective_all(selected.description()),
        settings: known.as_json().clone(),
        unknown: unknown.as_json().clone(),
        revision: selected.revision,
    }
}

fn tagged(revision: u64, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
