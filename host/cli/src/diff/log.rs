//! Inputs from a log of requests: JSON lines, as `admit decide --jsonl` takes them.

use std::path::Path;

use admit::cases::ISSUER;
use admit::cloud::{Cloud, TokenVersion};
use admit::input;
use admit::text::Shown;
use serde_json::Map;

use super::input::{Input, Origin, Request};
use crate::args::DiffArgs;
use crate::error::CliError;
use crate::files::{self, content};
use crate::line::{self, LineError};

/// Some 50,000 requests.
const MAX_LOG_BYTES: u64 = 64 * 1024 * 1024;

const MEMBERS: &[&str] = &["id", "token", "claims", "facts", "now"];
const EXPECTED_MEMBERS: &str = "`id`, `claims`, `facts`, `now`";
const NO_NOW: &str = "`now` is missing; expected the time of the request, here or as --now";
const TOKEN: &str = "`token` is given; expected `claims`: no token is verified here";

#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
struct BadLine {
    line: usize,
    problem: LineError,
}

/// The requests of the file, each with the same settings.
pub(super) fn inputs(
    path: &Path,
    args: &DiffArgs,
    settings: &Map<String, serde_json::Value>,
) -> Result<Vec<Input>, CliError> {
    let bytes = files::text("log", "a request per line", path, MAX_LOG_BYTES)?;
    let now = args.now.map(|moment| moment.0);
    let mut inputs = Vec::new();
    for (index, text) in input::document(&bytes).split(|byte| *byte == b'\n').enumerate() {
        let text = input::line(text);
        if text.is_empty() {
            continue;
        }
        let line = index + 1;
        let bad = |problem| content("log", &path.display(), BadLine { line, problem });
        let (id, mut request) = request(text, now).map_err(bad)?;
        stand_for_issuer(&mut request.claims, args.cloud);
        request.settings = settings.clone();
        inputs.push(Input { origin: Origin::Line { line, id }, made: None, request });
    }
    Ok(inputs)
}

/// The request of a line, without settings.
fn request(line: &[u8], now: Option<u64>) -> Result<(Option<String>, Request), LineError> {
    let members = line::members(line, MEMBERS, EXPECTED_MEMBERS)?;
    if members.get("token").is_some() {
        return Err(LineError::Input(TOKEN));
    }
    let claims =
        line::object(&members, "claims")?.ok_or(LineError::Input("`claims` is missing"))?;
    let facts = line::facts(&members)?.unwrap_or_default();
    let id = line::id(&members)?.map(|id| Shown::new(id).to_string());
    let now = line::now(&members)?.or(now).ok_or(LineError::Input(NO_NOW))?;
    Ok((id, Request { claims, facts, settings: Map::new(), now }))
}

/// Says of an issuer only that it is the right one, so that it stays so when other claims vary.
fn stand_for_issuer(claims: &mut Map<String, serde_json::Value>, cloud: Cloud) {
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    let version = match text("ver") {
        Some("1.0") => TokenVersion::V1,
        Some("2.0") => TokenVersion::V2,
        _ => return,
    };
    let right = text("tid").map(|tid| cloud.issuer(version, tid));
    if right.is_some() && text("iss") == right.as_deref() {
        claims.insert("iss".to_owned(), ISSUER.into());
    }
}
