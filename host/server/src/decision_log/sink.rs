//! What takes the lines: a file, a pipe, standard output.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Bytes that a pipe takes as a whole or not at all (`PIPE_BUF` of Linux).
const PIPE_BYTES: usize = 4096;

/// Something that takes bytes.
pub(super) trait Sink: Send {
    /// Takes as many bytes as it can at once, at least one; [`ErrorKind::WouldBlock`] if it can take
    /// none. Standard output is waited for, since its mode belongs to others as well.
    fn write(&mut self, bytes: &[u8]) -> Result<usize>;

    /// How many bytes are best written at a time.
    fn portion(&self) -> usize {
        usize::MAX
    }

    /// How long the file is; absent for what is none.
    fn length(&self) -> Option<u64> {
        None
    }

    /// What became of the file that `path` named when this was opened.
    fn whereabouts(&self, _path: &Path) -> Whereabouts {
        Whereabouts::Named
    }
}

/// What became of a file that was opened by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// The name still means this file, as far as it can be known.
    Named,
    /// The name means nothing; the file has another one.
    Renamed,
    /// The name means another file.
    Replaced,
    /// The file has no name any more: what is written to it is lost.
    Deleted,
}

/// An open file of any kind.
pub(super) struct Opened {
    file: File,
    is_pipe: bool,
}

impl Opened {
    /// Standard output, as it was given to the process.
    pub(super) fn stdout() -> Result<Self> {
        let file = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
        let is_pipe = is_pipe(&file.metadata()?);
        Ok(Self { file, is_pipe })
    }

    /// The file to write at its end, made for its owner alone if it is missing; and whether its last
    /// line has no end. A pipe that nobody reads is an error of [`nobody_reads`].
    pub(super) fn append(path: &Path) -> Result<(Self, bool)> {
        let mut options = OpenOptions::new();
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        options.append(true).create(true).mode(0o600).custom_flags(flags);
        let file = match options.open(path) {
            // Of a socket this would be said as well.
            Err(error) if is_no_device(&error) && path.metadata().is_ok_and(|of| is_fifo(&of)) => {
                return Err(ErrorKind::BrokenPipe.into());
            }
            opened => opened?,
        };
        let is_pipe = is_pipe(&file.metadata()?);
        Ok((Self { file, is_pipe }, is_torn(path)))
    }
}

impl Opened {
    /// Finds out whether [`Opened::append`] would open or make the file.
    pub(super) fn could_append(path: &Path, made: &Path) -> Result<()> {
        let kind = match path.metadata() {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return crate::writable::file(path, made);
            }
            Err(error) => return Err(error),
        };
        if kind.is_dir() {
            return Err(rustix::io::Errno::ISDIR.into());
        }
        if kind.is_socket() {
            return Err(rustix::io::Errno::NXIO.into());
        }
        crate::writable::existing(path)
    }
}

impl Sink for Opened {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.file.write(bytes) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            written => written,
        }
    }

    fn portion(&self) -> usize {
        if self.is_pipe { PIPE_BYTES } else { usize::MAX }
    }

    fn length(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok();
        metadata.filter(Metadata::is_file).map(|metadata| metadata.len())
    }

    fn whereabouts(&self, path: &Path) -> Whereabouts {
        let Ok(own) = self.file.metadata() else { return Whereabouts::Named };
        match std::fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (own.dev(), own.ino()) => Whereabouts::Named,
            _ if own.nlink() == 0 => Whereabouts::Deleted,
            Ok(_) => Whereabouts::Replaced,
            Err(error) if error.kind() == ErrorKind::NotFound => Whereabouts::Renamed,
            Err(_) => Whereabouts::Named,
        }
    }
}

/// Whether an error says that a pipe has no reader.
pub(super) fn nobody_reads(error: &Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

fn is_no_device(error: &Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
}

fn is_fifo(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}

/// Whether a reader takes what is written: it may see a line cut where writing stops.
fn is_pipe(metadata: &Metadata) -> bool {
    is_fifo(metadata) || metadata.file_type().is_socket()
}

/// Whether a file ends within a line, since its writer was killed. Not of one that cannot be
/// read.
fn is_torn(path: &Path) -> bool {
    let last_byte = || {
        let mut file = File::open(path)?;
        let mut last = [b'\n'];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Result::Ok(last)
    };
    path.is_file() && last_byte().is_ok_and(|last| last != [b'\n'])
}
