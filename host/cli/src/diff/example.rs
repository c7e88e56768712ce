//! One change in full: what came, what was configured, what differs.

use admit::cases::Came;
use admit::description;
use admit::release::Inspected;
use admit_api::comparison::{Part, Side};
use admit_api::diff::{Details, Example};
use serde_json::{Map, Value};

use super::Compared;
use super::ask::has_setting;
use super::compare::Change;
use super::input::{Input, Origin};

/// The change as an example; absent for one of no input.
pub(super) fn example(compared: &Compared<'_>, change: &Change) -> Option<Example> {
    let input = compared.inputs.get(change.input)?;
    let made = input.made.and_then(|made| Some((made.number, compared.inputs.get(made.start)?)));
    let (file, case, line, id) = match input.origin.clone() {
        Origin::Case { file, name } => (Some(file), Some(name), None, None),
        Origin::Line { line, id } => (None, None, Some(line), id),
    };
    Some(Example {
        file,
        case,
        line,
        id,
        generated: made.map(|(number, _)| number),
        varied: made.map(|(_, start)| varied(input, start)),
        concerned: concerned(compared, input, change),
        old: details(&change.old),
        new: details(&change.new),
    })
}

fn details(came: &Came) -> Details {
    let identity = Some(&came.identity).filter(|identity| !identity.is_empty()).cloned();
    Details { identity, detail: came.detail.clone() }
}

type Make = fn(&str, Option<Value>) -> Part;

fn varied(input: &Input, start: &Input) -> Vec<Part> {
    let (is, was) = (&input.request, &start.request);
    let members: [(Make, _, _); 3] = [
        (Part::claim, &is.claims, &was.claims),
        (Part::fact, &is.facts, &was.facts),
        (Part::setting, &is.settings, &was.settings),
    ];
    let parts = members.into_iter().flat_map(|(make, is, was)| {
        let part = move |name: &str| {
            let was = was.get(name).cloned();
            Part { was, ..make(name, is.get(name).cloned()) }
        };
        differing(is, was).into_iter().map(part)
    });
    parts.collect()
}

/// The names whose values differ.
pub(super) fn differing<'a>(
    one: &'a Map<String, Value>,
    other: &'a Map<String, Value>,
) -> Vec<&'a str> {
    let gone = other.keys().filter(|name| !one.contains_key(*name));
    let names = one.keys().chain(gone).map(String::as_str);
    names.filter(|name| one.get(*name) != other.get(*name)).collect()
}

fn concerned(compared: &Compared<'_>, input: &Input, change: &Change) -> Vec<Part> {
    let (old, new, request) = (&change.old, &change.new, &input.request);
    let claims = either(&old.claims, &new.claims).into_iter();
    let facts = either(&old.facts, &new.facts).into_iter();
    let settings = settings_concerned(compared, input, change).into_iter();
    claims
        .map(|name| Part::claim(name, request.claims.get(name).cloned()))
        .chain(facts.map(|name| Part::fact(name, request.facts.get(name).cloned())))
        .chain(settings.map(|name| setting(compared, name, &request.settings)))
        .collect()
}

/// The settings that either refusal points at, then those that only one of the policies has.
fn settings_concerned<'a>(
    compared: &Compared<'_>,
    input: &'a Input,
    change: &'a Change,
) -> Vec<&'a str> {
    let mut settings = either(&change.old.settings, &change.new.settings);
    for name in input.request.settings.keys() {
        let of_one = has_setting(compared.old, name) != has_setting(compared.new, name);
        if of_one && !settings.contains(&name.as_str()) {
            settings.push(name);
        }
    }
    settings
}

/// A setting with its default, and with the policy that does not have it.
fn setting(compared: &Compared<'_>, name: &str, configured: &Map<String, Value>) -> Part {
    let default = || default(compared.new, name).or_else(|| default(compared.old, name));
    let value = configured.get(name).cloned().or_else(default);
    let unknown_to = match [compared.old, compared.new].map(|policy| has_setting(policy, name)) {
        [false, true] => Some(Side::Old),
        [true, false] => Some(Side::New),
        _ => None,
    };
    Part { unknown_to, ..Part::setting(name, value) }
}

fn either<'a>(old: &'a [String], new: &'a [String]) -> Vec<&'a str> {
    let added = new.iter().filter(|name| !old.contains(name));
    old.iter().chain(added).map(String::as_str).collect()
}

/// What counts where a setting is not configured.
fn default(policy: &Inspected, name: &str) -> Option<Value> {
    let settings = description::shown(policy.description()).settings;
    settings.into_iter().find(|setting| setting.name == name)?.default
}
