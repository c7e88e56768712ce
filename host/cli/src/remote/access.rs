//! `admit access`.

use std::io::{Result as IoResult, Write};

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::json;

use super::{answered, done};
use crate::args::{AccessArgs, AccessVerb, CreateAccessArgs, RoleArg};
use crate::client::Call;
use crate::error::{CliError, Exit, say};
use crate::text::clean;

#[derive(Deserialize)]
struct Created {
    id: String,
    name: String,
    role: String,
    token: String,
}

#[derive(Deserialize)]
struct Access {
    access: Vec<Holder>,
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
        AccessVerb::List(args) => {
            answered(&args.remote, Call::new("GET", &["v1", "access"]), out, list)
        }
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

fn list(access: &Access, out: &mut dyn Write) -> IoResult<()> {
    for holder in &access.access {
        let Holder { id, name, role, created_at, created_by, revoked_at } = holder;
        let (created_at, created_by) = (clean(created_at), clean(created_by));
        let (id, name, role) = (clean(id), clean(name), clean(role));
        let revoked = revoked_at.as_deref().map(|at| format!(", REVOKED {}", clean(at)));
        let revoked = revoked.unwrap_or_default();
        writeln!(out, "{id}  {role:<10}  {name}  created {created_at} by {created_by}{revoked}")?;
    }
    Ok(())
}
