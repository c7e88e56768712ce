//! `admit explain`: what a policy says of a reason or a rule.

use std::io::{Result as IoResult, Write};

use admit::cases::suggest::similar;
use admit::contract::types::Description;
use admit::decision::Presentation;
use admit::reason::{self, HOST_REASONS, HostReason};
use admit::release::Inspected;
use admit::text::Shown;
use admit_api::explanation::{Explanation, Found, Reason, Rule};

use crate::args::{ExplainArgs, OutputArg};
use crate::compile;
use crate::error::{CliError, Exit};
use crate::text;

/// Explains what the arguments name.
pub(crate) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let policies = policies(args.policy.as_deref())?;
    let explanation = find(&args.name, &policies);
    if explanation.found.is_empty() {
        return Err(CliError::Usage(unknown(&args.name, &policies)));
    }
    let printed = match args.output {
        OutputArg::Json => text::json_lines(out, &explanation),
        OutputArg::Text => print(&explanation, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// The policy asked for, else the newest version of every embedded one.
fn policies(reference: Option<&str>) -> Result<Vec<Inspected>, CliError> {
    let references = match reference {
        Some(reference) => vec![reference],
        None => newest(),
    };
    let runtime = crate::decide::runtime()?;
    references.into_iter().map(|reference| compile::policy(&runtime, reference)).collect()
}

/// The message for an unknown name: the policies that were searched, and the names most like it.
fn unknown(name: &str, policies: &[Inspected]) -> String {
    let policy = |it: &Inspected| format!("`{}` {}", it.policy().name, it.policy().version);
    let asked: Vec<_> = policies.iter().map(policy).collect();
    let names = policies.iter().flat_map(|policy| names(policy.description()));
    let names = names.chain(HOST_REASONS.iter().map(|reason| reason.code));
    let similar: Vec<_> = similar(name, names).iter().map(|name| format!("`{name}`")).collect();
    let example = match similar.as_slice() {
        [] => String::new(),
        similar => format!("for example {}, or ", similar.join(", ")),
    };
    format!(
        "no reason and no rule `{}` in {}; expected {example}one that `admit inspect` lists",
        Shown::name(name),
        asked.join(" or ")
    )
}

fn names(description: &Description) -> impl Iterator<Item = &str> {
    let reasons = description.reasons.iter().map(|reason| &*reason.code);
    reasons.chain(description.rules.iter().map(|rule| &*rule.name))
}

fn newest() -> Vec<&'static str> {
    let mut names: Vec<_> = admit_policies::all().iter().map(|policy| policy.name).collect();
    names.dedup();
    names
}

/// What the policies say under this name; else what the host says.
fn find(name: &str, policies: &[Inspected]) -> Explanation {
    let mut found: Vec<_> = policies.iter().flat_map(|policy| of_policy(name, policy)).collect();
    if found.is_empty() {
        found.extend(reason::of_host(name).map(of_host));
    }
    Explanation { name: name.to_owned(), found }
}

fn of_policy(name: &str, inspected: &Inspected) -> impl Iterator<Item = Found> {
    let description = inspected.description();
    let policy = || Some(inspected.policy().clone());
    let reason = description.reasons.iter().find(|reason| reason.code == name);
    let reason = reason.map(|reason| Reason {
        title: reason.title.clone(),
        remedy: reason.remedy.clone(),
        presentation: Presentation::from(&reason.presentation),
    });
    let place = description.rules.iter().position(|rule| rule.name == name);
    let rule = place.and_then(|place| Some((place, description.rules.get(place)?)));
    let rule = rule.map(|(place, rule)| Rule {
        summary: rule.summary.clone(),
        place: place + 1,
        of: description.rules.len(),
    });
    let reason = reason.map(|reason| Found { policy: policy(), reason: Some(reason), rule: None });
    let rule = rule.map(|rule| Found { policy: policy(), reason: None, rule: Some(rule) });
    reason.into_iter().chain(rule)
}

fn of_host(reason: &HostReason) -> Found {
    let presentation = Presentation::from(reason);
    let (title, remedy) = (reason.title.to_owned(), reason.remedy.to_owned());
    Found { policy: None, reason: Some(Reason { title, remedy, presentation }), rule: None }
}

/// Prints each in a few lines.
fn print(explanation: &Explanation, out: &mut dyn Write) -> IoResult<()> {
    let name = text::clean(&explanation.name);
    for (index, found) in explanation.found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        print_found(&name, found, out)?;
    }
    Ok(())
}

fn print_found(name: &str, found: &Found, out: &mut dyn Write) -> IoResult<()> {
    let of = found.policy.as_ref().map_or_else(|| "the host".to_owned(), text::policy);
    if let Some(reason) = &found.reason {
        writeln!(out, "{name}: a reason of {of}")?;
        text::prose(out, "what", &reason.title)?;
        text::prose(out, "remedy", &reason.remedy)?;
        text::presentation(&reason.presentation, out)?;
    }
    if let Some(rule) = &found.rule {
        writeln!(out, "{name}: rule {} of {} of {of}", rule.place, rule.of)?;
        text::prose(out, "what", &rule.summary)?;
    }
    Ok(())
}
