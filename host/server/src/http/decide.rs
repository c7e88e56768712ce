//! Decisions.

use std::sync::Arc;

use admit::decision::{Decision, Outcome};
use admit::facts::{Facts, FactsError};
use admit::gate::{Input, Request};
use admit::json::{self, Object};
use admit::token::Format;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;

use super::body;
use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use crate::app::App;
use crate::gates::Gate;
use crate::metrics::Held;

const MEMBERS: [&str; 5] = ["id", "token", "format", "facts", "trace"];

/// `POST /v1/gates/{gate}/decide`.
pub(super) async fn one(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let app = Arc::clone(&call.app);
    body::expect_json(&call.headers)?;
    let now = call.now;
    let bytes = call.read(app.limits.body_bytes).await?;
    let body = body::object(&bytes)?;
    let question = Question::read(&body, "")?;
    let mut under_way = UnderWay::begin(&app)?;
    let decided = gate.decide_now(&question.request(now));
    let decision = match decided.map_err(|error| wrong_facts("", &error))? {
        Some(decision) => decision,
        None => {
            under_way.wait_for_keys(&app)?;
            wait_and_decide(gate, body, now, under_way).await?
        }
    };
    Ok(answer(&decision))
}

/// A decision that counts against the limit. Begins once the body is there, so that a slow sender takes
/// no place, and ends with the work, even if the client has gone.
struct UnderWay {
    permit: OwnedSemaphorePermit,
    waits: bool,
    _counted: Held,
}

impl UnderWay {
    fn begin(app: &App) -> Result<Self, ApiError> {
        let permit = Arc::clone(&app.in_flight).try_acquire_owned();
        let permit = permit.map_err(|_| ApiError::busy())?;
        let counted = app.metrics.decisions_in_flight().hold();
        Ok(Self { permit, waits: false, _counted: counted })
    }

    /// Gives its place up and takes one of the few for requests that wait for keys: while keys do not
    /// come, those requests block each other and no others.
    fn wait_for_keys(&mut self, app: &App) -> Result<(), ApiError> {
        if !self.waits {
            let permit = Arc::clone(&app.waiting).try_acquire_owned();
            self.permit = permit.map_err(|_| ApiError::too_many_wait())?;
            self.waits = true;
        }
        Ok(())
    }
}

/// Decides on a thread where waiting for keys blocks no other request.
async fn wait_and_decide(
    gate: Arc<Gate>,
    body: Object,
    now: u64,
    under_way: UnderWay,
) -> Result<Decision, ApiError> {
    let decided = crate::blocking::run(move || {
        let _under_way = under_way;
        let question = Question::read(&body, "")?;
        decide(&gate, &question, now, "")
    });
    decided.await.unwrap_or_else(|| Err(ApiError::internal()))
}

/// `POST /v1/gates/{gate}/decide/batch`.
pub(super) async fn batch(call: Call) -> Result<Response, ApiError> {
    let gate = call.gate()?;
    let app = Arc::clone(&call.app);
    body::expect_json(&call.headers)?;
    let now = call.now;
    let bytes = call.read(app.limits.body_bytes).await?;
    let body = body::object(&bytes)?;
    let under_way = UnderWay::begin(&app)?;
    let decided = crate::blocking::run(move || decide_all(&app, &gate, &body, now, under_way));
    let decisions = decided.await.unwrap_or_else(|| Err(ApiError::internal()))?;
    Ok(Json(serde_json::json!({ "decisions": decisions })).into_response())
}

