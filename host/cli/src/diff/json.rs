//! The comparison as JSON: `docs/diff.schema.json`.

use admit::cases::Came;
use serde_json::{Map, Value, json};

use super::ask::left_out;
use super::compare::Kind;
use super::example::{Example, Part, example};
use super::group::{Group, groups};
use super::input::Origin;
use super::{Counts, Report};

/// The whole document.
pub(super) fn report(report: &Report<'_>) -> Value {
    let changes = &report.comparison.changes;
    let [admitted_old, admitted_new] = report.comparison.admitted;
    let kinds =
        Kind::ALL.map(|kind| (kind.as_str().to_owned(), report.comparison.count(kind).into()));
    let forbidden = report.forbidden.iter().map(|kind| kind.as_str());
    json!({
        "old": report.old.policy(),
        "new": report.new.policy(),
        "inputs": inputs(report),
        "settings_left_out": {
            "old": left_out(report.old, report.inputs),
            "new": left_out(report.new, report.inputs),
        },
        "admitted": {"old": admitted_old, "new": admitted_new},
        "equal": report.inputs.len() - changes.len(),
        "changed": changes.len(),
        "kinds": Map::from_iter(kinds),
        "forbidden": forbidden.collect::<Vec<_>>(),
        "groups": groups(changes).iter().map(|it| group(report, it)).collect::<Vec<_>>(),
    })
}

fn inputs(report: &Report<'_>) -> Value {
    let Counts { cases, lines, generated } = report.counts();
    let mut inputs = Map::new();
    inputs.insert("cases".into(), cases.into());
    inputs.insert("log".into(), lines.into());
    inputs.insert("decided".into(), report.comparison.decided.into());
    if let Some(seed) = report.seed {
        let decided = report.comparison.decided_generated;
        let made = json!({"count": generated, "seed": seed, "decided": decided});
        inputs.insert("generated".into(), made);
    }
    Value::Object(inputs)
}

fn group(report: &Report<'_>, group: &Group<'_>) -> Value {
    let change = group.first;
    let mut object = Map::new();
    object.insert("kind".into(), change.kind.as_str().into());
    object.insert("count".into(), group.count.into());
    object.insert("old".into(), summary(&change.old));
    object.insert("new".into(), summary(&change.new));
    if let Some(example) = example(report, change) {
        let mut members = example_members(&example);
        members.insert("old".into(), decision(&change.old));
        members.insert("new".into(), decision(&change.new));
        object.insert("example".into(), Value::Object(members));
    }
    Value::Object(object)
}

/// What all changes of a group share.
pub(crate) fn summary(came: &Came) -> Value {
    let mut object = Map::new();
    object.insert("outcome".into(), came.outcome.into());
    object.extend(came.reason.as_deref().map(|reason| ("reason".into(), reason.into())));
    if !came.asks.is_empty() {
        object.insert("asks".into(), json!(came.asks));
    }
    Value::Object(object)
}

/// What else came of the example.
fn decision(came: &Came) -> Value {
    let mut object = Map::new();
    if !came.identity.is_empty() {
        object.insert("identity".into(), Value::Object(came.identity.clone()));
    }
    object.extend(came.detail.as_deref().map(|detail| ("detail".into(), detail.into())));
    Value::Object(object)
}

fn example_members(example: &Example<'_>) -> Map<String, Value> {
    let mut members = origin(example.from);
    if let Some(number) = example.generated {
        members.insert("generated".into(), number.into());
        members.insert("varied".into(), example.varied.iter().map(part).collect());
    }
    members.insert("concerned".into(), example.concerned.iter().map(part).collect());
    members
}

fn origin(origin: &Origin) -> Map<String, Value> {
    let members = match origin {
        Origin::Case { file, name } => json!({"file": file, "case": name}),
        Origin::Line { line, id: Some(id) } => json!({"line": line, "id": id}),
        Origin::Line { line, id: None } => json!({"line": line}),
    };
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn part(part: &Part<'_>) -> Value {
    let mut object = Map::new();
    object.insert(part.what.as_str().into(), part.name.into());
    object.extend(part.value.clone().map(|value| ("value".into(), value)));
    object.extend(part.was.cloned().map(|was| ("was".into(), was)));
    object.extend(part.unknown_to.map(|which| ("unknown_to".into(), which.into())));
    Value::Object(object)
}
