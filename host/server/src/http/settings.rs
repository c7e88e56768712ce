//! Settings of a gate.

use std::collections::BTreeMap;

use admit::bounded::Bounded;
use admit_api::settings::{PatchedSettings, Settings};
use axum::http::header::{ETAG, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::gates::{Change, ChangeError, Mode, Report, View};
use crate::store::Action;

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
    let body = body(gate.name(), &*gate.expect_started()?)?;
    Ok(tagged(body.revision, body))
}

/// `PATCH /v1/gates/{gate}/settings`.
pub(super) async fn patch(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let (PatchQuery { dry_run, force }, drop) = call.query_with_drop()?;
    let (revision, authority, now) = (call.revision()?, call.authority.clone(), call.now);
    let settings = call.object().await?;
    let mode = if dry_run { Mode::DryRun } else { Mode::Activate };
    let change = Change::new(Action::Settings, authority, now);
    let activation =
        gate.change(Change { settings, drop, revision, mode, force, ..change }).await?;
    // What the gate is with this change: another one may have followed already.
    let mut settings = body(gate.name(), &activation.view)?;
    let (cut, changed) = (cut(&mut settings), activation.saved);
    let activation = activation.activation;
    let revision = settings.revision;
    Ok(tagged(revision, PatchedSettings { settings, cut, changed, dry_run, activation }))
}

/// Cuts long values: whoever has just sent them need not get them back. Says of each setting the
/// entries or bytes that it has.
fn cut(settings: &mut Settings) -> BTreeMap<String, usize> {
    let mut cut = BTreeMap::new();
    let Settings { settings, effective, unknown, .. } = settings;
    for (name, value) in [settings, effective, unknown].into_iter().flatten() {
        let bounded = Bounded::new(value);
        if bounded.cut {
            let bytes = value.as_str().map_or(0, str::len);
            cut.insert(name.clone(), value.as_array().map_or(bytes, Vec::len));
            *value = bounded.value.unwrap_or_default();
        }
    }
    cut
}

fn body(gate: &str, view: &View) -> Result<Settings, ChangeError> {
    let policy = view.policy().ok_or_else(|| ChangeError::NoPolicy(gate.to_owned()))?;
    let (known, unknown) = view.split();
    Ok(Settings {
        gate: gate.to_owned(),
        policy: policy.reference().clone(),
        effective: known.effective_all(policy.description()),
        settings: known.as_json().clone(),
        unknown: unknown.as_json().clone(),
        revision: view.revision(),
    })
}

/// The answer to a change, with the ETag of what it made.
pub(super) fn made(report: Report) -> Response {
    tagged(report.activation.revision, report.activation)
}

fn tagged(revision: u64, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
