//! `admit access`.

use std::io::{Result as IoResult, Write};

use admit_api::access::{Access, AccessList, CreatedAccess, NewAccess};

use super::{answered, done};
use crate::args::{AccessArgs, AccessVerb, CreateAccessArgs, OutputArg, RemoteArgs};
use crate::client::{Call, Client};
use crate::error::{CliError, Exit, say};
use crate::text::{self, clean};

/// Entries of a page: as many as the server gives.
const PAGE: u32 = 200;

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
    let body = NewAccess { name: args.name.clone(), role: args.role.into() };
    let call = Call::new("POST", &["v1", "access"]).json(&body);
    answered(&args.remote, call, out, |created: &CreatedAccess, out| {
        let CreatedAccess { id, name, role, token } = created;
        let (id, name) = (clean(id), clean(name));
        // Alone on standard output, so that it can be piped.
        writeln!(out, "{}", clean(token))?;
        say(format!("access token {id} of `{name}`, role {role}; shown this once"));
        Ok(())
    })
}

/// Prints every access token there was, however many pages they fill.
fn list(args: &RemoteArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let client = Client::new(&args.connect)?;
    let (mut access, mut before) = (Vec::new(), None);
    loop {
        let call = Call::new("GET", &["v1", "access"]);
        let call = call.query("limit", Some(PAGE)).query("before", before);
        let page: AccessList = client.call(call)?.read()?;
        access.extend(page.access);
        match page.next {
            // Numbers fall from page to page, or there would be no end.
            Some(next) if before.is_none_or(|before| next < before) => before = Some(next),
            _ => break,
        }
    }
    let printed = match args.output {
        OutputArg::Json => text::json_line(out, &AccessList { access, next: None }),
        OutputArg::Text => people(access, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// The oldest first.
fn people(access: Vec<Access>, out: &mut dyn Write) -> IoResult<()> {
    for access in access.into_iter().rev() {
        let Access { id, name, role, created_at, created_by, revoked_at, .. } = access;
        let (created_at, created_by) = (clean(&created_at), clean(&created_by));
        let (id, name, role) = (clean(&id), clean(&name), clean(&role));
        let revoked = revoked_at.as_deref().map(|at| format!(", REVOKED {}", clean(at)));
        let revoked = revoked.unwrap_or_default();
        writeln!(out, "{id}  {role:<10}  {name}  created {created_at} by {created_by}{revoked}")?;
    }
    Ok(())
}
