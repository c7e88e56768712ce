//! Settings of a gate.

use std::collections::BTreeMap;

use admit::bounded::Bounded;
use admit::decision::PolicyRef;
use axum::http::header::{ETAG, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::gates::{Change, ChangeError, Mode, Report, Selected};
use crate::store::Action;

#[derive(Serialize)]
struct SettingsBody {
    gate: String,
    policy: PolicyRef,
    settings: Map<String, Value>,
    effective: Map<String, Value>,
    unknown: Map<String, Value>,
    revision: u64,
    /// Of values that are not whole here, the entries or bytes that they have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    cut: BTreeMap<String, usize>,
}

impl SettingsBody {
    /// With long values cut: whoever has just sent them need not get them back.
    fn cut(mut self) -> Self {
        for settings in [&mut self.settings, &mut self.effective, &mut self.unknown] {
            for (name, value) in settings {
                let bounded = Bounded::new(value);
                if bounded.cut {
                    let bytes = value.as_str().map_or(0, str::len);
                    let size = value.as_array().map_or(bytes, Vec::len);
                    self.cut.insert(name.clone(), size);
                    *value = bounded.value.unwrap_or_default();
                }
            }
        }
        self
    }
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
    let body = body(gate.name(), &*gate.chosen()?);
    Ok(tagged(body.revision, body))
}

/// `PATCH /v1/gates/{gate}/settings`.
pub(super) async fn patch(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let (PatchQuery { dry_run, force }, drop) = call.query_with_drop()?;
    let (revision, authority, now) = (call.revision()?, call.authority.clone(), call.now);
    let settings = call.object().await?;
    let mode = if dry_run { Mode::DryRun } else { Mode::Activate };
    let action = Action::Settings;
    let change = Change {
        component: None,
        settings,
        drop,
        revision,
        mode,
        force,
        known_refusal: None,
        authority,
        action,
        now,
    };
    let activation = gate.change(change).await?;
    // What the gate has with this change: another one may have followed already.
    let made = activation.selected.as_deref();
    let made = made.ok_or_else(|| ChangeError::NoPolicy(gate.name().to_owned()))?;
    let (settings, changed) = (body(gate.name(), made).cut(), activation.saved);
    Ok(tagged(settings.revision, PatchedBody { settings, changed, dry_run, activation }))
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
        cut: BTreeMap::new(),
    }
}

/// The answer to a change, with the ETag of what it made.
pub(super) fn made(report: Report) -> Response {
    tagged(report.revision, report)
}

fn tagged(revision: u64, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
