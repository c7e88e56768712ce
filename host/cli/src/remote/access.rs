//! `admit access`.

use std::io::{Result as IoResult, Write};

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answered, done};
use crate::args::{AccessArgs, AccessVerb, CreateAccessArgs, OutputArg, RemoteArgs, RoleArg};
use crate::client::{Call, Client};
use crate::error::{CliError, Exit, say};
use crate::text::clean;

/// Entries of a page: as many as the server gives.
const PAGE: u32 = 200;

#[derive(Deserialize)]
struct Created {
    id: String,
    name: String,
    role: String,
    token: String,
}

#[derive(Deserialize)]
struct Page {
    access: Vec<Value>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Holder {
    id: String,
    name: String,
    role: String,
    created_at: String,
    created_by: String,
    revoked_at: Option<String>,
}

/// Creates, lists or revokes access tokens.
pub(super) fn run(args: &AccessArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    match &args.verb {
        AccessVerb::Create(args) => create(args, out),
        AccessVerb::List(args) => list(&args.remote, out),
        AccessVerb::Revoke(args) => {
            let call = Call::new("DELETE", &["v1", "access", &args.id]);
            done(&args.remote, call, out, &format!("{}: revoked", clean(&args.id)))
        }
    }
}

fn create(args: &CreateAccessArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let body = json!({"name": args.name, "role": name(args.role)});
    let call = Call::new("POST", &["v1", "access"]).json(&body);
    answered(&args.remote, call, out, |created: &Created, out| {
        let Created { id, name, role, token } = created;
        let (id, name, role) = (clean(id), clean(name), clean(role));
        // Alone on standard output, so that it can be piped.
        writeln!(out, "{}", clean(token))?;
        say(format!("access token {id} of `{name}`, role {role}; shown this once"));
        Ok(())
    })
}

fn name(role: RoleArg) -> String {
    let value = role.to_possible_value();
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Prints every access token there was, however many pages they fill.
fn list(args: &RemoteArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let client = Client::new(&args.connect)?;
    let (mut access, mut before) = (Vec::new(), None);
    loop {
        let call = Call::new("GET", &["v1", "access"]);
        let call = call.query("limit", Some(PAGE)).query("before", before);
        let page: Page = client.call(call)?.read()?;
        access.extend(page.access);
        match page.next {
            // Numbers fall from page to page, or there would be no end.
            Some(next) if before.is_none_or(|before| next < before) => before = Some(next),
            _ => break,
        }
    }
    let printed = match args.output {
        OutputArg::Json => writeln!(out, "{}", json!({ "access": access })),
        OutputArg::Text => people(access, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// The oldest first.
fn people(access: Vec<Value>, out: &mut dyn Write) -> IoResult<()> {
    for holder in access.into_iter().rev() {
        let holder = serde_json::from_value(holder)?;
        let Holder { id, name, role, created_at, created_by, revoked_at } = holder;
        let (created_at, created_by) = (clean(&created_at), clean(&created_by));
        let (id, name, role) = (clean(&id), clean(&name), clean(&role));
        let revoked = revoked_at.as_deref().map(|at| format!(", REVOKED {}", clean(at)));
        let revoked = revoked.unwrap_or_default();
        writeln!(out, "{id}  {role:<10}  {name}  created {created_at} by {created_by}{revoked}")?;
    }
    Ok(())
}
