//! What a run of cases found.

use std::time::Duration;

use admit::cases::Expectation;
use admit::contract::types::Description;
use admit::decision::PolicyRef;
use admit_api::comparison::Part;
use admit_api::test_run::Coverage;
use serde_json::{Map, Value};

use crate::suite::Outcome;
use crate::text;

/// A run of cases, ready to be printed.
pub(super) struct Report<'a> {
    pub(super) policy: &'a PolicyRef,
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

type Make = fn(&str, Option<Value>) -> Part;

/// What the decision, or else the expectation, points at, with the values of the case; when neither
/// points at anything, all that the policy can see.
pub(super) fn concerned(outcome: &Outcome<'_>, description: &Description) -> Vec<Part> {
    let case = outcome.case;
    let held = |members: Option<&Map<String, Value>>, name: &str| members?.get(name).cloned();
    let of = |make: Make, names: &[String], members: Option<&Map<String, Value>>| -> Vec<Part> {
        names.iter().map(|name| make(name, held(members, name))).collect()
    };
    let [claims, settings, facts] = pointed_at(outcome);
    let all = |[claims, settings, facts]: [&[String]; 3]| {
        let settings = of(Part::setting, settings, case.settings.as_ref());
        let facts = of(Part::fact, facts, Some(&case.facts));
        [of(Part::claim, claims, Some(&case.claims)), settings, facts].concat()
    };
    if !(claims.is_empty() && settings.is_empty() && facts.is_empty()) {
        return all([claims, settings, facts]);
    }
    let settings: Vec<_> = description.settings.iter().map(|it| it.name.clone()).collect();
    let facts: Vec<_> = description.facts.iter().map(|it| it.name.clone()).collect();
    let mut seen = all([&description.claims, &settings, &facts]);
    seen.retain(|part| part.value.is_some());
    seen
}

/// What has to do with a failure, a line each, for forms that have no place of their own for it.
pub(super) fn details(outcome: &Outcome<'_>, description: &Description) -> Vec<String> {
    let concerned = concerned(outcome, description).into_iter().map(|item| {
        let held = text::value(item.value.as_ref(), "missing");
        let (what, name) = item.named();
        format!("{what} {} = {held}", text::clean(name))
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

/// The claims, settings and facts that the decision, or else the expectation, points at.
fn pointed_at<'a>(outcome: &'a Outcome<'_>) -> [&'a [String]; 3] {
    let came = &outcome.played.came;
    match &outcome.case.expect {
        Expectation::Deny { claims, settings, facts, .. } if came.outcome != "deny" => {
            [claims, settings, facts].map(|names| names.as_deref().unwrap_or_default())
        }
        _ => [&*came.claims, &came.settings, &came.facts],
    }
}
