//! The operator's cases: a file that is read at each activation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use admit::cases::{Case, CaseError, CaseFile, MAX_CASE_FILE_BYTES};
use admit::decision::PolicyRef;
use admit::failure::{Cause, error_chain};
use admit::release::{BuildError, Inspected, component_digest};
use admit::text::Shown;
use admit_api::activation::{Rehearsed, StepName};

use super::report::{ChangeError, Refused};

/// The operator's cases of a gate, in a file that is read each time.
pub(super) struct OperatorCases {
    gate: String,
    path: Option<PathBuf>,
}

impl OperatorCases {
    /// Those in this file; none without one.
    pub(super) fn new(gate: &str, path: Option<PathBuf>) -> Self {
        Self { gate: gate.to_owned(), path }
    }

    /// The cases for this policy; none when no file is configured, or it is about another.
    pub(super) fn read_for(&self, policy: &PolicyRef) -> Result<Vec<Case>, ChangeError> {
        let Some(path) = &self.path else {
            return Ok(Vec::new());
        };
        read(path).and_then(|file| self.cases_for(&file, policy, path)).map_err(|error| {
            let error = format!("the operator's cases: {error}");
            let policy = Some(policy.clone());
            let (step, cause, compiles_on) = (StepName::Rehearse, Cause::Cases, false);
            ChangeError::Refused(Box::new(Refused { step, error, policy, cause, compiles_on }))
        })
    }

    fn cases_for(
        &self,
        file: &CaseFile,
        policy: &PolicyRef,
        path: &Path,
    ) -> Result<Vec<Case>, String> {
        let cases = those_for(file, policy, path)?;
        if let Some(unplayed) = unplayed(file, &cases, policy) {
            tracing::warn!(
                gate = self.gate,
                file = %path.display(),
                policy.version = &*policy.version,
                "{unplayed}"
            );
        }
        Ok(cases)
    }

    /// Why the file has no case for a policy; absent where it has one, or cannot be read, or where there
    /// is none.
    pub(super) fn unplayed(&self, policy: &PolicyRef) -> Option<String> {
        let path = self.path.as_deref()?;
        let file = read(path).ok()?;
        let cases = those_for(&file, policy, path).ok()?;
        unplayed(&file, &cases, policy)
    }

    /// Why there is no release. Of the operator's cases it names the file.
    pub(super) fn refused_by(&self, error: BuildError, policy: &PolicyRef) -> ChangeError {
        let mut refused = ChangeError::not_built(error, policy);
        if let (ChangeError::Refused(refused), Some(path)) = (&mut refused, &self.path)
            && refused.cause == Cause::Cases
        {
            refused.error =
                format!("the operator's cases: `{}`: {}", path.display(), refused.error);
        }
        refused
    }

    /// Why no case of the file can be played, whatever policy it is about; absent when they can, or no
    /// file is configured.
    pub(super) fn problem(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let cases = read(path).and_then(|file| file.cases().map_err(|error| named(path, &error)));
        cases.err()
    }

    /// What the file holds, by digest, or why it cannot be read.
    pub(super) fn content(&self) -> Option<Arc<str>> {
        let path = self.path.as_deref()?;
        let read = crate::source::read_file(path, MAX_CASE_FILE_BYTES + 1);
        let digest = read.map(|bytes| component_digest(&bytes));
        Some(digest.unwrap_or_else(|error| error_chain(&error).into()))
    }
}

/// The cases that a release has passed.
pub(super) fn rehearsed(inspected: &Inspected, operator: &[Case]) -> Rehearsed {
    let component = inspected.cases().iter().map(|set| set.cases.len()).sum();
    Rehearsed { component, operator: operator.len() }
}

/// Of an activation that played no case.
pub(super) const NOTHING_REHEARSED: &str =
    "no case was rehearsed: the component carries none, and the operator has none for it";

/// The cases of an operator's file for a policy.
fn those_for(file: &CaseFile, policy: &PolicyRef, path: &Path) -> Result<Vec<Case>, String> {
    match file.is_for(&policy.name, &policy.version) {
        true => file.cases_for(&policy.version).map_err(|error| named(path, &error)),
        false => Ok(Vec::new()),
    }
}

/// Why a file has no case for a policy; absent where it has one.
fn unplayed(file: &CaseFile, cases: &[Case], policy: &PolicyRef) -> Option<String> {
    let PolicyRef { name, version, .. } = policy;
    match (cases, file.is_for(name, version)) {
        ([], false) => Some(format!(
            "the operator's cases are about `{}`, and none was played for `{name} {version}`",
            about(file)
        )),
        ([], true) => Some(format!("none of the operator's cases is for `{name} {version}`")),
        _ => None,
    }
}

fn read(path: &Path) -> Result<CaseFile, String> {
    let read = crate::source::read_file(path, MAX_CASE_FILE_BYTES + 1);
    let bytes = read.map_err(|error| error_chain(&error))?;
    CaseFile::from_bytes(&bytes).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &CaseError) -> String {
    format!("`{}`: {}", path.display(), error_chain(error))
}

/// The policy that cases are about, with its versions where they are named.
fn about(file: &CaseFile) -> Shown {
    let versions = file.version.to_string();
    let versions = if versions == "*" { String::new() } else { format!(" {versions}") };
    Shown::new(&format!("{}{versions}", file.policy))
}
