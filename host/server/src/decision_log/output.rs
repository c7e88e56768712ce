//! Where the lines go: buffered, and at the end of a file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::DecisionLogError;
use super::ascii::write_line;
use super::release::ReleaseLine;
use crate::config::DecisionLogTarget;

/// As much is kept before it is written.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file or standard output, what waits to be written to it, and the releases it has to begin with.
pub(super) struct Output {
    sink: Box<dyn Write + Send>,
    /// Of a file that can be opened anew.
    path: Option<PathBuf>,
    buffer: Vec<u8>,
    /// Decisions in the buffer.
    decisions: u64,
    /// The last line of each gate's release.
    releases: Vec<ReleaseLine>,
    /// Whether the next line needs the releases before it: the file is new, or they were lost.
    is_new: bool,
    /// Whether the last line has no end.
    is_torn: bool,
    /// Whether the last attempt to write failed, which was said.
    is_broken: bool,
}

/// What became of the decisions in the buffer.
#[derive(Default)]
pub(super) struct Flushed {
    pub(super) written: u64,
    pub(super) failed: u64,
}

impl Output {
    pub(super) fn open(to: &DecisionLogTarget) -> Result<Self, DecisionLogError> {
        match to {
            DecisionLogTarget::Stdout => Ok(Self::on(Box::new(std::io::stdout()))),
            DecisionLogTarget::File(path) => {
                let (file, is_torn) = append(path)?;
                let output = Self::on(Box::new(file));
                Ok(Self { path: Some(path.clone()), is_torn, ..output })
            }
        }
    }

    pub(super) fn on(sink: Box<dyn Write + Send>) -> Self {
        Self {
            sink,
            path: None,
            buffer: Vec::new(),
            decisions: 0,
            releases: Vec::new(),
            is_new: false,
            is_torn: false,
            is_broken: false,
        }
    }

    /// Adds a release; it stays the one of its gate until the next.
    pub(super) fn release(&mut self, line: ReleaseLine) -> Flushed {
        self.releases.retain(|other| other.gate != line.gate);
        let flushed = self.line(&line);
        self.releases.push(line);
        flushed
    }

    /// Adds a decision.
    pub(super) fn decision(&mut self, line: &impl Serialize) -> Flushed {
        self.decisions += 1;
        self.line(line)
    }

    fn line(&mut self, line: &impl Serialize) -> Flushed {
        if std::mem::take(&mut self.is_new) {
            for release in &self.releases {
                add(&mut self.buffer, release);
            }
        }
        add(&mut self.buffer, line);
        if self.buffer.len() < BUFFER_BYTES { Flushed::default() } else { self.flush() }
    }

    /// Writes what waits. What cannot be written is lost; the next lines are tried anew.
    pub(super) fn flush(&mut self) -> Flushed {
        if self.buffer.is_empty() {
            return Flushed::default();
        }
        let written = self.write();
        self.buffer.clear();
        let decisions = std::mem::take(&mut self.decisions);
        match written {
            Ok(()) => {
                if std::mem::take(&mut self.is_broken) {
                    tracing::info!("the decision log can be written again");
                }
                Flushed { written: decisions, failed: 0 }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_broken, true) {
                    tracing::error!("failed to write the decision log: {error}");
                }
                (self.is_torn, self.is_new) = (true, true);
                Flushed { written: 0, failed: decisions }
            }
        }
    }

    fn write(&mut self) -> std::io::Result<()> {
        if self.is_torn {
            self.sink.write_all(b"\n")?;
        }
        self.sink.write_all(&self.buffer)?;
        self.sink.flush()?;
        self.is_torn = false;
        Ok(())
    }

    /// Opens the file anew; the old one stays in use if that fails.
    pub(super) fn reopen(&mut self) -> Flushed {
        let Some(path) = &self.path else {
            return Flushed::default();
        };
        let opened = append(path);
        let flushed = self.flush();
        match opened {
            Ok((file, is_torn)) => {
                (self.sink, self.is_torn, self.is_new) = (Box::new(file), is_torn, true);
            }
            Err(error) => {
                let error = admit::failure::error_chain(&error);
                tracing::error!("the decision log stays in the old file: {error}");
            }
        }
        flushed
    }
}

fn add(buffer: &mut Vec<u8>, line: &impl Serialize) {
    let before = buffer.len();
    if write_line(buffer, line).is_err() {
        buffer.truncate(before);
    }
}

/// The file to write at its end, and whether its last line has no end.
fn append(path: &Path) -> Result<(File, bool), DecisionLogError> {
    let failed = |source| DecisionLogError::Open { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    for_owner_alone(&mut options);
    let file = options.open(path).map_err(failed)?;
    Ok((file, is_torn(path)))
}

/// A file that is made is for its owner alone, and a pipe is not waited for.
fn for_owner_alone(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        options.mode(0o600).custom_flags(i32::try_from(flags).unwrap_or_default());
    }
}

/// Whether a file ends within a line, since whoever wrote it was killed. Not of one that cannot be
/// read.
fn is_torn(path: &Path) -> bool {
    let last_byte = || {
        let mut file = File::open(path)?;
        let mut last = [b'\n'];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        std::io::Result::Ok(last)
    };
    path.is_file() && last_byte().is_ok_and(|last| last != [b'\n'])
}
