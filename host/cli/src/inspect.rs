//! `admit inspect`.

use std::io::{Result as IoResult, Write};

use admit::cases::CaseSet;
use admit::description;
use admit::release::Inspected;
use serde_json::{Value, json};

use crate::args::{InspectArgs, OutputArg};
use crate::error::{CliError, Exit};
use crate::{compile, text};

/// The world every policy implements, at the version of the contract this program is built with.
const WORLD: &str = "admit:policy/token-policy@0.1.0";

/// Says what a component is.
pub(crate) fn run(args: &InspectArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let runtime = crate::decide::runtime()?;
    let inspected = compile::policy(&runtime, &args.policy)?;
    let printed = match args.output {
        OutputArg::Json => json(&inspected, out),
        OutputArg::Text => people(&inspected, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

fn json(inspected: &Inspected, out: &mut dyn Write) -> IoResult<()> {
    let policy = inspected.policy();
    let document = json!({
        "name": *policy.name,
        "version": *policy.version,
        "digest": *policy.digest,
        "size_bytes": inspected.size_bytes(),
        "world": WORLD,
        "imports": [],
        "exports": inspected.exports(),
        "description": description::to_json(inspected.description()),
        "cases": cases(inspected),
    });
    text::json_lines(out, &document)
}

fn cases(inspected: &Inspected) -> Vec<Value> {
    let of_file = |set: &CaseSet| {
        let names = set.cases.iter().map(|case| json!({"file": set.file, "name": case.name}));
        names.collect::<Vec<_>>()
    };
    inspected.cases().iter().flat_map(of_file).collect()
}

fn people(inspected: &Inspected, out: &mut dyn Write) -> IoResult<()> {
    let policy = inspected.policy();
    let description = description::to_json(inspected.description());
    writeln!(out, "{} {}", policy.name, policy.version)?;
    writeln!(out, "{}\n", text::wrapped(member(&description, "summary"), 0))?;
    text::entry(out, "digest", &policy.digest)?;
    text::entry(out, "size", &format!("{} bytes", inspected.size_bytes()))?;
    text::entry(out, "world", WORLD)?;
    text::entry(out, "imports", "nothing")?;
    text::entry(out, "exports", &inspected.exports().join(", "))?;
    text::entry(out, "claims", &text::clean(&inspected.description().claims.join(", ")))?;
    for set in inspected.cases() {
        text::entry(out, "cases", &format!("{} in {}", set.cases.len(), text::clean(&set.file)))?;
    }
    lists(&description, out)
}

/// Prints a description in JSON form.
pub(crate) fn description(description: &Value, out: &mut dyn Write) -> IoResult<()> {
    let [name, version] = ["name", "version"].map(|name| text::clean(member(description, name)));
    writeln!(out, "{name} {version}")?;
    writeln!(out, "{}", text::wrapped(member(description, "summary"), 0))?;
    lists(description, out)
}

fn lists(description: &Value, out: &mut dyn Write) -> IoResult<()> {
    settings(out, description)?;
    section(out, description, "Facts", ["facts", "name", "summary"])?;
    section(out, description, "Rules, in this order", ["rules", "name", "summary"])?;
    section(out, description, "Refusals", ["reasons", "code", "title"])
}

fn settings(out: &mut dyn Write, description: &Value) -> IoResult<()> {
    const INDENT: usize = 4;
    let items = list(description, "settings");
    if !items.is_empty() {
        writeln!(out, "\nSettings")?;
    }
    for item in items {
        writeln!(out, "  {}: {}", text::clean(member(item, "name")), form(item))?;
        writeln!(out, "{:INDENT$}{}", "", text::wrapped(member(item, "help"), INDENT))?;
    }
    Ok(())
}

/// The form of a setting's value, and what counts without one.
fn form(setting: &Value) -> String {
    let kind = match member(setting, "kind") {
        "texts" => "list of texts",
        "guid" => "GUID",
        "guids" => "list of GUIDs",
        "url" => "URL",
        "boolean" => "true or false",
        "choice" => "one of",
        "choices" => "list of",
        other => other,
    };
    let choices: Vec<_> = list(setting, "choices").iter().filter_map(Value::as_str).collect();
    let mut form = format!("{kind} {}", text::clean(&choices.join(", "))).trim_end().to_owned();
    if setting.get("required").and_then(Value::as_bool) == Some(true) {
        form.push_str(" (required)");
    } else if let Some(default) = setting.get("default") {
        form.push_str(&format!(" (default {})", text::clean(&default.to_string())));
    }
    form
}

/// A list of the description: each item's name, and beside it what the item says.
fn section(
    out: &mut dyn Write,
    description: &Value,
    title: &str,
    [items, name, says]: [&str; 3],
) -> IoResult<()> {
    let items = list(description, items);
    if !items.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    let width = items.iter().map(|item| member(item, name).len()).max().unwrap_or_default();
    for item in items {
        let says = text::wrapped(member(item, says), width + 4);
        writeln!(out, "  {:<width$}  {says}", text::clean(member(item, name)))?;
    }
    Ok(())
}

fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn member<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}
