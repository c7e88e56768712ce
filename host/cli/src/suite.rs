//! Case files from the command line or from a component, and playing their cases.

mod collect;
mod play;

pub(crate) use collect::{Wanted, collect, for_policy, packed, sources};
pub(crate) use play::{Outcome, each_case, play, refused};

use admit::cases::Case;

/// The cases of one file.
pub(crate) struct Suite {
    /// The file, as it was named; `NAME in the component` for a packed one.
    pub(crate) file: String,
    /// Its cases, each with the settings to play it with.
    pub(crate) cases: Vec<Case>,
}

/// How many cases there are in all.
pub(crate) fn count(suites: &[Suite]) -> usize {
    suites.iter().map(|suite| suite.cases.len()).sum()
}
