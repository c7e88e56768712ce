//! What a transcript shows of a run.

use std::fmt::Write as _;

use regex::{Captures, Regex};
use serde_json::Value;

use super::super::schema;
use super::redact::redacted;
use super::sandbox::Sandbox;
use crate::run::Run;

/// Runs a command, and returns its standard output, and its standard error with `! ` before each line and the
/// exit code of each `admit` after `? ` unless it is 0.
pub(super) fn shown(sandbox: &Sandbox, first: &str, further: &[&str]) -> String {
    let mut picked = None;
    let command: String = [first].iter().chain(further).fold(String::new(), |command, line| {
        let line = line.split_once(" | json").map_or(*line, |(typed, members)| {
            picked = Some(members.split_whitespace().collect::<Vec<_>>());
            typed
        });
        command + line + "\n"
    });
    let run = sandbox.run(&command);
    sandbox.assert_quiet(&run.err);
    check_json(&command, &run);
    let out = match picked {
        Some(members) => documents(&run.out).iter().map(|it| pick(it, &members)).collect(),
        None => run.out,
    };
    let mut shown = redacted(&visible(&out), sandbox);
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push_str(" (no line end)\n");
    }
    for line in redacted(&visible(&run.err), sandbox).lines() {
        let mark = if line.starts_with("? ") { "" } else { "! " };
        writeln!(shown, "{}", format!("{mark}{line}").trim_end()).unwrap();
    }
    let is_shown = shown.lines().any(|line| line.starts_with("? "));
    if let Some(code) = run.code.filter(|code| *code != 0 && !is_shown) {
        writeln!(shown, "the shell ends with {code}").unwrap();
    }
    shown
}

/// Each JSON object that a verb with a published schema prints is as that says.
fn check_json(command: &str, run: &Run) {
    let mut words = command.split_whitespace().skip_while(|word| *word != "admit").skip(1);
    let verb = words.find(|word| !word.starts_with('-')).unwrap_or_default();
    let Some(check) = schema::of_verb(verb).filter(|_| run.out.starts_with('{')) else { return };
    if !command.contains(" | ") {
        documents(&run.out).iter().for_each(check);
    }
}

/// The JSON documents of an output.
fn documents(out: &str) -> Vec<Value> {
    let documents = serde_json::Deserializer::from_str(out).into_iter();
    documents.map(|it| it.unwrap_or_else(|error| panic!("{error}: {out}"))).collect()
}

/// Members of a document in one line: `a.b` of objects, `a.0` of lists, `a.*.b` of each; `-` for none.
fn pick(document: &Value, members: &[&str]) -> String {
    if members.is_empty() {
        return format!("{document:#}\n");
    }
    let values = members.iter().map(|path| match member(document, path) {
        Some(value) => value.to_string(),
        None => "-".to_owned(),
    });
    values.collect::<Vec<_>>().join("  ") + "\n"
}

fn member(document: &Value, path: &str) -> Option<Value> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let deeper = |value: &Value| match rest {
        Some(rest) => member(value, rest),
        None => Some(value.clone()),
    };
    match (document, name) {
        (Value::Array(items), "*") => Some(items.iter().filter_map(deeper).collect()),
        (Value::Array(items), "#") => Some(items.len().into()),
        (Value::Array(items), index) => deeper(items.get(index.parse::<usize>().ok()?)?),
        // Names such as `account.exists` have dots themselves.
        (document, _) => document.get(path).cloned().or_else(|| deeper(document.get(name)?)),
    }
}

/// The text with every character that does not show made visible.
fn visible(text: &str) -> String {
    let hidden = Regex::new(r"[\p{Cc}\p{Cf}\u{2028}\u{2029}&&[^\n]]").unwrap();
    let name = |found: &Captures<'_>| {
        let hidden = found[0].chars().next().unwrap();
        format!("<U+{:04X}>", u32::from(hidden))
    };
    hidden.replace_all(text, name).into_owned()
}
