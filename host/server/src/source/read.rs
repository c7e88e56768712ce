//! One bounded read of a regular file.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::SourceError;

/// Reads a file whose path has no links.
///
/// Between the look at the path and the opening, somebody who may write into the directory can put
/// a link in the place of a directory of the path, and so have another file read. That gains
/// nothing: the bytes are read once, from one open file, only they are used, and they pass every
/// check that the bytes of that somebody's own files have to pass. Nor can a pipe put there meanwhile
/// make anyone wait: opening does not, and what was opened is looked at again.
pub(super) fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, SourceError> {
    let failed = |error| SourceError::read(path, &error);
    // Before opening, since that alone can make a device do something.
    regular(path, &path.symlink_metadata().map_err(failed)?)?;
    let file = open(path).map_err(failed)?;
    regular(path, &file.metadata().map_err(failed)?)?;
    let mut bytes = Vec::new();
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() {
        0 => Err(SourceError::Empty { path: path.to_owned() }),
        length if length > max_bytes => {
            Err(SourceError::TooLarge { path: path.to_owned(), max_bytes })
        }
        _ => Ok(bytes),
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    // The bits are those of the system's `int`.
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), SourceError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(SourceError::NotAFile { path: path.to_owned(), kind: kind(metadata.file_type()) })
}

fn kind(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "no file",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_pipe_put_there_at_the_last_moment_makes_nobody_wait() {
        let directory = tempdir().expect("a directory");
        let pipe = directory.path().join("policy.wasm");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        let (sender, opened) = mpsc::channel();
        let path = pipe.clone();
        std::thread::spawn(move || sender.send(open(&path)));
        let opened = opened.recv_timeout(Duration::from_secs(10)).expect("no waiting");
        let metadata = opened.expect("a pipe opens").metadata().expect("metadata");
        let error = regular(&pipe, &metadata).expect_err("a pipe");
        assert_eq!(error, SourceError::NotAFile { path: pipe, kind: "a named pipe" });
    }

    #[test]
    fn a_link_put_there_at_the_last_moment_is_not_followed() {
        let directory = tempdir().expect("a directory");
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&file, "bytes").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert!(open(&file).is_ok());
        assert!(open(&link).is_err());
    }
}
