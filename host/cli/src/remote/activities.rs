//! `admit activities`.

use std::io::{Result as IoResult, Write};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answered;
use super::answers::Actor;
use crate::args::ActivitiesArgs;
use crate::client::Call;
use crate::error::{CliError, Exit};
use crate::text::{clean, value};

#[derive(Deserialize)]
struct Page {
    activities: Vec<Activity>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Activity {
    id: u64,
    at: String,
    actor: Actor,
    gate: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    details: Map<String, Value>,
}

/// Lists what was done.
pub(super) fn run(args: &ActivitiesArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let call = Call::new("GET", &["v1", "activities"])
        .query("gate", args.gate.as_ref())
        .query("type", args.kind.as_ref())
        .query("actor", args.actor.as_ref())
        .query("since", args.since.map(|moment| moment.0))
        .query("until", args.until.map(|moment| moment.0))
        .query("limit", args.page.limit)
        .query("before", args.page.before);
    answered(&args.remote, call, out, people)
}

fn people(page: &Page, out: &mut dyn Write) -> IoResult<()> {
    for activity in &page.activities {
        let Activity { id, at, actor, gate, kind, details } = activity;
        let gate = gate.as_deref().map(|gate| format!("  {}", clean(gate))).unwrap_or_default();
        let (at, actor, access, kind) = (clean(at), actor.text(), actor.access(), clean(kind));
        writeln!(out, "{id}  {at}  {access:<8}  {actor}{gate}  {kind}{}", text(details))?;
    }
    match page.next {
        Some(next) => writeln!(out, "more with --before {next}"),
        None => Ok(()),
    }
}

fn text(details: &Map<String, Value>) -> String {
    let detail = |(name, detail): (&String, &Value)| {
        let detail = match detail {
            Value::String(text) => clean(text),
            other => value(Some(other), ""),
        };
        format!("  {}={detail}", clean(name))
    };
    details.iter().map(detail).collect()
}
