//! What changes from one policy to the other, and in which direction.

use admit::cases::Came;
use admit::claims::Verification;
use admit::release::Inspected;

use super::ask::{Answers, ask, has_setting, is_admitted};
use super::input::Input;

/// The direction of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Less is admitted.
    Narrowing,
    /// More is admitted.
    Widening,
    /// Less is admitted, but only by a setting that the old policy does not have: with the settings
    /// that both have, nothing is lost.
    NewSetting,
    /// As much is admitted, but as somebody else, or under another name.
    Identity,
    /// As much is admitted, with another reason or question.
    Other,
}

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

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Narrowing, Self::Widening, Self::NewSetting, Self::Identity, Self::Other];

    /// The name in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Narrowing => "narrowing",
            Self::Widening => "widening",
            Self::NewSetting => "new_setting",
            Self::Identity => "identity",
            Self::Other => "other",
        }
    }

    /// The direction from one decision to another.
    pub(crate) fn of(old: &Came, new: &Came) -> Self {
        match rank(new).cmp(&rank(old)) {
            std::cmp::Ordering::Less => Self::Narrowing,
            std::cmp::Ordering::Equal if old.identity != new.identity => Self::Identity,
            std::cmp::Ordering::Equal => Self::Other,
            std::cmp::Ordering::Greater => Self::Widening,
        }
    }
}

impl Comparison {
    /// How many changes are of this kind.
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Sets the changes apart by their direction.
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
    both.filter(|(_, (old, new))| !is_same(old, new))
        .map(|(input, (old, new))| Change { input, kind: Kind::of(&old, &new), old, new })
        .collect()
}

/// Nobody who replaces the old policy has settings that it does not have. So what is lost by them
/// alone is what an administrator asks for later, and no narrowing.
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
        if rank(&without) >= rank(&change.old) {
            change.kind = Kind::NewSetting;
        }
    }
}

/// Whether two decisions are the same. What is pointed at does not count: it changes with the wording
/// of a refusal.
pub(crate) fn is_same(old: &Came, new: &Came) -> bool {
    let parts = |came: &Came| (came.outcome, came.reason.clone(), came.asks.clone());
    parts(old) == parts(new) && old.identity == new.identity
}

/// How much is admitted.
fn rank(came: &Came) -> u8 {
    match came.outcome {
        "allow" => 2,
        "ask" => 1,
        _ => 0,
    }
}

/// Whether the policy came to a decision of its own.
fn is_decided(came: &Came) -> bool {
    !["invalid", "failed"].contains(&came.outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(outcome: &'static str, reason: &str) -> Came {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        Came { outcome, reason, ..Came::default() }
    }

    #[test]
    fn a_change_widens_narrows_or_neither() {
        let refusals = [came("deny", "a"), came("invalid", "b"), came("failed", "c")];
        let (allow, ask) = (came("allow", ""), came("ask", ""));
        for refusal in &refusals {
            for more in [&allow, &ask] {
                assert_eq!(Kind::of(refusal, more), Kind::Widening);
                assert_eq!(Kind::of(more, refusal), Kind::Narrowing);
            }
            for other in &refusals {
                assert_eq!(Kind::of(refusal, other), Kind::Other);
            }
        }
        assert_eq!(Kind::of(&ask, &allow), Kind::Widening);
        assert_eq!(Kind::of(&allow, &ask), Kind::Narrowing);
    }

    #[test]
    fn outcome_reason_question_and_identity_count_and_what_is_pointed_at_does_not() {
        let deny = came("deny", "a");
        let pointing = Came { claims: vec!["aud".to_owned()], ..deny.clone() };
        assert!(is_same(&deny, &pointing));
        let ask = came("ask", "");
        let other_question = Came { asks: vec!["account.bot".to_owned()], ..ask.clone() };
        let mut other_user = ask.clone();
        other_user.identity.insert("user_name".to_owned(), "dana".into());
        for (one, other) in [
            (&deny, &came("deny", "b")),
            (&deny, &came("invalid", "a")),
            (&ask, &other_question),
            (&ask, &other_user),
        ] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }
}