/// Every request is read before the first is decided, so that a malformed one costs nothing.
fn decide_all(
    app: &App,
    gate: &Arc<Gate>,
    body: &Object,
    now: u64,
    mut under_way: UnderWay,
) -> Result<Vec<Decision>, ApiError> {
    body::expect_members(body, &["requests"], "")?;
    let requests = match body.get("requests") {
        Some(Value::Array(requests)) => requests,
        Some(other) => return Err(wrong("", "requests", other, "a list of requests")),
        None => return Err(ApiError::field("requests", "missing; expected a list of requests")),
    };
    let limit = app.limits.batch;
    if requests.len() > limit {
        let came = requests.len();
        return Err(ApiError::field("requests", format!("{came}; expected at most {limit}")));
    }
    let places = (0..requests.len()).map(|index| format!("requests[{index}]."));
    let places: Vec<_> = places.collect();
    let questions: Result<Vec<_>, _> = requests
        .iter()
        .zip(&places)
        .map(|(request, place)| match request {
            Value::Object(object) => Question::read(object, place),
            other => Err(wrong("", place.trim_end_matches('.'), other, "an object")),
        })
        .collect();
    let decide = |(question, place): (Question<'_>, &String)| {
        let decided = gate.decide_now(&question.request(now));
        match decided.map_err(|error| wrong_facts(place, &error))? {
            Some(decision) => Ok(decision),
            None => {
                under_way.wait_for_keys(app)?;
                decide(gate, &question, now, place)
            }
        }
    };
    questions?.into_iter().zip(&places).map(decide).collect()
}

fn decide(
    gate: &Arc<Gate>,
    question: &Question<'_>,
    now: u64,
    place: &str,
) -> Result<Decision, ApiError> {
    let decided = gate.decide(&question.request(now));
    decided.map_err(|error| wrong_facts(place, &error))
}

fn answer(decision: &Decision) -> Response {
    if decision.outcome() == Outcome::Failed {
        let later = [(RETRY_AFTER, HeaderValue::from_static("1"))];
        return (StatusCode::SERVICE_UNAVAILABLE, later, Json(decision)).into_response();
    }
    Json(decision).into_response()
}

/// What is to be decided.
struct Question<'a> {
    id: Option<&'a str>,
    token: &'a str,
    format: Format,
    facts: Facts,
    trace: bool,
}

impl<'a> Question<'a> {
    /// Reads a request; `place` is what stands before the names of its members in errors.
    fn read(object: &'a Object, place: &str) -> Result<Self, ApiError> {
        body::expect_members(object, &MEMBERS, place)?;
        let text = |name: &str| match object.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(&**text)),
            Some(other) => Err(wrong(place, name, other, "a string")),
        };
        let missing =
            || ApiError::field(&format!("{place}token"), "missing; expected an access token");
        Ok(Self {
            id: text("id")?,
            token: text("token")?.ok_or_else(missing)?,
            format: format(text("format")?, place)?,
            facts: facts(object.get("facts"), place)?,
            trace: match object.get("trace") {
                None => false,
                Some(Value::Bool(trace)) => *trace,
                Some(other) => return Err(wrong(place, "trace", other, "true or false")),
            },
        })
    }

    fn request(&'a self, now: u64) -> Request<'a> {
        let input = Input::Token(self.format, self.token.as_bytes());
        Request { id: self.id, input, facts: &self.facts, now, trace: self.trace }
    }
}

fn format(name: Option<&str>, place: &str) -> Result<Format, ApiError> {
    match name {
        None | Some("jwt") => Ok(Format::Jwt),
        Some("binary-security-token") => Ok(Format::BinarySecurityToken),
        Some("soap") => Ok(Format::Soap),
        Some(other) => {
            let other = admit::text::Shown::name(other);
            let expected = "expected `jwt`, `binary-security-token` or `soap`";
            Err(ApiError::field(&format!("{place}format"), format!("`{other}`; {expected}")))
        }
    }
}

fn facts(value: Option<&Value>, place: &str) -> Result<Facts, ApiError> {
    let object = match value {
        None => return Ok(Facts::default()),
        Some(Value::Object(object)) => object.clone(),
        Some(other) => return Err(wrong(place, "facts", other, "an object")),
    };
    Facts::from_json(object).map_err(|error| wrong_facts(place, &error))
}

fn wrong_facts(place: &str, error: &FactsError) -> ApiError {
    ApiError::field(&format!("{place}facts"), error.to_string())
}

fn wrong(place: &str, name: &str, came: &Value, expected: &str) -> ApiError {
    ApiError::field(&format!("{place}{name}"), format!("{}; expected {expected}", json::kind(came)))
}
