//! `admit pack`: a policy's cases, written into its component.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use admit::cases::section::{self, PackedFile};
use admit::limits::Limits;
use admit::release::Inspected;

use crate::args::PackArgs;
use crate::error::{CliError, Exit, say};
use crate::suite::{self, Suite};
use crate::{compile, files, text};

#[derive(Debug, thiserror::Error)]
enum NotPacked {
    #[error("no case for this policy; expected at least one")]
    Nothing,
    #[error("two case files are called `{0}`; expected names of their own")]
    NameTwice(String),
    #[error("{failed} of {cases} cases fail, first {first}")]
    Fails { failed: usize, cases: usize, first: String },
    #[error("{size} bytes with its cases; a component may have {limit}")]
    TooLarge { size: usize, limit: usize },
}

/// Plays the cases, and packs them if they come out as they say.
pub(crate) fn run(args: &PackArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let limit = Limits::default().component_bytes;
    let component = files::read(&args.component, limit as u64)?;
    let bare = section::write(&component, &[]).map_err(|error| of_policy(args, error))?;
    let runtime = crate::decide::runtime()?;
    let inspect = |bytes: &[u8]| {
        let inspected = compile::component(&runtime, bytes, &args.component.display().to_string());
        inspected.map_err(|error| of_policy(args, error))
    };
    let policy = inspect(&bare)?;
    let packed_files = packed_files(args, &policy)?;
    let packed = section::write(&bare, &packed_files).map_err(|error| of_policy(args, error))?;
    if packed.len() > limit {
        return Err(of_policy(args, NotPacked::TooLarge { size: packed.len(), limit }));
    }
    // Read as a release would read them.
    let policy = inspect(&packed)?;
    let suites = suite::packed(&policy);
    if suite::count(&suites) == 0 {
        return Err(of_policy(args, NotPacked::Nothing));
    }
    if let Some(failure) = failure(&policy, &suites) {
        say(of_policy(args, failure).text());
        return Ok(Exit::TestsFailed);
    }
    write(&args.out, &packed)?;
    let (path, size, cases) = (args.out.display(), packed.len(), suite::count(&suites));
    let files = packed_files.len();
    let cases = format!("{cases} {}", text::plural("case", cases));
    let files = format!("{files} {}", text::plural("file", files));
    writeln!(out, "{path}: {size} bytes with {cases} in {files}").map_err(CliError::Output)?;
    Ok(Exit::Done)
}

fn packed_files(args: &PackArgs, policy: &Inspected) -> Result<Vec<PackedFile>, CliError> {
    let mut names = HashSet::new();
    let mut packed = Vec::new();
    for source in suite::for_policy(policy, |wanted| suite::sources(&args.paths, wanted))? {
        let name = match files::is_stdin(&source.path) {
            true => "standard-input.yaml".into(),
            false => source.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        if !names.insert(name.clone()) {
            return Err(of_policy(args, NotPacked::NameTwice(name)));
        }
        packed.push(PackedFile { name, bytes: source.bytes });
    }
    if packed.is_empty() { Err(of_policy(args, NotPacked::Nothing)) } else { Ok(packed) }
}

fn failure(policy: &Inspected, suites: &[Suite]) -> Option<NotPacked> {
    let outcomes = suite::play(policy, suites);
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
    let first = failed.first()?;
    let problem = first.failure.as_deref().unwrap_or_default();
    let first = text::clean(&format!(
        "`{}` (line {} of {}): {problem}",
        first.case.name, first.case.line, first.file
    ));
    Some(NotPacked::Fails { failed: failed.len(), cases: outcomes.len(), first })
}

/// Writes beside the target and renames, so that no reader finds half a component. A link to a
/// component stays one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let target = std::fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    let failed = |source| CliError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn of_policy(args: &PackArgs, error: impl std::error::Error + Send + Sync + 'static) -> CliError {
    files::content("policy", &args.component.display(), error)
}
