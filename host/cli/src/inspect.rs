//! `admit inspect`.

use std::io::{Result as IoResult, Write};

use admit::cases::CaseSet;
use admit::description;
use admit::release::Inspected;
use admit_api::description::{Description, Setting, SettingKind};
use admit_api::inspection::{CaseName, Inspection};

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
    let inspection = Inspection {
        name: policy.name.to_string(),
        version: policy.version.to_string(),
        digest: policy.digest.to_string(),
        size_bytes: inspected.size_bytes(),
        world: WORLD.to_owned(),
        imports: Vec::new(),
        exports: inspected.exports().to_vec(),
        description: description::shown(inspected.description()),
        cases: cases(inspected),
    };
    text::json_lines(out, &inspection)
}

fn cases(inspected: &Inspected) -> Vec<CaseName> {
    let of_file = |set: &CaseSet| {
        let named = |name: &str| CaseName { file: set.file.to_string(), name: name.to_owned() };
        set.cases.iter().map(|case| named(&case.name)).collect::<Vec<_>>()
    };
    inspected.cases().iter().flat_map(of_file).collect()
}

fn people(inspected: &Inspected, out: &mut dyn Write) -> IoResult<()> {
    let policy = inspected.policy();
    let description = description::shown(inspected.description());
    headline(&description, out)?;
    writeln!(out)?;
    text::entry(out, "digest", &policy.digest)?;
    text::entry(out, "size", &format!("{} bytes", inspected.size_bytes()))?;
    text::entry(out, "world", WORLD)?;
    text::entry(out, "imports", "nothing")?;
    text::entry(out, "exports", &inspected.exports().join(", "))?;
    text::entry(out, "claims", &text::clean(&description.claims.join(", ")))?;
    for set in inspected.cases() {
        text::entry(out, "cases", &format!("{} in {}", set.cases.len(), text::clean(&set.file)))?;
    }
    lists(&description, out)
}

/// Prints what a policy says of itself.
pub(crate) fn description(description: &Description, out: &mut dyn Write) -> IoResult<()> {
    headline(description, out)?;
    lists(description, out)
}

fn headline(description: &Description, out: &mut dyn Write) -> IoResult<()> {
    writeln!(out, "{} {}", text::clean(&description.name), text::clean(&description.version))?;
    writeln!(out, "{}", text::wrapped(&description.summary, 0))
}

fn lists(description: &Description, out: &mut dyn Write) -> IoResult<()> {
    let Description { settings, facts, rules, reasons, .. } = description;
    self::settings(out, settings)?;
    let facts = facts.iter().map(|fact| (&*fact.name, &*fact.summary));
    section(out, "Facts", facts.collect())?;
    let rules = rules.iter().map(|rule| (&*rule.name, &*rule.summary));
    section(out, "Rules, in this order", rules.collect())?;
    let reasons = reasons.iter().map(|reason| (&*reason.code, &*reason.title));
    section(out, "Refusals", reasons.collect())
}

fn settings(out: &mut dyn Write, settings: &[Setting]) -> IoResult<()> {
    const INDENT: usize = 4;
    if !settings.is_empty() {
        writeln!(out, "\nSettings")?;
    }
    for setting in settings {
        writeln!(out, "  {}: {}", text::clean(&setting.name), form(setting))?;
        writeln!(out, "{:INDENT$}{}", "", text::wrapped(&setting.help, INDENT))?;
    }
    Ok(())
}

/// The form of a setting's value, and what counts without one.
fn form(setting: &Setting) -> String {
    let kind = match setting.kind {
        SettingKind::Text => "text",
        SettingKind::Texts => "list of texts",
        SettingKind::Guid => "GUID",
        SettingKind::Guids => "list of GUIDs",
        SettingKind::Url => "URL",
        SettingKind::Integer => "integer",
        SettingKind::Boolean => "true or false",
        SettingKind::Choice => "one of",
        SettingKind::Choices => "list of",
    };
    let choices = text::clean(&setting.choices.join(", "));
    let mut form = format!("{kind} {choices}").trim_end().to_owned();
    if setting.required {
        form.push_str(" (required)");
    } else if let Some(default) = &setting.default {
        form.push_str(&format!(" (default {})", text::clean(&default.to_string())));
    }
    form
}

/// A list of the description: each item's name, and beside it what the item says.
fn section(out: &mut dyn Write, title: &str, items: Vec<(&str, &str)>) -> IoResult<()> {
    if !items.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    let width = items.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, says) in items {
        let says = text::wrapped(says, width + 4);
        writeln!(out, "  {:<width$}  {says}", text::clean(name))?;
    }
    Ok(())
}
