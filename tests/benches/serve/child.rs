//! The servers that are measured, each in a process of its own.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use admit::claims::{Verification, VerifiedClaims};
use admit::decision::Decision;
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Request};
use admit::keys::{KeySet, Keys, Wait};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::{self, Format, MAX_TOKEN_BYTES, UnverifiedToken};
use admit::verify::verify;
use admit_api::endpoint::ListenerKind;
use admit_policies::WINDOWS_MDM_2;
use admit_server::access::{Access, Role};
use admit_server::authority::Authority;
use admit_server::config::{self, Sources};
use admit_server::http::listener::{self, Bound};
use admit_server::http::trace;
use admit_server::metrics::{ConnectionMetrics, Metrics};
use admit_server::store::{Retention, Store};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use super::setup::{BODY, GATE, Result, settings};

/// The real server.
pub(crate) fn serve(directory: &Path) -> Result<()> {
    let sources = Sources { file: Some(directory.join("admit.yaml")), ..Sources::default() };
    let config = config::load(sources.clone())?;
    Ok(admit_server::serve::serve(&config, &sources, &mut std::io::stdout())?)
}

/// What the verifying server has: everything that a decision needs, but the decision itself.
struct Verifier {
    access: Access,
    keys: Keys,
    verification: Verification,
    in_flight: Semaphore,
    /// What every request is answered with, for the cost of writing it.
    answer: Decision,
}

/// A server that takes the same requests through the same listener, middleware, access check and
/// body, verifies the token, and answers with a decision made at its start.
pub(crate) fn verify_only(directory: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(verify_until_killed(directory))
}

async fn verify_until_killed(directory: &Path) -> Result<()> {
    let store = Store::open(&directory.join("data"), Retention::default()).await?;
    let access = Access::open(store).await?;
    let now = admit::gate::now();
    let token = access.create("bench", Role::Admin, &Authority::server(), now).await?.token;
    let keys = Keys::fixed(KeySet::parse(&std::fs::read(directory.join("keys.json"))?)?);
    let verification = Verification::default();
    let answer = decide_once(directory, keys.clone(), verification)?;
    let in_flight = Semaphore::new(128);
    let verifier = Arc::new(Verifier { access, keys, verification, in_flight, answer });
    let path = "/v1/gates/{gate}/decide";
    let metrics = Metrics::new(now).listener(ListenerKind::Service, [path]);
    let observed = trace::Observed { metrics, strangers: Arc::default() };
    let router = Router::new()
        .route(path, post(answer_verified))
        .with_state(verifier)
        .layer(CatchPanicLayer::new())
        .layer(axum::middleware::from_fn_with_state(observed, trace::observe));
    let bound = Bound::tcp(([127, 0, 0, 1], 0).into()).await?;
    let mut out = std::io::stdout();
    writeln!(out, "  service    http://{}", bound.address())?;
    writeln!(out, "  admin      http://{}", bound.address())?;
    writeln!(out, "  access     {token}")?;
    writeln!(out, "  gate       {GATE}: verifies only")?;
    out.flush()?;
    let second = Duration::from_secs(1);
    let limits = listener::Limits {
        connections: 1_024,
        header: 10 * second,
        idle: 75 * second,
        body: 10 * second,
        drain: second,
    };
    let metrics = ConnectionMetrics::default();
    listener::serve(bound, router, limits, &metrics, std::future::pending()).await;
    Ok(())
}

fn decide_once(directory: &Path, keys: Keys, verification: Verification) -> Result<Decision> {
    let gate = Gate::new(GATE, Runtime::new()?, Arc::new(keys), verification);
    let settings = Settings::parse(settings().to_string().as_bytes())?;
    let component = WINDOWS_MDM_2.component;
    gate.activate(Activation { component, settings, cases: &[] })?;
    let body = std::fs::read(directory.join(BODY))?;
    let body = admit::json::parse_object(&body)?;
    let token = admit::json::text(&body, "token").ok_or("the body has no token")?;
    Ok(gate.decide(&Request::new(token, &Facts::default()))?)
}

async fn answer_verified(
    State(verifier): State<Arc<Verifier>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match verified(&verifier, &headers, body).await {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn verified(verifier: &Verifier, headers: &HeaderMap, body: Body) -> Result<Vec<u8>> {
    let access = headers.get(AUTHORIZATION).ok_or("no access token")?.to_str()?;
    let access = access.strip_prefix("Bearer ").ok_or("no bearer token")?;
    verifier.access.holder(access).ok_or("an unknown access token")?;
    let _permit = verifier.in_flight.try_acquire()?;
    let body = axum::body::to_bytes(body, 512 * 1024).await?;
    let body = admit::json::parse_object(&body)?;
    let token = admit::json::text(&body, "token").ok_or("the body has no token")?;
    let token = token::compact_form(Format::Jwt, token.as_bytes())?;
    let unverified = UnverifiedToken::parse(&token, MAX_TOKEN_BYTES)?;
    let key = verifier.keys.find(unverified.kid(), Wait::May)?;
    let verified = verify(unverified, &key)?;
    VerifiedClaims::from_token(&verified, &verifier.verification, admit::gate::now())?;
    Ok(serde_json::to_vec(&verifier.answer)?)
}
