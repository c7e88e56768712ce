//! What is known under a name.

use admit::decision::Presentation;
use admit::reason::{self, HostReason};
use admit::release::Inspected;
use admit_api::explanation::{Explanation, Found, Reason, Rule};

/// What the policies say under this name; else what the host says.
pub(super) fn find(name: &str, policies: &[Inspected]) -> Explanation {
    let mut found: Vec<_> = policies.iter().flat_map(|policy| of_policy(name, policy)).collect();
    if found.is_empty() {
        found.extend(reason::of_host(name).map(of_host));
    }
    Explanation { name: name.to_owned(), found }
}

fn of_policy(name: &str, inspected: &Inspected) -> impl Iterator<Item = Found> {
    let description = inspected.description();
    let policy = || Some(inspected.policy().clone());
    let reason = description.reasons.iter().find(|reason| reason.code == name);
    let reason = reason.map(|reason| Reason {
        title: reason.title.clone(),
        remedy: reason.remedy.clone(),
        presentation: Presentation::from(&reason.presentation),
    });
    let place = description.rules.iter().position(|rule| rule.name == name);
    let rule = place.and_then(|place| Some((place, description.rules.get(place)?)));
    let rule = rule.map(|(place, rule)| Rule {
        summary: rule.summary.clone(),
        place: place + 1,
        of: description.rules.len(),
    });
    let reason = reason.map(|reason| Found { policy: policy(), reason: Some(reason), rule: None });
    let rule = rule.map(|rule| Found { policy: policy(), reason: None, rule: Some(rule) });
    reason.into_iter().chain(rule)
}

fn of_host(reason: &HostReason) -> Found {
    let presentation = Presentation::from(reason);
    let (title, remedy) = (reason.title.to_owned(), reason.remedy.to_owned());
    Found { policy: None, reason: Some(Reason { title, remedy, presentation }), rule: None }
}
