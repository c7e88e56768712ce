//! The form of a case file.

use indexmap::IndexMap;
use semver::{Prerelease, Version, VersionReq};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};
use serde_saphyr::{Error, Spanned};

use crate::document;
use crate::error::{CaseError, shown};
use crate::expect::Expectation;
use crate::moment::Moment;
use crate::suggest::hint;
use crate::yaml::Words;

/// The most bytes a case file may have.
pub const MAX_CASE_FILE_BYTES: usize = 1024 * 1024;

/// What aliases may repeat, in names and values; some ten times what a large file needs.
const MAX_ALIAS_EVENTS: usize = 20_000;

/// The time of each decision where a file does not say: 2026-01-01T00:00:00Z.
const USUAL_NOW: Moment = Moment(1_767_225_600);

/// A case file as it is written: YAML, or JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The name of the policy.
    pub policy: String,
    /// The versions of the policy that the cases are for, as Cargo writes them (`>=1, <3`); any
    /// when it is left out.
    #[serde(default, deserialize_with = "version_req")]
    pub version: VersionReq,
    /// The time of each decision.
    #[serde(default = "usual_now")]
    pub now: Moment,
    /// The settings of each case; when left out, those of the release the cases are played on.
    pub settings: Option<Map<String, Value>>,
    /// Sets of claims to start from, besides the built-in ones.
    #[serde(default)]
    pub bases: IndexMap<String, Base>,
    /// The set of claims of cases that name none.
    pub base: Option<String>,
    /// The cases.
    pub(crate) cases: Vec<Spanned<Entry>>,
}

/// A set of claims to start from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The set it changes; from nothing when left out.
    pub from: Option<String>,
    /// Its claims; `null` removes one of `from`.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// One case, or a matrix of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    #[serde(default, deserialize_with = "version_req")]
    pub(crate) version: VersionReq,
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) claims: Map<String, Value>,
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    #[serde(default)]
    pub(crate) facts: Map<String, Value>,
    pub(crate) now: Option<Moment>,
    pub(crate) expect: Option<Expectation>,
    pub(crate) max_fuel: Option<u64>,
    #[serde(default)]
    pub(crate) matrix: IndexMap<String, Axis>,
}

/// An axis of a matrix: labelled variants, in the order of the file.
pub(crate) type Axis = IndexMap<String, Variant>;

/// What one point of an axis changes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) claims: Map<String, Value>,
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    #[serde(default)]
    pub(crate) facts: Map<String, Value>,
    pub(crate) now: Option<Moment>,
    pub(crate) expect: Option<Expectation>,
}

const WORDS: Words = Words { file: "a case file", own: said, is_complete: is_about_names };

fn said(error: &Error) -> Option<String> {
    match error {
        Error::Eof { .. } => Some("the file ends here; expected `policy` and `cases`".to_owned()),
        Error::SerdeUnknownField { field, expected, .. } => {
            Some(format!("unknown field `{}`; {}", shown(field), hint(field, expected)))
        }
        _ => None,
    }
}

fn is_about_names(error: &Error) -> bool {
    matches!(error, Error::SerdeUnknownField { .. } | Error::DuplicateMappingKey { .. })
}

impl CaseFile {
    /// Reads a case file.
    ///
    /// # Errors
    ///
    /// [`CaseError`], with line and column of what is not of the form.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Reads a case file of bytes.
    ///
    /// # Errors
    ///
    /// As [`CaseFile::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CaseError> {
        if bytes.len() > MAX_CASE_FILE_BYTES {
            return Err(CaseError::TooLarge { size: bytes.len() });
        }
        Self::read(document::text(bytes)?)
    }

    /// Reads the text without its byte order mark.
    fn read(text: &str) -> Result<Self, CaseError> {
        let limits = serde_saphyr::alias_limits! { max_total_replayed_events: MAX_ALIAS_EVENTS };
        let options = serde_saphyr::options! { alias_limits: limits };
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| CaseError::Form(WORDS.problem(text, &error)))
    }

    /// Whether the file is for this policy in this version. A pre-release counts as what it is going
    /// to be.
    pub fn is_for(&self, policy: &str, version: &str) -> bool {
        self.policy == policy && is_among(version, &self.version)
    }
}

/// Whether a version is one of these. A pre-release counts as what it is going to be.
pub(crate) fn is_among(version: &str, versions: &VersionReq) -> bool {
    let Ok(mut version) = Version::parse(version) else {
        return false;
    };
    let matches = versions.matches(&version);
    version.pre = Prerelease::EMPTY;
    matches || versions.matches(&version)
}

fn usual_now() -> Moment {
    USUAL_NOW
}

fn version_req<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VersionReq, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|error| D::Error::custom(format_args!("version `{}`: {error}", shown(&text))))
}
