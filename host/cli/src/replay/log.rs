//! A decision log, line by line.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use admit::input;

use crate::error::CliError;
use crate::files;

/// A release with thousands of settings, or a decision with every claim as long as it can be.
const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// A line with its number; without a text when it is too long to be one of a decision log.
pub(super) type Numbered<'a> = (u64, Option<&'a [u8]>);

/// The lines of a log that are not empty, with their numbers.
pub(super) struct Lines {
    path: PathBuf,
    from: BufReader<Box<dyn Read>>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Opens a log, which must be text.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let mut from = BufReader::new(files::open(path)?);
        let path = files::called(path).to_owned();
        let failed = |source| CliError::Read { path: path.clone(), source };
        let beginning = from.fill_buf().map_err(failed)?;
        files::check_log(&path, beginning)?;
        let skipped = beginning.len() - input::document(beginning).len();
        from.consume(skipped);
        Ok(Self { path, from, number: 0, line: Vec::new() })
    }

    pub(super) fn next(&mut self) -> Result<Option<Numbered<'_>>, CliError> {
        loop {
            let fits =
                self.read().map_err(|source| CliError::Read { path: self.path.clone(), source })?;
            let Some(fits) = fits else {
                return Ok(None);
            };
            self.number += 1;
            // Zeros are what a file has where it was cut off while somebody wrote at its old end:
            // they stand before the first line that was written after the cut.
            let zeros = self.line.iter().take_while(|byte| **byte == 0).count();
            self.line.drain(..zeros);
            if !fits || !input::line(&self.line).is_empty() {
                return Ok(Some((self.number, fits.then(|| input::line(&self.line)))));
            }
        }
    }

    /// Reads a line; says whether it is short enough. Absent at the end.
    fn read(&mut self) -> std::io::Result<Option<bool>> {
        let mut fits = true;
        loop {
            self.line.clear();
            let read = self.from.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut self.line)?;
            if read == 0 && fits {
                return Ok(None);
            }
            if (read as u64) < MAX_LINE_BYTES || self.line.ends_with(b"\n") {
                return Ok(Some(fits));
            }
            fits = false;
        }
    }
}
