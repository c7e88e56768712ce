//! The state of the server and of every gate, for people and the command line.

use admit::decision::PolicyRef;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::releases::AttemptBody;
use crate::app::{App, KeysState};
use crate::gates::{RefusalCount, ServedGate};
use crate::time::rfc3339;
use crate::watching::Seen;

#[derive(Serialize)]
struct Status {
    version: &'static str,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gitops: Option<String>,
    gates: Vec<GateStatus>,
    keys: Vec<KeysState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision_log: Option<LogStatus>,
}

#[derive(Serialize)]
struct GateStatus {
    gate: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    cloud: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<AttemptBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<CandidateStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Seen>,
    refusals: Vec<RefusalCount>,
}

#[derive(Serialize)]
struct CandidateStatus {
    policy: PolicyRef,
    decided: u64,
    agreed: u64,
    differed: u64,
    skipped: u64,
}

#[derive(Serialize)]
struct LogStatus {
    written: u64,
    dropped: u64,
    failed: u64,
}

/// `GET /v1/status`.
pub(super) async fn get(call: Call) -> Result<Response, ApiError> {
    let app = &*call.app;
    let mut gates = Vec::new();
    for gate in app.gates.values() {
        gates.push(gate_status(app, gate).await?);
    }
    let log = app.log.as_ref().map(|log| LogStatus {
        written: log.written(),
        dropped: log.dropped(),
        failed: log.failed(),
    });
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        started_at: rfc3339(app.started_at),
        gitops: app.live().repository.clone(),
        gates,
        keys: app.keys_state(),
        decision_log: log,
    };
    Ok(Json(status).into_response())
}

async fn gate_status(app: &App, gate: &ServedGate) -> Result<GateStatus, ApiError> {
    let release = gate.gate().release();
    let selected = gate.selected();
    let attempts = app.store.attempts(gate.name(), None, 1).await?;
    let candidate = gate.candidate().map(|candidate| CandidateStatus {
        policy: candidate.policy,
        decided: candidate.found.decided,
        agreed: candidate.found.agreed,
        differed: candidate.found.differed,
        skipped: candidate.found.skipped,
    });
    Ok(GateStatus {
        gate: gate.name().to_owned(),
        state: gate.state_name(),
        problem: gate.problem(),
        cloud: gate.verification().cloud().name(),
        policy: selected.as_ref().map(|selected| selected.policy().clone()),
        generation: release.as_ref().map(|_| gate.gate().generation()),
        release: release.map(|release| release.digest().to_string()),
        revision: selected.as_ref().map_or(0, |selected| selected.revision),
        last_attempt: attempts.into_iter().next().map(AttemptBody::from),
        candidate,
        source: app.sources.get(gate.name()).map(|source| source.seen()),
        refusals: gate.refusals().list(),
    })
}
