//! Inputs from case files, or from the cases that the components carry.

use std::collections::HashSet;
use std::path::PathBuf;

use admit::cases::CaseFile;
use admit::release::Inspected;
use serde_json::{Map, Value, json};

use super::input::{Input, Origin, Request};
use crate::error::CliError;
use crate::suite::{self, Suite, Wanted};

/// The cases at `paths`, or without paths those that the policies carry; equal ones once.
pub(super) fn inputs(
    paths: &[PathBuf],
    policies: [&Inspected; 2],
    live: Option<&Map<String, Value>>,
) -> Result<Vec<Input>, CliError> {
    let suites = if paths.is_empty() {
        policies.into_iter().flat_map(suite::packed).collect()
    } else {
        wanted(policies, |wanted| suite::collect(paths, wanted, live))?
    };
    let mut seen = HashSet::new();
    let mut inputs = Vec::new();
    for Suite { file, cases } in suites {
        for case in cases {
            let origin = Origin::Case { file: file.clone(), name: case.name.clone() };
            let request = Request::of(case);
            if seen.insert(text(&request)) {
                inputs.push(Input { origin, made: None, request });
            }
        }
    }
    Ok(inputs)
}

/// Equal for equal requests.
fn text(request: &Request) -> String {
    let Request { claims, facts, settings, now } = request;
    json!([claims, facts, settings, now]).to_string()
}

/// Case files for either policy, in whatever version.
fn wanted<T>(policies: [&Inspected; 2], work: impl FnOnce(&Wanted<'_>) -> T) -> T {
    let [old, new] = policies.map(|policy| &*policy.policy().name);
    let expected = if old == new { format!("`{old}`") } else { format!("`{old}` or `{new}`") };
    let fits = &|file: &CaseFile| [old, new].contains(&file.policy.as_str());
    work(&Wanted { fits, version: None, expected })
}
