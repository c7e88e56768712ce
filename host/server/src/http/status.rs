//! The state of the server and of every gate, for people and the command line.

use std::collections::HashMap;
use std::time::Duration;

use admit_api::status::{CandidateStatus, GateStatus, LogStatus, Status, StoreState, StoreStatus};
use axum::response::{IntoResponse, Response};

use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::releases::{attempt, taken_back};
use crate::app::App;
use crate::gates::Gate;
use crate::store::Attempt;
use crate::time::rfc3339;

/// Time in which the store must have said what it knows of the gates.
const STORE_TIME: Duration = Duration::from_secs(1);

/// Releases known to fail that are shown of a gate, the newest; the history shows all.
const MAX_TAKEN_BACK: usize = 5;

/// `GET /v1/status`.
pub(super) async fn get(call: Call) -> Result<Response, ApiError> {
    let app = &*call.app;
    let (mut attempts, unreadable) = match last_attempts(app).await {
        Ok(attempts) => (attempts, None),
        Err(problem) => (HashMap::new(), Some(problem)),
    };
    let gates = app.gates.values().map(|gate| gate_status(app, gate, attempts.remove(gate.name())));
    let gates = gates.collect();
    let log = app.log.as_ref().map(|log| LogStatus {
        written: log.written(),
        dropped: log.dropped(),
        failed: log.failed(),
        waiting: log.waiting(),
        problem: log.problem(),
    });
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: rfc3339(app.started_at),
        gitops: app.live().repository.clone(),
        gates,
        keys: app.keys_state(),
        store: store(app.store.problem().or(unreadable)),
        decision_log: log,
    };
    Ok(Json(status).into_response())
}

/// The last attempt of each gate, or why they cannot be read; none while a backup is being made. A store that does not answer keeps
/// nobody from the rest of the status.
async fn last_attempts(app: &App) -> Result<HashMap<String, Attempt>, String> {
    match tokio::time::timeout(STORE_TIME, app.store.last_attempts()).await {
        Ok(Ok(attempts)) => Ok(attempts),
        Ok(Err(error)) => Err(admit::failure::error_chain(&error)),
        Err(_) if app.store.is_copying() => Ok(HashMap::new()),
        Err(_) => Err(format!("the store has not answered for {} s", STORE_TIME.as_secs())),
    }
}

fn store(problem: Option<String>) -> StoreStatus {
    let state = if problem.is_some() { StoreState::Failing } else { StoreState::Writable };
    StoreStatus { state, problem }
}

fn gate_status(app: &App, gate: &Gate, last_attempt: Option<Attempt>) -> GateStatus {
    // INVARIANT: one view, so that release, generation, revision and candidate go together.
    let view = gate.view();
    let (policy, active) = (view.policy(), view.active());
    let known = view.taken_back();
    let candidate = view.expect_shown_candidate(gate.name()).ok();
    let candidate = candidate.map(|candidate| CandidateStatus {
        policy: candidate.policy,
        decided: candidate.found.decided,
        agreed: candidate.found.agreed,
        differed: candidate.found.differed,
        skipped: candidate.found.skipped,
    });
    GateStatus {
        gate: gate.name().to_owned(),
        state: view.state(),
        problem: view.problem().map(str::to_owned),
        cloud: gate.verification().cloud().name().to_owned(),
        policy: policy.map(|policy| policy.reference().clone()),
        generation: active.map(|active| active.generation),
        release: active.map(|active| active.release.digest().to_string()),
        revision: policy.map_or(0, |_| view.revision()),
        not_counting: view.not_counting(),
        last_attempt: last_attempt.map(|one| attempt(one, known)),
        candidate,
        taken_back: known.iter().take(MAX_TAKEN_BACK).cloned().map(taken_back).collect(),
        source: app.sources.get(gate.name()).map(|source| source.seen()),
        refusals: gate.refusals().list(),
    }
}
