//! Printing what was found, for people.

use std::io::{Result, Write};

use admit_api::explanation::{Explanation, Found};

use crate::text;

/// Prints each in a few lines.
pub(super) fn people(explanation: &Explanation, out: &mut dyn Write) -> Result<()> {
    let name = text::clean(&explanation.name);
    for (index, found) in explanation.found.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        self::found(&name, found, out)?;
    }
    Ok(())
}

fn found(name: &str, found: &Found, out: &mut dyn Write) -> Result<()> {
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
