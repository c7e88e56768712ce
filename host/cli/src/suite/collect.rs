//! Finding and reading case files.

use std::path::{Path, PathBuf};

use admit::cases::{CaseError, CaseFile, MAX_CASE_FILE_BYTES};
use admit::release::Inspected;
use serde_json::{Map, Value};

use super::Suite;
use crate::error::{CliError, say};
use crate::files::{self, content};
use crate::folder::{self, FolderError, Search};

/// A case file that was found.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
    /// The same, read.
    pub(crate) file: CaseFile,
}

/// Which case files are wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) fits: &'a dyn Fn(&CaseFile) -> bool,
    /// The one version whose cases are wanted; any when absent.
    pub(crate) version: Option<&'a str>,
    /// The policies that they are for, for people.
    pub(crate) expected: String,
}

/// Case files that cannot be used with a policy.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("for `{policy}` {version}; expected cases for {expected}")]
    OtherPolicy { policy: String, version: String, expected: String },
    #[error("no `settings`; expected them in the file, or --settings FILE")]
    NoSettings,
    #[error("folders nested more deeply than is searched")]
    TooDeep,
}

/// The case files at `paths` that are wanted, folders searched for `*.yaml`, `*.yml` and
/// `*.json` in the order of their names.
///
/// A file named itself must be wanted; those found in folders that are not are left out, which is
/// said.
pub(crate) fn sources(paths: &[PathBuf], wanted: &Wanted<'_>) -> Result<Vec<Source>, CliError> {
    let mut sources = Vec::new();
    let mut left_out = Vec::new();
    for path in paths {
        if files::is_stdin(path) || !path.is_dir() {
            let source = read(path)?;
            if !(wanted.fits)(&source.file) {
                return Err(content("cases", &path.display(), other_policy(&source.file, wanted)));
            }
            sources.push(source);
            continue;
        }
        for path in found(path)? {
            let source = read(&path)?;
            if (wanted.fits)(&source.file) {
                sources.push(source);
            } else {
                left_out.push(path.display().to_string());
            }
        }
    }
    if !left_out.is_empty() {
        say(format_args!("for other policies or versions, left out: {}", left_out.join(", ")));
    }
    Ok(sources)
}

/// The cases at `paths`, each with the settings of its file, else with `live`.
pub(crate) fn collect(
    paths: &[PathBuf],
    wanted: &Wanted<'_>,
    live: Option<&Map<String, Value>>,
) -> Result<Vec<Suite>, CliError> {
    sources(paths, wanted)?.iter().map(|source| suite(source, wanted.version, live)).collect()
}

/// The cases that the component carries.
pub(crate) fn packed(policy: &Inspected) -> Vec<Suite> {
    let suite = |set: &admit::cases::CaseSet| Suite {
        file: format!("{} in the component", set.file),
        cases: set.cases.clone(),
    };
    policy.cases().iter().map(suite).collect()
}

fn suite(
    source: &Source,
    version: Option<&str>,
    live: Option<&Map<String, Value>>,
) -> Result<Suite, CliError> {
    let file = files::called(&source.path).display().to_string();
    let cases = match version {
        Some(version) => source.file.cases_for(version),
        None => source.file.cases(),
    };
    let mut cases = cases.map_err(|error| content("cases", &file, error))?;
    for case in &mut cases {
        if case.settings.is_none() {
            case.settings = live.cloned();
        }
        if case.settings.is_none() {
            return Err(content("cases", &file, Unfit::NoSettings));
        }
    }
    Ok(Suite { file, cases })
}

fn read(path: &Path) -> Result<Source, CliError> {
    let bytes = files::text("cases", "a case file", path, MAX_CASE_FILE_BYTES as u64)?;
    let file = CaseFile::from_bytes(&bytes).map_err(|error| match error {
        CaseError::Form(problems) => files::refused("cases", path, problems),
        error => content("cases", &path.display(), error),
    })?;
    Ok(Source { path: path.to_owned(), bytes, file })
}

/// Has `work` done with what is wanted for one policy: files for its version.
pub(crate) fn for_policy<T>(policy: &Inspected, work: impl FnOnce(&Wanted<'_>) -> T) -> T {
    let policy = policy.policy();
    let expected = format!("`{} {}`", policy.name, policy.version);
    let fits = &|file: &CaseFile| file.is_for(&policy.name, &policy.version);
    work(&Wanted { fits, version: Some(&policy.version), expected })
}

fn other_policy(file: &CaseFile, wanted: &Wanted<'_>) -> Unfit {
    let policy = admit::text::Shown::name(&file.policy).to_string();
    let (version, expected) = (file.version.to_string(), wanted.expected.clone());
    Unfit::OtherPolicy { policy, version, expected }
}

/// The case files below a folder.
fn found(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    folder::files(folder, Search::Deep).map_err(|error| match error {
        FolderError::Read(path, source) => CliError::Read { path, source },
        FolderError::TooDeep(path) => content("cases", &path.display(), Unfit::TooDeep),
    })
}
