//! What is known under a name.

use admit::contract::types::{Reason, Rule};
use admit::decision::PolicyRef;
use admit::reason::{self, HostReason};
use admit::release::Inspected;

/// One thing that is known under a name.
pub(super) enum Found<'a> {
    Reason(&'a PolicyRef, &'a Reason),
    /// A rule, its place from 1, and how many there are.
    Rule(&'a PolicyRef, &'a Rule, [usize; 2]),
    /// A reason of the host that no policy words.
    Host(&'static HostReason),
}

/// What the policies say under this name; else what the host says.
pub(super) fn find<'a>(name: &str, policies: &'a [Inspected]) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for inspected in policies {
        let (policy, description) = (inspected.policy(), inspected.description());
        let reason = description.reasons.iter().find(|reason| reason.code == name);
        found.extend(reason.map(|reason| Found::Reason(policy, reason)));
        let rule = description.rules.iter().enumerate().find(|(_, rule)| rule.name == name);
        let place = |index: usize| [index + 1, description.rules.len()];
        found.extend(rule.map(|(index, rule)| Found::Rule(policy, rule, place(index))));
    }
    if found.is_empty() {
        found.extend(reason::of_host(name).map(Found::Host));
    }
    found
}
