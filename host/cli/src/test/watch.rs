//! `--watch`: again on every change.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use admit::runtime::Runtime;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::args::{TestArgs, TestFormat};
use crate::error::{CliError, Exit, say};
use crate::files;

const NOTHING_TO_WATCH: &str =
    "--watch is for case files, or for a policy in a file, with results as text";

/// Editors and compilers write a file in several steps: what follows this closely belongs to the
/// same change.
const SAME_CHANGE: Duration = Duration::from_millis(100);

/// Plays the cases now and after every change of a case file or the component, until the output is
/// closed or the process ended.
pub(super) fn run(
    args: &TestArgs,
    runtime: &Runtime,
    out: &mut dyn Write,
) -> Result<Exit, CliError> {
    let stdin = watched(args).any(files::is_stdin);
    if args.format != TestFormat::Text || watched(args).next().is_none() || stdin {
        return Err(CliError::Usage(NOTHING_TO_WATCH.to_owned()));
    }
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(sender).map_err(failed)?;
    for (folder, mode) in folders(args) {
        watcher.watch(folder, mode).map_err(failed)?;
    }
    loop {
        match super::once(args, runtime, out) {
            Ok(_) => {}
            Err(error @ CliError::Output(_)) => return Err(error),
            // A file that is being written is no reason to end.
            Err(error) => say(error.text()),
        }
        writeln!(out, "watching for changes")
            .and_then(|()| out.flush())
            .map_err(CliError::Output)?;
        if !wait(args, &changes) {
            drop::<RecommendedWatcher>(watcher);
            return Ok(Exit::Done);
        }
    }
}

fn failed(source: notify::Error) -> CliError {
    CliError::Internal { what: "failed to watch for changes", source: Box::new(source) }
}

/// What is tested. A policy that is no file is an embedded one, which does not change.
fn watched(args: &TestArgs) -> impl Iterator<Item = &Path> {
    let policy = Some(Path::new(&args.policy)).filter(|path| path.is_file());
    args.paths.iter().map(PathBuf::as_path).chain(policy).chain(args.settings.as_deref())
}

fn folders(args: &TestArgs) -> Vec<(&Path, RecursiveMode)> {
    let mut folders: Vec<(&Path, RecursiveMode)> = Vec::new();
    let (whole, single): (Vec<_>, Vec<_>) =
        watched(args).map(folder).partition(|(_, mode)| *mode == RecursiveMode::Recursive);
    for (folder, mode) in whole.into_iter().chain(single) {
        let covers = |(other, mode): &(&Path, RecursiveMode)| {
            folder == *other || *mode == RecursiveMode::Recursive && folder.starts_with(other)
        };
        if !folders.iter().any(covers) {
            folders.push((folder, mode));
        }
    }
    folders
}

/// What to watch for a path: a folder with all below it, or the folder that a file is in, since
/// editors replace files.
fn folder(path: &Path) -> (&Path, RecursiveMode) {
    match path.parent() {
        _ if path.is_dir() => (path, RecursiveMode::Recursive),
        Some(parent) if !parent.as_os_str().is_empty() => (parent, RecursiveMode::NonRecursive),
        _ => (Path::new("."), RecursiveMode::NonRecursive),
    }
}

/// Waits for a change that concerns the run; false when there will be none.
fn wait(args: &TestArgs, changes: &Receiver<notify::Result<notify::Event>>) -> bool {
    loop {
        let Ok(change) = changes.recv() else {
            return false;
        };
        let concerns = change.is_ok_and(|event| {
            !event.kind.is_access() && event.paths.iter().any(|path| is_watched(args, path))
        });
        if concerns {
            break;
        }
    }
    while changes.recv_timeout(SAME_CHANGE).is_ok() {}
    true
}

/// Whether a changed file is one of those watched, or in a watched folder.
fn is_watched(args: &TestArgs, changed: &Path) -> bool {
    let Ok(changed) = std::path::absolute(changed) else {
        return false;
    };
    watched(args).any(|path| {
        let watched = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        changed.starts_with(&watched)
    })
}
