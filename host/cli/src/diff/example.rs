//! One change in full: what came, what was configured, what differs.

use admit::cases::Came;
use admit::description;
use admit::release::Inspected;
use serde_json::{Map, Value};

use super::Report;
use super::ask::has_setting;
use super::compare::Change;
use super::input::{Input, Origin};

/// What a person needs to see why a decision changed.
pub(super) struct Example<'a> {
    /// Where the input comes from; for a generated one, the input it was made from.
    pub(super) from: &'a Origin,
    /// The number of a generated input.
    pub(super) generated: Option<u32>,
    /// What differs from the input it was made from.
    pub(super) varied: Vec<Part<'a>>,
    /// The claims, facts and settings that either refusal points at, and the settings that only one
    /// of the policies has.
    pub(super) concerned: Vec<Part<'a>>,
    /// The fields of the identity that differ, where both name one: old value, new value.
    pub(super) identity: Vec<(&'a str, [Option<&'a Value>; 2])>,
}

/// A claim, fact or setting.
pub(super) struct Part<'a> {
    pub(super) what: What,
    pub(super) name: &'a str,
    /// For a setting the default when it is not configured.
    pub(super) value: Option<Value>,
    /// The value in the input it was made from.
    pub(super) was: Option<&'a Value>,
    /// For a setting that one of the policies does not have, which one.
    pub(super) unknown_to: Option<&'static str>,
}

/// What a part is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    Claim,
    Fact,
    Setting,
}

impl What {
    /// The name in text and in JSON.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Fact => "fact",
            Self::Setting => "setting",
        }
    }
}

/// The change as an example; absent for one of no input.
pub(super) fn example<'a>(report: &Report<'a>, change: &'a Change) -> Option<Example<'a>> {
    let input = report.inputs.get(change.input)?;
    let made = input.made.and_then(|made| Some((made.number, report.inputs.get(made.start)?)));
    Some(Example {
        from: &input.origin,
        generated: made.map(|(number, _)| number),
        varied: made.map(|(_, start)| varied(input, start)).unwrap_or_default(),
        concerned: concerned(report, input, change),
        identity: identity(&change.old, &change.new),
    })
}

fn varied<'a>(input: &'a Input, start: &'a Input) -> Vec<Part<'a>> {
    let (is, was) = (&input.request, &start.request);
    [
        (What::Claim, &is.claims, &was.claims),
        (What::Fact, &is.facts, &was.facts),
        (What::Setting, &is.settings, &was.settings),
    ]
    .into_iter()
    .flat_map(|(what, is, was)| {
        let part = move |name: &'a str| Part {
            what,
            name,
            value: is.get(name).cloned(),
            was: was.get(name),
            unknown_to: None,
        };
        differing(is, was).into_iter().map(part)
    })
    .collect()
}

/// The names whose values differ.
fn differing<'a>(one: &'a Map<String, Value>, other: &'a Map<String, Value>) -> Vec<&'a str> {
    let gone = other.keys().filter(|name| !one.contains_key(*name));
    let names = one.keys().chain(gone).map(String::as_str);
    names.filter(|name| one.get(*name) != other.get(*name)).collect()
}

fn concerned<'a>(report: &Report<'a>, input: &'a Input, change: &'a Change) -> Vec<Part<'a>> {
    let (old, new, request) = (&change.old, &change.new, &input.request);
    let of = |what, names: Vec<&'a str>, members: &'a Map<String, Value>| {
        let part = move |name| Part {
            what,
            name,
            value: members.get(name).cloned(),
            was: None,
            unknown_to: None,
        };
        names.into_iter().map(part)
    };
    let settings = settings_concerned(report, input, change);
    of(What::Claim, either(&old.claims, &new.claims), &request.claims)
        .chain(of(What::Fact, either(&old.facts, &new.facts), &request.facts))
        .chain(of(What::Setting, settings, &request.settings).map(|part| known(report, part)))
        .collect()
}

/// The settings that either refusal points at, then those that only one of the policies has.
fn settings_concerned<'a>(
    report: &Report<'a>,
    input: &'a Input,
    change: &'a Change,
) -> Vec<&'a str> {
    let mut settings = either(&change.old.settings, &change.new.settings);
    for name in input.request.settings.keys() {
        let of_one = has_setting(report.old, name) != has_setting(report.new, name);
        if of_one && !settings.contains(&name.as_str()) {
            settings.push(name);
        }
    }
    settings
}

/// The setting with its default, and with the policy that does not have it.
fn known<'a>(report: &Report<'a>, setting: Part<'a>) -> Part<'a> {
    let default =
        || default(report.new, setting.name).or_else(|| default(report.old, setting.name));
    let value = setting.value.clone().or_else(default);
    let [old, new] = [report.old, report.new].map(|policy| has_setting(policy, setting.name));
    let unknown_to = match (old, new) {
        (false, true) => Some("old"),
        (true, false) => Some("new"),
        _ => None,
    };
    Part { value, unknown_to, ..setting }
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

fn identity<'a>(old: &'a Came, new: &'a Came) -> Vec<(&'a str, [Option<&'a Value>; 2])> {
    if old.identity.is_empty() || new.identity.is_empty() {
        return Vec::new();
    }
    let fields = differing(&old.identity, &new.identity).into_iter();
    fields.map(|field| (field, [old.identity.get(field), new.identity.get(field)])).collect()
}
