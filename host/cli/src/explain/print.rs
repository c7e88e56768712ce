//! Printing what was found, for people and as JSON.

use std::io::{Result, Write};

use admit::decision::Presentation;
use serde_json::{Map, Value, json};

use super::find::Found;
use crate::text;

/// Prints each in a few lines.
pub(super) fn people(found: &[Found<'_>], out: &mut dyn Write) -> Result<()> {
    for (index, found) in found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        match found {
            Found::Reason(policy, reason) => {
                let of = text::policy(policy);
                writeln!(out, "{}: a reason of {of}", text::clean(&reason.code))?;
                let presentation = Presentation::from(&reason.presentation);
                refusal(&reason.title, &reason.remedy, &presentation, out)?;
            }
            Found::Rule(policy, rule, [place, all]) => {
                let of = text::policy(policy);
                writeln!(out, "{}: rule {place} of {all} of {of}", text::clean(&rule.name))?;
                text::prose(out, "what", &rule.summary)?;
            }
            Found::Host(reason) => {
                writeln!(out, "{}: a reason of the host", reason.code)?;
                refusal(reason.title, reason.remedy, &Presentation::from(*reason), out)?;
            }
        }
    }
    Ok(())
}

fn refusal(
    title: &str,
    remedy: &str,
    presentation: &Presentation,
    out: &mut dyn Write,
) -> Result<()> {
    text::prose(out, "what", title)?;
    text::prose(out, "remedy", remedy)?;
    text::presentation(presentation, out)
}

/// Prints the document of `docs/explain.schema.json`.
pub(super) fn json(name: &str, found: &[Found<'_>], out: &mut dyn Write) -> Result<()> {
    let found: Vec<_> = found.iter().map(found_json).collect();
    text::json_lines(out, &json!({"name": name, "found": found}))
}

fn found_json(found: &Found<'_>) -> Value {
    let mut object = Map::new();
    match found {
        Found::Reason(policy, reason) => {
            let presentation = Presentation::from(&reason.presentation);
            object.insert("policy".into(), json!(policy));
            object
                .insert("reason".into(), reason_json(&reason.title, &reason.remedy, &presentation));
        }
        Found::Rule(policy, rule, [place, all]) => {
            object.insert("policy".into(), json!(policy));
            let rule = json!({"summary": rule.summary, "place": place, "of": all});
            object.insert("rule".into(), rule);
        }
        Found::Host(reason) => {
            let presentation = Presentation::from(*reason);
            object.insert("reason".into(), reason_json(reason.title, reason.remedy, &presentation));
        }
    }
    Value::Object(object)
}

fn reason_json(title: &str, remedy: &str, presentation: &Presentation) -> Value {
    json!({"title": title, "remedy": remedy, "presentation": presentation})
}
