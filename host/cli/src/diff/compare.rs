//! What changes from one policy to the other, and in which direction.

use admit::cases::Came;
use admit::claims::Verification;
use admit::decision::Outcome;
use admit::release::Inspected;
use admit_api::comparison::{Decided, Kind};

use super::ask::{Answers, ask, has_setting, is_admitted};
use super::input::Input;

/// An input on which the policies differ.
#[derive(Debug)]
pub(super) struct Change {
    /// Its place among the inputs.
    pub(super) input: usize,
    pub(super) kind: Kind,
    pub(super) old: Came,
    pub(super) new: Came,
}

/// What came of all inputs.
#[derive(Debug)]
pub(super) struct Comparison {
    /// In the order of the inputs.
    pub(super) changes: Vec<Change>,
    /// Inputs that at least one of the policies decided, and how many of them are generated.
    pub(super) decided: usize,
    pub(super) decided_generated: usize,
    /// Inputs that are admitted, by the old and by the new policy.
    pub(super) admitted: [usize; 2],
    /// What came of the first input that one of the policies did not decide.
    pub(super) first_undecided: Option<Came>,
}

impl Comparison {
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Sorts the changes by their direction.
pub(super) fn compare(
    policies: [&Inspected; 2],
    inputs: &[Input],
    answers: Answers,
    verification: &Verification,
) -> Comparison {
    let Answers { old, new } = answers;
    let admitted = [&old, &new].map(|all| all.iter().filter(|came| is_admitted(came)).count());
    let first_undecided = old.iter().chain(&new).find(|came| !is_decided(came)).cloned();
    let decided = inputs.iter().zip(old.iter().zip(&new));
    let decided = decided.filter(|(_, (old, new))| is_decided(old) || is_decided(new));
    let (generated, given): (Vec<_>, Vec<_>) = decided.partition(|(input, _)| input.made.is_some());
    let (decided, decided_generated) = (generated.len() + given.len(), generated.len());
    let mut changes = changes(old, new);
    set_new_settings_apart(&mut changes, policies, inputs, verification);
    Comparison { changes, decided, decided_generated, admitted, first_undecided }
}

fn changes(old: Vec<Came>, new: Vec<Came>) -> Vec<Change> {
    let both = old.into_iter().zip(new).enumerate();
    let change = |(input, (old, new)): (usize, (Came, Came))| {
        let is_same_identity = old.identity == new.identity;
        let kind = Kind::of(&decided(&old), &decided(&new), is_same_identity)?;
        Some(Change { input, kind, old, new })
    };
    both.filter_map(change).collect()
}

/// An administrator who replaces the old policy has not set what only the new one knows. So what is lost
/// by such a setting alone is what the administrator asks for later, and no narrowing.
fn set_new_settings_apart(
    changes: &mut [Change],
    [old, new]: [&Inspected; 2],
    inputs: &[Input],
    verification: &Verification,
) {
    let is_new = |name: &String| has_setting(new, name) && !has_setting(old, name);
    let mut asked: Vec<_> = changes
        .iter_mut()
        .filter(|change| change.kind == Kind::Narrowing)
        .filter_map(|change| Some((&inputs.get(change.input)?.request, change)))
        .filter(|(request, _)| request.settings.keys().any(is_new))
        .collect();
    let requests = asked.iter().map(|(request, _)| *request);
    let without = ask(new, &[old, new], requests, verification);
    for ((_, change), without) in asked.iter_mut().zip(without) {
        if decided(&without).admits_as_much_as(&decided(&change.old)) {
            change.kind = Kind::NewSetting;
        }
    }
}

pub(crate) fn decided(came: &Came) -> Decided {
    Decided {
        outcome: Outcome::named(came.outcome).unwrap_or(Outcome::Failed),
        reason: came.reason.clone(),
        asks: came.asks.clone(),
    }
}

/// Whether the policy came to a decision of its own.
fn is_decided(came: &Came) -> bool {
    !["invalid", "failed"].contains(&came.outcome)
}
