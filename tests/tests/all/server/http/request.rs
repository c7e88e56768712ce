//! What a step sends, and what it expects of the answer.

use serde_json::Value;

use super::expect::{fits, matches};
use super::step::Fields;
use super::values::{Values, component};
use crate::harness::client::Reply;

/// A body with its media type.
type Body = Option<(String, Vec<u8>)>;

const JSON: &str = "application/json";

/// The requests of a step, which differ by their query or their body.
pub(super) fn requests(
    values: &Values,
    body: Value,
    path: &str,
    fields: &mut Fields,
) -> Result<Vec<(String, Body)>, String> {
    let queries = fields.list("query").unwrap_or_default();
    let texts = |list: Vec<Value>| {
        list.into_iter().map(|text| values.text(text.as_str().unwrap_or_default()).into_bytes())
    };
    let kind = fields.text("type");
    let bodies: Vec<Body> = if let Some(list) = fields.list("text") {
        let kind = kind.unwrap_or_else(|| JSON.to_owned());
        texts(list).map(|bytes| Some((kind.clone(), bytes))).collect()
    } else if let Some(name) = fields.text("component") {
        vec![Some((kind.unwrap_or_else(|| "application/wasm".to_owned()), component(&name)))]
    } else if let Some(list) = fields.list("bodies") {
        let kind = kind.unwrap_or_else(|| JSON.to_owned());
        list.iter()
            .map(|body| Some((kind.clone(), values.fill(body).to_string().into_bytes())))
            .collect()
    } else if body.is_null() {
        vec![None]
    } else {
        vec![Some((kind.unwrap_or_else(|| JSON.to_owned()), body.to_string().into_bytes()))]
    };
    let mut paths: Vec<String> = texts(queries)
        .map(|query| match &*String::from_utf8_lossy(&query) {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        })
        .collect();
    if paths.is_empty() {
        paths.push(path.to_owned());
    }
    let all = paths.iter().flat_map(|path| bodies.iter().map(|body| (path.clone(), body.clone())));
    Ok(all.collect())
}

/// Compares an answer with `is` (a status, or a status and a code), `has` (members of the body), `says` (its
/// message), `errors` (the names of its errors), `headers`, `shows` (patterns of
/// the whole) and `lacks` (texts that are not in it).
pub(super) fn check_answer(
    reply: &Reply,
    values: &Values,
    mut fields: Fields,
) -> Result<(), String> {
    let is = fields.text("is").unwrap_or_else(|| "200".to_owned());
    let (status, code) =
        is.split_once(' ').map_or((&*is, None), |(status, code)| (status, Some(code)));
    if reply.status.to_string() != status {
        return Err(format!("expected {is}, came {}: {}", reply.status, reply.text()));
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if let Some(code) = code.filter(|code| body["code"] != **code) {
        return Err(format!("expected code {code}: {body}"));
    }
    if let Some(has) = fields.take("has") {
        matches(&values.fill(&has), &body)?;
    }
    if let Some(says) = fields.text("says") {
        let says = values.text(&says);
        if !fits(&says, body["message"].as_str().unwrap_or_default()) {
            return Err(format!("expected message {says:?}: {body}"));
        }
    }
    if let Some(names) = fields.list("errors") {
        let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let came: Vec<_> = errors.iter().map(|error| error["name"].clone()).collect();
        if came != names
            || errors.iter().any(|error| error["reason"].as_str().is_none_or(str::is_empty))
        {
            return Err(format!("expected errors {}: {body}", Value::from(names)));
        }
    }
    for (name, value) in
        values.fill(&fields.take("headers").unwrap_or_default()).as_object().into_iter().flatten()
    {
        let came = reply.header(name).map_or(Value::Null, Value::from);
        matches(value, &came).map_err(|error| format!("header {name}: {error}"))?;
    }
    for pattern in fields.list("shows").unwrap_or_default() {
        let pattern = values.text(pattern.as_str().unwrap_or_default());
        if !fits(&pattern, &reply.text()) {
            return Err(format!("expected {pattern:?}: {}", reply.text()));
        }
    }
    for part in fields.list("lacks").unwrap_or_default() {
        if reply.text().contains(&values.text(part.as_str().unwrap_or_default())) {
            return Err(format!("has {part}: {}", reply.text()));
        }
    }
    fields.done()
}
