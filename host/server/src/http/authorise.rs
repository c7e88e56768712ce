//! Who may call an endpoint.

use std::sync::Arc;

use admit_api::error::Code;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use super::error::ApiError;
use super::listener::Place;
use super::trace::Proved;
use crate::access::Right;
use crate::app::App;
use crate::authority::{Authority, Denied};
use crate::live::Live;
use admit_api::endpoint::{Endpoint, ListenerKind};

/// Checks Host header, access token, role and GitOps mode, in this order; says what the caller may. Notes
/// on the connection and for the log whether the token was a good one.
///
/// What is open to everybody holds no secret, and is asked for by probes and scrapers under names
/// that nobody configured: there the Host header counts for nothing.
pub(super) fn authorise(
    app: &App,
    endpoint: Endpoint,
    request: &Parts,
) -> Result<Authority, ApiError> {
    let right = endpoint.right();
    if endpoint.listener() == ListenerKind::Admin && right != Right::Open {
        check_host(&app.live(), request)?;
    }
    let authority = app.permissions.authority(right, token(&request.headers));
    let proved = match &authority {
        Ok(authority) if authority.is_anybodys() => None,
        Ok(_) | Err(Denied::Role(_) | Denied::GitOps { .. }) => Some(true),
        Err(Denied::NoToken | Denied::Unknown) => Some(false),
    };
    if let (Some(proved), Some(place)) = (proved, request.extensions.get::<Arc<Place>>()) {
        place.prove(proved);
    }
    if let (Some(true), Some(noted)) = (proved, request.extensions.get::<Proved>()) {
        noted.note();
    }
    Ok(authority?)
}

/// The one access token of a request.
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => bearer(value.to_str().ok()?),
        _ => None,
    }
}

/// The token of a `Bearer` header (RFC 6750 §2.1); the scheme in any letter case, with one space or more
/// after it (RFC 9110 §11.1, §11.4).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim_start_matches(' '))
}

/// A page of another site that has its name resolved to this machine still sends its own name.
fn check_host(live: &Live, request: &Parts) -> Result<(), ApiError> {
    let refused = |name: &str, value: &str| {
        let value = admit::text::Shown::new(value);
        let message = format!("the {name} `{value}` is not one of this server; see `admin.hosts`");
        Err(ApiError::new(StatusCode::FORBIDDEN, Code::HostNotAllowed, message))
    };
    let text = |value: &axum::http::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()
    };
    let mut hosts = request.headers.get_all(HOST).iter().map(text);
    let (host, second) = (hosts.next().unwrap_or_default(), hosts.next());
    // The target may name a host too (RFC 9112 §3.2.2).
    let target = request.uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    let named = [Some(host.clone()), second, target];
    if let Some(other) = named.into_iter().flatten().find(|name| !live.allows_host(name)) {
        return refused("Host header or target", &other);
    }
    match request.headers.get(ORIGIN).map(text) {
        Some(origin) if !same_origin(&origin, &host) => refused("origin", &origin),
        _ => Ok(()),
    }
}

fn same_origin(origin: &str, host: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}
