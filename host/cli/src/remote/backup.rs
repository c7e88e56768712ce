//! `admit store backup`.

use std::fs::File;
use std::io::{Read, Result as IoResult, Write};

use crate::args::BackupArgs;
use crate::client::{Call, Client, Download};
use crate::error::{CliError, Exit};
use crate::terminal::Progress;

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Bytes that are copied at a time.
const PART: u64 = 256 * 1024;

/// Copies the store of a server to a new file. A copy that is not whole is removed.
pub(super) fn run(args: &BackupArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let client = Client::new(&args.connect)?;
    let failed = |source| CliError::Write { path: args.file.clone(), source };
    let mut file = create(args).map_err(failed)?;
    let copying = Progress::start("copying the store", None);
    let copied = client
        .download(Call::new("GET", &["v1", "store", "backup"]))
        .map_err(CliError::from)
        .and_then(|download| copy(download, &mut file).map_err(failed)?)
        .and_then(|bytes| file.sync_all().map_err(failed).map(|()| bytes));
    drop(copying);
    let bytes = match copied {
        Ok(bytes) => bytes,
        Err(error) => {
            std::fs::remove_file(&args.file).map_err(failed)?;
            return Err(error);
        }
    };
    writeln!(out, "{}: {bytes} bytes", args.file.display()).map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// Makes the file, for this user only.
fn create(args: &BackupArgs) -> IoResult<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&args.file)
}

/// Copies what a server sends; says how much there was, or that it was not the whole.
fn copy(mut download: Download, file: &mut File) -> IoResult<Result<u64, CliError>> {
    let (mut part, mut begin, mut bytes) = (Vec::new(), Vec::<u8>::new(), 0);
    loop {
        part.clear();
        match download.reader.by_ref().take(PART).read_to_end(&mut part) {
            Ok(0) => break,
            Ok(length) => bytes += length as u64,
            // The connection ended, or the time is over: what came is not the whole.
            Err(_) => return Ok(Err(CliError::Backup { bytes, expected: download.bytes })),
        }
        begin.extend(part.iter().take(MAGIC.len() - begin.len()));
        file.write_all(&part)?;
    }
    let expected = download.bytes;
    let is_whole = begin == MAGIC && expected.is_none_or(|expected| expected == bytes);
    Ok(if is_whole { Ok(bytes) } else { Err(CliError::Backup { bytes, expected }) })
}
