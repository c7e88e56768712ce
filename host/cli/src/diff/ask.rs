//! What one policy decides, with as many of the settings as it has.

use admit::cases::Came;
use admit::claims::Verification;
use admit::release::Inspected;
use serde_json::{Map, Value};

use super::input::{Input, Request};
use crate::suite::{Suite, each_case, refused};

/// What both policies decide on each input, in the order of the inputs.
pub(super) struct Answers {
    pub(super) old: Vec<Came>,
    pub(super) new: Vec<Came>,
}

impl Answers {
    /// Asks each policy about every input, with the settings that it has.
    pub(super) fn of(
        [old, new]: [&Inspected; 2],
        inputs: &[Input],
        verification: &Verification,
    ) -> Self {
        let requests = || inputs.iter().map(|input| &input.request);
        Self {
            old: ask(old, &[old], requests(), verification),
            new: ask(new, &[new], requests(), verification),
        }
    }

    /// The answers on these inputs, then on others.
    pub(super) fn followed_by(mut self, others: Self) -> Self {
        self.old.extend(others.old);
        self.new.extend(others.new);
        self
    }

    /// The places of the inputs that one of the policies admits.
    pub(super) fn admitted(&self) -> Vec<usize> {
        let both = self.old.iter().zip(&self.new).enumerate();
        both.filter(|(_, (old, new))| is_admitted(old) || is_admitted(new))
            .map(|(place, _)| place)
            .collect()
    }
}

/// Whether the outcome is the only one that admits.
pub(super) fn is_admitted(came: &Came) -> bool {
    came.outcome == "allow"
}

/// What the policy decides on each request, with the settings that all of `settings_of` have.
pub(super) fn ask<'a>(
    policy: &Inspected,
    settings_of: &[&Inspected],
    requests: impl Iterator<Item = &'a Request>,
    verification: &Verification,
) -> Vec<Came> {
    let cases = requests.map(|request| request.to_case(common(&request.settings, settings_of)));
    let suite = Suite { file: String::new(), cases: cases.collect() };
    each_case(policy, &[suite], |trial, case| match trial {
        Ok(trial) => trial.play(case, verification).came,
        Err(problem) => refused(problem).came,
    })
}

pub(crate) fn common(settings: &Map<String, Value>, policies: &[&Inspected]) -> Map<String, Value> {
    let known = |name: &str| policies.iter().all(|policy| has_setting(policy, name));
    let common = settings.iter().filter(|(name, _)| known(name));
    common.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether the policy describes a setting of this name.
pub(crate) fn has_setting(policy: &Inspected, name: &str) -> bool {
    policy.description().settings.iter().any(|setting| setting.name == name)
}

/// The settings of any input that the policy does not have, in the order of the inputs.
pub(super) fn left_out<'a>(policy: &Inspected, inputs: &'a [Input]) -> Vec<&'a str> {
    let mut left_out = Vec::new();
    for name in inputs.iter().flat_map(|input| input.request.settings.keys()) {
        if !left_out.contains(&name.as_str()) && !has_setting(policy, name) {
            left_out.push(name);
        }
    }
    left_out
}
