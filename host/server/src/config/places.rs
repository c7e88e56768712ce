//! Where the values of a configuration stand.

use admit::cases::strict::{Node, Problem, ProblemKind};

/// The places of a configuration's values: what is found wrong after it was read is shown there.
#[derive(Clone, Debug)]
pub struct Places {
    pub(super) file: String,
    pub(super) tree: Node,
}

impl Places {
    /// What is wrong with the value at a path, such as `gates.windows-mdm.cases`. Where nothing is
    /// configured there, the place is that of what it would belong to.
    pub fn problem(&self, path: &str, reason: impl Into<String>) -> Problem {
        let (path, reason) = (path.to_owned(), reason.into());
        let origin = self.tree.nearest(&path).origin.clone();
        Problem::new(origin, ProblemKind::Refused { path, reason }).in_file(&self.file)
    }
}
