//! The operator's cases: a file that is read at each activation.

use std::path::Path;

use admit::cases::{Case, CaseError, CaseFile, MAX_CASE_FILE_BYTES};
use admit::decision::PolicyRef;
use admit::failure::{Cause, error_chain};
use admit::release::{BuildError, Inspected};
use admit::text::Shown;
use admit_api::activation::{Rehearsed, StepName};

use super::gate::ServedGate;
use super::report::{ChangeError, Refused};

impl ServedGate {
    /// The operator's cases for this policy; none when no file is configured, or it is about another.
    pub(super) fn operator_cases(&self, policy: &PolicyRef) -> Result<Vec<Case>, ChangeError> {
        let Some(path) = &self.options.cases else {
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
                gate = self.name(),
                file = %path.display(),
                policy.version = &*policy.version,
                "{unplayed}"
            );
        }
        Ok(cases)
    }

    /// What is said of an operator's file without a case for the policy that the gate has; absent where
    /// there is one, or no file, or none that can be read.
    pub fn unplayed_cases(&self) -> Option<String> {
        let (path, selected) = (self.options.cases.as_deref()?, self.selected()?);
        let file = read(path).ok()?;
        let cases = those_for(&file, selected.policy(), path).ok()?;
        unplayed(&file, &cases, selected.policy())
    }

    /// What is said of a gate that decides with a release that has passed no case.
    pub fn rehearsed_nothing(&self) -> Option<&'static str> {
        let selected = self.selected().filter(|selected| selected.release.is_some())?;
        let operator = self.operator_cases(selected.policy()).ok()?;
        rehearsed(&selected.inspected, &operator).is_nothing().then_some(NOTHING_REHEARSED)
    }

    /// Why there is no release. Of the operator's cases it names the file.
    pub(super) fn refused_by(&self, error: BuildError, policy: Option<&PolicyRef>) -> ChangeError {
        let mut refused = ChangeError::not_built(error, policy);
        if let (ChangeError::Refused(refused), Some(path)) = (&mut refused, &self.options.cases)
            && refused.cause == Cause::Cases
        {
            refused.error =
                format!("the operator's cases: `{}`: {}", path.display(), refused.error);
        }
        refused
    }

    /// Why no case of the operator's file can be played, whatever policy it is about; absent when they
    /// can, or no file is configured.
    pub fn problem_of_cases(&self) -> Option<String> {
        let path = self.options.cases.as_deref()?;
        let cases = read(path).and_then(|file| file.cases().map_err(|error| named(path, &error)));
        cases.err()
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
