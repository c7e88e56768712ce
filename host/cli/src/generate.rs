//! `admit generate`: what gates have, as `admit apply` reads it.

mod scalar;

use std::io::Write;
use std::path::Path;

use admit::release::component_digest;
use admit_api::decision::PolicyRef;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::args::GenerateArgs;
use crate::client::{Call, Client, ClientError};
use crate::error::{CliError, Exit, say};
use crate::remote::answers::GateSettings;
use crate::text::clean;
use scalar::scalar;

const HEADER: &str =
    "# Gates of an Admit server. `admit apply -f FILE` makes a server agree with it.\n";

#[derive(Deserialize)]
struct Status {
    gates: Vec<GateName>,
}

#[derive(Deserialize)]
struct GateName {
    gate: String,
}

#[derive(Deserialize)]
struct Description {
    settings: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
}

pub(crate) fn run(args: &GenerateArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let client = Client::new(&args.connect)?;
    let mut file = String::from(HEADER);
    let mut gates = String::new();
    for gate in gates_of(&client, &args.gates)? {
        match GateSettings::of(&client, &gate)? {
            Some(settings) => gates.push_str(&written(&client, &gate, settings)?),
            None => say(format!("gate `{}` has no policy; left out", clean(&gate))),
        }
    }
    file.push_str(if gates.is_empty() { "gates: {}\n" } else { "gates:\n" });
    file.push_str(&gates);
    match &args.out {
        None => out.write_all(file.as_bytes()).map_err(CliError::Output)?,
        Some(path) => write(path, &file)?,
    }
    Ok(Exit::Done)
}

/// The gates that are asked for, in the order of the server; all of them when none is.
fn gates_of(client: &Client, wanted: &[String]) -> Result<Vec<String>, ClientError> {
    let status: Status = client.call(Call::new("GET", &["v1", "status"]))?.read()?;
    let mut gates: Vec<_> = status.gates.into_iter().map(|gate| gate.gate).collect();
    if let Some(gate) = wanted.iter().find(|gate| !gates.contains(gate)) {
        let known: Vec<_> = gates.iter().map(|gate| format!("`{}`", clean(gate))).collect();
        return Err(ClientError::NoGate { gate: clean(gate), known: known.join(", ") });
    }
    gates.retain(|gate| wanted.is_empty() || wanted.contains(gate));
    Ok(gates)
}

fn written(client: &Client, gate: &str, has: GateSettings) -> Result<String, ClientError> {
    let GateSettings { policy, settings, unknown, .. } = has;
    let answer = client.call(Call::of_gate("GET", gate, "description"))?;
    let described: Description = answer.read()?;
    if !unknown.is_empty() {
        let names: Vec<_> = unknown.keys().map(|name| format!("`{}`", clean(name))).collect();
        let names = names.join(", ");
        say(format!("gate `{}` keeps settings that do not count; left out: {names}", clean(gate)));
    }
    let mut text = format!("  {}:\n    policy: {}\n", scalar(gate), scalar(&policy.reference()));
    if !is_bundled(&policy) {
        text.push_str(&format!("    digest: {}\n", scalar(&policy.digest)));
    }
    if settings.is_empty() {
        text.push_str("    settings: {}\n");
        return Ok(text);
    }
    text.push_str("    settings:\n");
    for name in ordered(&settings, &described) {
        if let Some(value) = settings.get(name) {
            text.push_str(&setting(name, value));
        }
    }
    Ok(text)
}

/// As the policy describes them, then any others by name.
fn ordered<'a>(settings: &'a Map<String, Value>, described: &'a Description) -> Vec<&'a str> {
    let described: Vec<_> = described.settings.iter().map(|setting| &*setting.name).collect();
    let mut names: Vec<_> = settings.keys().map(String::as_str).collect();
    let place = |name: &str| described.iter().position(|one| *one == name);
    names.sort_by_key(|name| (place(name).unwrap_or(described.len()), *name));
    names
}

fn setting(name: &str, value: &Value) -> String {
    let name = scalar(name);
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| format!("        - {}\n", one(item)));
            format!("      {name}:\n{}", items.collect::<String>())
        }
        value => format!("      {name}: {}\n", one(value)),
    }
}

fn one(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Whether its name is enough for every server of this version to have the same component.
fn is_bundled(policy: &PolicyRef) -> bool {
    let known = admit_policies::find(&policy.reference());
    known.is_some_and(|known| *component_digest(known.component) == *policy.digest)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(path, text).map_err(|source| CliError::Write { path: path.to_owned(), source })
}
