//! What a run of cases found.

use std::time::Duration;

use admit::contract::types::Description;
use admit::decision::PolicyRef;
use serde_json::{Map, Value};

use super::coverage::Coverage;
use crate::suite::Outcome;
use crate::text;

/// A run of cases, ready to be printed.
pub(super) struct Report<'a> {
    /// The policy that was tested.
    pub(super) policy: &'a PolicyRef,
    /// What it says of itself.
    pub(super) description: &'a Description,
    /// One per case, in the order of the files.
    pub(super) outcomes: Vec<Outcome<'a>>,
    /// How long it took to play them all, sealing included.
    pub(super) took: Duration,
    /// What the cases reached, if wanted.
    pub(super) coverage: Option<Coverage>,
    /// The median time of each case, if wanted; none for a case without decision of the policy.
    pub(super) times: Option<Vec<Option<Duration>>>,
}

impl Report<'_> {
    /// How many cases came out otherwise than they say.
    pub(super) fn failed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some()).count()
    }

    /// How many cases came out as they say.
    pub(super) fn passed(&self) -> usize {
        self.outcomes.len() - self.failed()
    }
}

/// A claim, setting or fact that has to do with a failure; without value where it was missing.
pub(super) struct Concerned<'a> {
    /// `claim`, `setting` or `fact`.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: &'a str,
    /// What it held in the case.
    pub(super) value: Option<&'a Value>,
}

/// What the decision, or else the expectation, points at, with the values of the case; when neither
/// points at anything, all that the policy can see.
pub(super) fn concerned<'a>(
    outcome: &'a Outcome<'_>,
    description: &'a Description,
) -> Vec<Concerned<'a>> {
    let pointed_at = pointed_at(outcome);
    if !pointed_at.is_empty() {
        return pointed_at;
    }
    let case = outcome.case;
    let settings = case.settings.as_ref();
    let seen = |kind, name: &'a String, members: Option<&'a Map<String, Value>>| {
        let value = members.and_then(|members| members.get(name));
        value.map(|value| Concerned { kind, name, value: Some(value) })
    };
    let claims = description.claims.iter();
    let settings =
        description.settings.iter().filter_map(|setting| seen("setting", &setting.name, settings));
    let facts = description.facts.iter();
    claims
        .filter_map(|name| seen("claim", name, Some(&case.claims)))
        .chain(settings)
        .chain(facts.filter_map(|fact| seen("fact", &fact.name, Some(&case.facts))))
        .collect()
}

/// What has to do with a failure, a line each, for forms that have no place of their own for it.
pub(super) fn details(outcome: &Outcome<'_>, description: &Description) -> Vec<String> {
    let concerned = concerned(outcome, description).into_iter().map(|item| {
        let held = text::value(item.value, "missing");
        format!("{} {} = {held}", item.kind, text::clean(item.name))
    });
    let steps = outcome.played.trace.iter();
    let steps = steps.map(|step| format!("rule {} {}", text::clean(&step.rule), step.outcome));
    [
        format!("expected {}", text::clean(&format!("{:#}", outcome.case.expect))),
        format!("got {}", text::clean(&format!("{:#}", outcome.played.came))),
    ]
    .into_iter()
    .chain(concerned)
    .chain(steps)
    .collect()
}

fn pointed_at<'a>(outcome: &'a Outcome<'_>) -> Vec<Concerned<'a>> {
    let (case, came) = (outcome.case, &outcome.played.came);
    let [claims, settings, facts] = match &case.expect {
        admit::cases::Expectation::Deny { claims, settings, facts, .. }
            if came.outcome != "deny" =>
        {
            [claims, settings, facts].map(|names| names.as_deref().unwrap_or_default())
        }
        _ => [&*came.claims, &came.settings, &came.facts],
    };
    let of = |kind, names: &'a [String], members: Option<&'a Map<String, Value>>| {
        names.iter().map(move |name| {
            let value = members.and_then(|members| members.get(name));
            Concerned { kind, name, value }
        })
    };
    of("claim", claims, Some(&case.claims))
        .chain(of("setting", settings, case.settings.as_ref()))
        .chain(of("fact", facts, Some(&case.facts)))
        .collect()
}
