//! The result as JSON: `docs/replay.schema.json`.

use serde_json::{Map, Value, json};

use super::Report;
use super::foreign::Foreign;
use super::request::Skip;
use super::tally::{Example, Group, KINDS, Place, Skipped};
use crate::diff::compare::Kind;
use crate::diff::json::summary;

/// The whole document.
pub(super) fn report(report: &Report<'_>) -> Value {
    let tally = &report.tally;
    let kinds = KINDS.map(|kind| (kind.as_str().to_owned(), tally.changed(kind).into()));
    let changed = KINDS.map(|kind| tally.changed(kind)).iter().sum::<u64>();
    let forbidden = report.forbidden.iter().map(|kind| kind.as_str());
    let skipped = |it| skipped(report, it);
    let group = |it| group(report, it);
    let agreements = tally.of(None).into_iter().map(agreement);
    json!({
        "policy": report.policy.policy(),
        "replayed": tally.replayed(),
        "left_out": tally.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "settings_left_out": report.settings_left_out,
        "stand_ins": report.stand_ins.withheld,
        "unknown_claims": report.stand_ins.unknown,
        "equal": tally.agreed(),
        "changed": changed,
        "kinds": Map::from_iter(kinds),
        "forbidden": forbidden.collect::<Vec<_>>(),
        "agreements": agreements.collect::<Vec<_>>(),
        "groups": tally.changes().into_iter().map(group).collect::<Vec<_>>(),
    })
}

fn skipped(report: &Report<'_>, (skip, skipped): (&Skip, &Skipped)) -> Value {
    let mut object = Map::new();
    object.insert("why".into(), skip.as_str().into());
    object.insert("count".into(), skipped.count.into());
    object.extend(log(report, skipped.first));
    object.insert("first_line".into(), skipped.first.1.into());
    let detail = match skip {
        Skip::Settings(problem) => Some(problem.clone()),
        Skip::Unreadable(Foreign::Other) => None,
        Skip::Unreadable(foreign) => Some(foreign.to_string()),
        _ => None,
    };
    object.extend(detail.map(|detail| ("detail".into(), detail.into())));
    Value::Object(object)
}

fn agreement(group: &Group) -> Value {
    json!({"count": group.count, "decision": summary(&group.old)})
}

/// The log that a line is in, where there are several.
fn log(report: &Report<'_>, place: Place) -> Option<(String, Value)> {
    report.log(place).map(|log| ("log".into(), log.into()))
}

fn group(report: &Report<'_>, (kind, group): (Kind, &Group)) -> Value {
    let mut object = Map::new();
    object.insert("kind".into(), kind.as_str().into());
    object.insert("count".into(), group.count.into());
    object.insert("old".into(), summary(&group.old));
    object.insert("new".into(), summary(&group.new));
    let detail = group.new.detail.as_deref().map(|detail| ("detail".into(), detail.into()));
    object.extend(detail);
    let examples = group.examples.iter().map(|it| example(report, it)).collect();
    object.insert("examples".into(), examples);
    Value::Object(object)
}

fn example(report: &Report<'_>, example: &Example) -> Value {
    let mut object = Map::new();
    object.extend(log(report, example.place));
    object.insert("line".into(), example.place.1.into());
    object.insert("decision_id".into(), example.decision_id.as_str().into());
    object.extend(example.id.as_deref().map(|id| ("id".into(), id.into())));
    Value::Object(object)
}
