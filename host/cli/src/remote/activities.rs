//! `admit activities`.

use std::io::{Result as IoResult, Write};

use admit_api::activity::{Activities, Activity, Actor};
use serde_json::{Map, Value};

use super::{answered, answers};
use crate::args::ActivitiesArgs;
use crate::client::Call;
use crate::error::{CliError, Exit, say};
use crate::text::{clean, value};

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

fn people(page: &Activities, out: &mut dyn Write) -> IoResult<()> {
    for activity in &page.activities {
        let Activity { id, at, actor, gate, kind, details } = activity;
        let gate = gate.as_deref().map(|gate| format!("  {}", clean(gate))).unwrap_or_default();
        let (at, access, kind) = (clean(at), access(actor), clean(kind));
        let actor = answers::actor(actor);
        writeln!(out, "{id}  {at}  {access:<8}  {actor}{gate}  {kind}{}", text(details))?;
    }
    if page.activities.is_empty() {
        say("no activity is of these");
    }
    match page.next {
        Some(next) => writeln!(out, "more with --before {next}"),
        None => Ok(()),
    }
}

/// The id of the access token; `-` when there is none.
fn access(actor: &Actor) -> String {
    actor.id.as_deref().map_or_else(|| "-".to_owned(), clean)
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
