//! The comparison as a document: `docs/diff.schema.json`.

use admit_api::comparison::{Groups, Kind};
use admit_api::diff::{Admitted, Diff, Generated, Group, Inputs, Kinds, LeftOut};

use super::Compared;
use super::ask::left_out;
use super::compare::{Change, decided};
use super::example::example;
use super::input::Origin;

/// The whole document; `forbidden` are the forbidden kinds of change that were found.
pub(super) fn report(compared: &Compared<'_>, forbidden: Vec<Kind>) -> Diff {
    let Compared { old, new, inputs: all, comparison, .. } = compared;
    let changes = &comparison.changes;
    let [admitted_old, admitted_new] = comparison.admitted;
    let names = |policy| left_out(policy, all).into_iter().map(str::to_owned).collect();
    Diff {
        old: old.policy().clone(),
        new: new.policy().clone(),
        inputs: inputs(compared),
        settings_left_out: LeftOut { old: names(old), new: names(new) },
        admitted: Admitted { old: admitted_old, new: admitted_new },
        equal: all.len() - changes.len(),
        changed: changes.len(),
        kinds: Kinds {
            narrowing: comparison.count(Kind::Narrowing),
            widening: comparison.count(Kind::Widening),
            new_setting: comparison.count(Kind::NewSetting),
            identity: comparison.count(Kind::Identity),
            other: comparison.count(Kind::Other),
        },
        forbidden,
        groups: groups(compared),
    }
}

fn inputs(compared: &Compared<'_>) -> Inputs {
    let mut inputs =
        Inputs { cases: 0, log: 0, decided: compared.comparison.decided, generated: None };
    let mut count = 0;
    for input in compared.inputs {
        match (&input.made, &input.origin) {
            (Some(_), _) => count += 1,
            (None, Origin::Case { .. }) => inputs.cases += 1,
            (None, Origin::Line { .. }) => inputs.log += 1,
        }
    }
    let decided = compared.comparison.decided_generated;
    inputs.generated = compared.seed.map(|seed| Generated { count, seed, decided });
    inputs
}

/// The changes by kind, the most frequent of a kind first, each with the first of them as an example.
fn groups(compared: &Compared<'_>) -> Vec<Group> {
    let changes = &compared.comparison.changes;
    let mut groups = Groups::default();
    for (place, Change { kind, old, new, .. }) in changes.iter().enumerate() {
        groups.count((*kind, [old, new].map(decided)), place, 1);
    }
    let groups = groups.by_count().into_iter().filter_map(|((kind, [old, new]), group)| {
        let first = changes.get(*group.examples.first()?)?;
        let (kind, old, new) = (*kind, old.clone(), new.clone());
        Some(Group { kind, count: group.count, old, new, example: example(compared, first)? })
    });
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by_key(|group| group.kind);
    groups
}
