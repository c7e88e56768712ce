//! A decision log, line by line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use admit::cases::Moment;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::CliError;

/// A release with thousands of settings, or a decision with every claim as long as it can be.
const MAX_LINE_BYTES: u64 = 4 * 1024 * 1024;

/// A line of the log. Members that are not needed here are not looked at.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Line {
    Release(Box<Release>),
    Decision(Box<Decision>),
}

/// A release that was active.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Release {
    pub(super) gate: String,
    pub(super) generation: u64,
    pub(super) settings: Map<String, Value>,
    /// Those that the policy did not know and another one may.
    #[serde(default)]
    pub(super) kept_settings: Map<String, Value>,
    pub(super) cloud: String,
    pub(super) leeway_seconds: u64,
    pub(super) max_lifetime_seconds: u64,
    #[serde(default)]
    pub(super) wanted_claims: Vec<String>,
    #[serde(default)]
    pub(super) logged_claims: Vec<String>,
}

/// A decision that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    pub(super) at: Moment,
    pub(super) now: u64,
    pub(super) gate: String,
    pub(super) decision_id: String,
    pub(super) id: Option<String>,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) asks: Vec<String>,
    pub(super) policy: Option<Policy>,
    pub(super) generation: Option<u64>,
    pub(super) claims: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) withheld: Map<String, Value>,
    #[serde(default)]
    pub(super) facts: Map<String, Value>,
    #[serde(default)]
    pub(super) withheld_facts: Map<String, Value>,
    #[serde(default)]
    pub(super) cut: Vec<String>,
}

/// The policy that made it.
#[derive(Debug, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
}

/// What was decided.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Allow,
    Ask,
    Deny,
    Invalid,
    Failed,
}

impl Outcome {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// The lines of a file that are not empty, with their numbers.
pub(super) struct Lines {
    path: PathBuf,
    from: BufReader<File>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let failed = |source| CliError::Read { path: path.to_owned(), source };
        let from = BufReader::new(File::open(path).map_err(failed)?);
        Ok(Self { path: path.to_owned(), from, number: 0, line: Vec::new() })
    }

    /// The next line; without content when it is none of a decision log.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Option<Line>)>, CliError> {
        loop {
            let fits =
                self.read().map_err(|source| CliError::Read { path: self.path.clone(), source })?;
            let Some(fits) = fits else {
                return Ok(None);
            };
            self.number += 1;
            let text = self.line.trim_ascii();
            if !fits || !text.is_empty() {
                let line = if fits { serde_json::from_slice(text).ok() } else { None };
                return Ok(Some((self.number, line)));
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
