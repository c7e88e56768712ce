//! A watched file or directory as a source of policy components.
//!
//! Polled, since that works on every file system and with the swaps of links that Kubernetes makes.

mod error;
mod locate;
mod read;

use std::path::PathBuf;
use std::sync::Arc;

use admit::release::component_digest;

pub use error::SourceError;
pub use locate::is_hidden;

/// What is watched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceOptions {
    /// A component, or a directory with exactly one `*.wasm` directly in it.
    pub path: PathBuf,
    /// Whether links may lead out of the directory.
    pub follow_links_outside: bool,
    /// The size of the largest component that is read.
    pub max_bytes: usize,
}

#[derive(Debug, Eq, PartialEq)]
pub enum Poll {
    /// Nothing new, or the same problem as before: see [`Watch::problem`].
    Unchanged,
    /// Other bytes than before, which may still be being written.
    Settling,
    /// Bytes that two polls found and that were not reported before.
    New(Found),
    /// There is no component, for another reason than before.
    Problem(SourceError),
}

#[derive(Debug, Eq, PartialEq)]
pub struct Found {
    /// The component in binary form: these bytes were read once, and only these count.
    pub bytes: Vec<u8>,
    /// Their digest, `sha256:` and 64 hexadecimal digits.
    pub digest: Arc<str>,
    /// Where they lay, links followed.
    pub file: PathBuf,
}

/// Watches one source.
///
/// Has neither clock nor thread: its owner polls at intervals, from a thread that may wait
/// for a file.
#[derive(Debug)]
pub struct Watch {
    options: SourceOptions,
    reported: Option<Arc<str>>,
    settling: Option<Arc<str>>,
    problem: Option<SourceError>,
}

impl Watch {
    /// A watch that has reported nothing yet.
    pub fn new(options: SourceOptions) -> Self {
        Self { options, reported: None, settling: None, problem: None }
    }

    /// Takes the component with this digest as reported already: the one that came from this source
    /// last, in an earlier run.
    #[must_use]
    pub fn after(mut self, digest: &str) -> Self {
        self.reported = Some(digest.into());
        self
    }

    /// Takes the component that was reported last for one that was not: the next poll reports it, if it
    /// lies there still.
    pub fn again(&mut self) {
        self.settling = self.reported.take().or(self.settling.take());
    }

    /// What is watched.
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// Why the last poll found no component; absent when it found one.
    pub fn problem(&self) -> Option<&SourceError> {
        self.problem.as_ref()
    }

    /// Reads the source once.
    ///
    /// Bytes are new when two polls in a row found them and they are not those reported last. So a
    /// component is reported once, until another one lay there or [`Watch::again`] was called.
    pub fn poll(&mut self) -> Poll {
        match self.read() {
            Ok(found) => {
                self.problem = None;
                self.settle(found)
            }
            Err(error) => {
                self.settling = None;
                self.fail(error)
            }
        }
    }

    /// Reads the source once, whatever was read before.
    pub fn read(&self) -> Result<Found, SourceError> {
        let file = locate::locate(&self.options.path, self.options.follow_links_outside)?;
        let bytes = read::read(&file, self.options.max_bytes)?;
        let digest = component_digest(&bytes);
        Ok(Found { bytes, digest, file })
    }

    fn settle(&mut self, found: Found) -> Poll {
        let before = self.settling.take();
        if self.reported.as_ref() == Some(&found.digest) {
            return Poll::Unchanged;
        }
        if before.as_ref() == Some(&found.digest) {
            self.reported = Some(Arc::clone(&found.digest));
            return Poll::New(found);
        }
        self.settling = Some(found.digest);
        Poll::Settling
    }

    fn fail(&mut self, error: SourceError) -> Poll {
        if self.problem.as_ref() == Some(&error) {
            return Poll::Unchanged;
        }
        self.problem = Some(error.clone());
        Poll::Problem(error)
    }
}

/// Reads a file that the configuration names, links followed: a regular one, so that opening it never waits.
pub(crate) fn read_file(path: &std::path::Path, max_bytes: usize) -> Result<Vec<u8>, SourceError> {
    let target = path.canonicalize().map_err(|error| SourceError::read(path, &error))?;
    read::read(&target, max_bytes)
}

#[cfg(test)]
mod tests;
