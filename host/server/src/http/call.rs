//! A request to an endpoint, as its handler sees it: authorised, with its gate, its query and its
//! body at hand.

use std::sync::Arc;

use admit::text::visible_line;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::Uri;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body;
use super::error::ApiError;
use crate::app::App;
use crate::authority::Authority;
use crate::gates::{Gate, MayDrop, Tags};

/// The largest body of a request to the admin listener: a component in base64, with room.
const MAX_ADMIN_BODY: usize = 4 * 1024 * 1024;

/// The longest reason of the query reader that an answer repeats, in bytes: one with a list of all names.
const MAX_QUERY_REASON: usize = 160;

/// Why a `+` is not what it seems.
pub(super) const PLUS_IS_A_SPACE: &str = "; a `+` in a query stands for a space: write `%2B`";

/// A request that may be handled.
///
/// INVARIANT: who calls was asked before anything of the body was read, and is asked again after it.
pub(super) struct Call {
    pub(super) app: Arc<App>,
    /// What the caller may do.
    pub(super) authority: Authority,
    /// What stands for `{gate}` or `{id}` in the path; empty when there is neither.
    pub(super) parameter: String,
    pub(super) headers: HeaderMap,
    pub(super) uri: Uri,
    /// Read by [`Call::read`] alone.
    body: Body,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Call {
    /// A request that was authorised.
    pub(super) fn new(
        app: Arc<App>,
        authority: Authority,
        parameter: String,
        parts: Parts,
        body: Body,
    ) -> Self {
        let Parts { headers, uri, .. } = parts;
        let now = admit::gate::now();
        Self { app, authority, parameter, headers, uri, body, now }
    }

    /// The gate in the path.
    pub(super) fn gate(&self) -> Result<Arc<Gate>, ApiError> {
        let gate = self.app.gates.get(&self.parameter);
        gate.cloned().ok_or_else(|| ApiError::unknown_gate(&self.parameter))
    }

    /// The query, strictly.
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        query_of(&self.uri, &[])
    }

    /// The query, strictly, and the settings that `drop` names in it, which may be there several
    /// times.
    pub(super) fn query_with_drop<T: DeserializeOwned>(&self) -> Result<(T, MayDrop), ApiError> {
        let parts = self.uri.query().unwrap_or_default().split('&');
        let (drop, rest): (Vec<_>, Vec<_>) = parts.partition(|part| part.starts_with("drop="));
        let names: Result<Vec<_>, _> = drop
            .iter()
            .map(|part| part.trim_start_matches("drop="))
            .map(|name| match is_setting_name(name) {
                true => Ok(name.to_owned()),
                false => Err(ApiError::field("drop", not_a_setting(name))),
            })
            .collect();
        let uri = Uri::builder().path_and_query(format!("/?{}", rest.join("&")));
        let query = query_of(&uri.build().unwrap_or_default(), &["drop"])?;
        Ok((query, MayDrop::Named(names?)))
    }

    /// The media type of the body, without parameters, in lower case; empty when there is none.
    pub(super) fn media_type(&self) -> String {
        media_type(&self.headers)
    }

    /// The body, at most `limit` bytes. Asks again who calls: a body may take its time.
    pub(super) async fn read(self, limit: usize) -> Result<Bytes, ApiError> {
        let bytes = body::read(self.body, limit).await?;
        self.authority.check()?;
        Ok(bytes)
    }

    /// The body of an admin request.
    pub(super) async fn bytes(self) -> Result<Bytes, ApiError> {
        self.read(MAX_ADMIN_BODY).await
    }

    /// The body of an admin request, one JSON object without duplicate names.
    pub(super) async fn object(self) -> Result<Map<String, Value>, ApiError> {
        body::expect_json(&self.headers)?;
        let bytes = self.bytes().await?;
        body::object(&bytes)
    }

    /// The revision that a change is about, from `If-Match`; absent when any. Several headers are one
    /// list (RFC 9110 5.3).
    pub(super) fn revision(&self) -> Result<Option<Tags>, ApiError> {
        let headers = self.headers.get_all(IF_MATCH).iter();
        let headers: Vec<_> =
            headers.map(|header| String::from_utf8_lossy(header.as_bytes())).collect();
        match headers.join(",").trim() {
            _ if headers.is_empty() => Ok(None),
            "*" => Ok(None),
            tags => match Tags::parse(tags) {
                Ok(tags) => Ok(Some(tags)),
                Err(error) => Err(ApiError::field("If-Match", error.to_string())),
            },
        }
    }
}

/// Reads a query; `others` are the parameters that are read besides.
fn query_of<T: DeserializeOwned>(uri: &Uri, others: &[&str]) -> Result<T, ApiError> {
    let query = axum::extract::Query::<T>::try_from_uri(uri);
    query.map(|query| query.0).map_err(|error| {
        let text = error.body_text();
        let reason = text.split_once(": ").map_or(&*text, |(_, reason)| reason);
        wrong_value(uri, reason).unwrap_or_else(|| wrong_query(uri, reason, others))
    })
}

/// What a parameter may be; absent for texts, which are read whatever they are.
fn expected(parameter: &str) -> Option<&'static str> {
    match parameter {
        "limit" => Some("1 to 200"),
        "before" | "to" | "max_differences" => Some("a whole number"),
        "dry_run" | "candidate" | "force" => Some("`true` or `false`"),
        _ => None,
    }
}

/// Of a value that is not what its parameter may be: what came, and what was expected.
fn wrong_value(uri: &Uri, reason: &str) -> Option<ApiError> {
    let (name, _) = reason.split_once(": ").filter(|(_, why)| !why.contains(" field "))?;
    let expected = expected(name)?;
    let mut parameters = uri.query()?.split('&').filter_map(|part| part.split_once('='));
    let (_, came) = parameters.find(|(parameter, _)| *parameter == name)?;
    let plus = if came.contains('+') { PLUS_IS_A_SPACE } else { "" };
    let came = admit::text::Shown::name(came);
    Some(ApiError::field(name, format!("`{came}`; expected {expected}{plus}")))
}

/// Of a parameter that is not there, or is there twice.
fn wrong_query(uri: &Uri, reason: &str, others: &[&str]) -> ApiError {
    // A name of such a length may be a token in the wrong place.
    let reason = Some(reason).filter(|reason| reason.len() <= MAX_QUERY_REASON);
    let reason = reason.unwrap_or("not what is expected");
    let reason = reason.split_once(": ").map_or(reason, |(_, why)| why);
    let reason = match reason.split_once(", expected ") {
        Some((what, names)) => {
            let names = names.split('`').skip(1).step_by(2).chain(others.iter().copied());
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            format!("{what}; expected {}", names.join(", "))
        }
        None => reason.to_owned(),
    };
    let plus = uri.query().is_some_and(|query| query.contains('+'));
    let plus = if plus { PLUS_IS_A_SPACE } else { "" };
    ApiError::malformed(format!("query: {}{plus}", visible_line(&reason)))
}

/// Whether a policy may have a setting of this name.
fn is_setting_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn not_a_setting(name: &str) -> String {
    let plus = if name.contains('+') { PLUS_IS_A_SPACE } else { "" };
    let name = admit::text::Shown::name(name);
    format!(
        "`{name}` is no name of a setting; expected one name, and `drop` again for another{plus}"
    )
}

pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}
