//! Changes from one decision to the same other one, with an example.

use admit::cases::Came;
use admit_api::comparison::Kind;

use super::compare::Change;

/// Changes of the same kind with the same outcomes, reasons and questions.
pub(super) struct Group<'a> {
    pub(super) count: usize,
    /// The first of them, in the order of the inputs.
    pub(super) first: &'a Change,
}

/// The changes by kind, the most frequent of a kind first.
pub(super) fn groups(changes: &[Change]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for change in changes {
        match groups.iter_mut().find(|group| key(group.first) == key(change)) {
            Some(group) => group.count += 1,
            None => groups.push(Group { count: 1, first: change }),
        }
    }
    let place = |kind: Kind| Kind::ALL.iter().position(|other| *other == kind);
    groups.sort_by_key(|group| (place(group.first.kind), std::cmp::Reverse(group.count)));
    groups
}

fn key(change: &Change) -> (Kind, [Key<'_>; 2]) {
    (change.kind, [&change.old, &change.new].map(decision))
}

/// Outcome, reason and question.
type Key<'a> = (&'static str, Option<&'a str>, &'a [String]);

fn decision(came: &Came) -> Key<'_> {
    (came.outcome, came.reason.as_deref(), &came.asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowing_comes_first_then_the_frequent() {
        let change = |input, kind, reason: &str| Change {
            input,
            kind,
            old: Came { outcome: "deny", reason: Some(reason.to_owned()), ..Came::default() },
            new: Came { outcome: "allow", ..Came::default() },
        };
        let changes = [
            change(0, Kind::Other, "a"),
            change(1, Kind::Widening, "a"),
            change(2, Kind::Widening, "b"),
            change(3, Kind::Narrowing, "b"),
            change(4, Kind::Widening, "b"),
        ];
        let groups = groups(&changes);
        let found: Vec<_> = groups.iter().map(|group| (group.first.input, group.count)).collect();
        assert_eq!(found, [(3, 1), (2, 2), (1, 1), (0, 1)]);
    }
}
