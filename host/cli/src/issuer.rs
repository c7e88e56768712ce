//! `admit issuer`: a local stand-in for Entra, for trying and testing.

mod key_file;
pub mod server;

use std::io::Write;

use admit::issuer::Issuer;
use serde_json::{Map, Value};

use crate::args::{IssuerArgs, IssuerKeyArgs, IssuerVerb, ServeArgs, TokenArgs};
use crate::error::{CliError, Exit};
use crate::files;
use crate::text::json_lines;

pub(crate) fn run(args: &IssuerArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    match &args.verb {
        IssuerVerb::Keys(args) => keys(args, out),
        IssuerVerb::Token(args) => token(args, out),
        IssuerVerb::Serve(args) => serve(args, out),
    }
}

fn issuer(args: &IssuerKeyArgs) -> Result<Issuer, CliError> {
    Ok(key_file::open(&args.key)?.in_cloud(args.cloud))
}

fn keys(args: &IssuerKeyArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    json_lines(out, &issuer(args)?.jwk_set()).map_err(CliError::Output)?;
    Ok(Exit::Done)
}

fn token(args: &TokenArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let issuer = issuer(&args.issuer)?;
    let now = args.now.map_or_else(admit::gate::now, |moment| moment.0);
    let mut claims = match args.version.as_str() {
        "1.0" => issuer.claims_v1(&args.tid, &args.aud, now),
        _ => issuer.claims_v2(&args.tid, &args.aud, now),
    };
    if let Some(path) = &args.claims {
        change(&mut claims, files::object("claims", path)?);
    }
    writeln!(out, "{}", issuer.sign(&claims)).map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// Replaces members of a claims set; `null` removes one.
fn change(claims: &mut Value, changes: Map<String, Value>) {
    let Some(claims) = claims.as_object_mut() else {
        return;
    };
    for (name, value) in changes {
        if value.is_null() {
            claims.remove(&name);
        } else {
            claims.insert(name, value);
        }
    }
}

fn serve(args: &ServeArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let issuer = issuer(&args.issuer)?;
    let server = server::start(&issuer, args.port)
        .map_err(|source| CliError::Serve { port: args.port, source })?;
    writeln!(out, "keys       {}", server.key_set_address())
        .and_then(|()| writeln!(out, "discovery  {}", server.discovery_address()))
        .and_then(|()| out.flush())
        .map_err(CliError::Output)?;
    server.wait();
    Ok(Exit::Done)
}
