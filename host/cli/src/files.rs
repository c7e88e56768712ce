//! Reading files, bounded, with errors that name them.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use admit::cases::strict::{Problem, Problems};
use admit::facts::Facts;
use admit::input;
use admit::keys::{KeySet, Keys, RemoteKeys, RemoteOptions};
use admit::limits::Limits;
use admit::settings::Settings;
use serde_json::{Map, Value};

use crate::error::{CliError, say};

/// Facts, claims, keys: far more than any needs.
const MAX_JSON_BYTES: u64 = 1024 * 1024;

/// With room for white space, so that settings that are too large are refused by their name.
const MAX_SETTINGS_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Stands for standard input wherever a file is read.
const STDIN: &str = "-";

/// Its name in messages.
const STDIN_NAME: &str = "standard input";

const STDIN_TWICE: &str = "standard input is wanted twice, and can be read once: name a file for one of them (`-` stands for \
     standard input, and so does a token or access token without a file)";

/// Whether standard input was opened already.
static STDIN_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Refuses arguments that name standard input twice, before anything is read from it.
pub fn check_arguments(arguments: impl Iterator<Item = OsString>) -> Result<(), CliError> {
    let is_stdin = |argument: &OsString| {
        let bytes = argument.as_encoded_bytes();
        bytes == STDIN.as_bytes() || bytes.starts_with(b"--") && bytes.ends_with(b"=-")
    };
    match arguments.filter(is_stdin).count() {
        0 | 1 => Ok(()),
        _ => Err(CliError::Usage(STDIN_TWICE.to_owned())),
    }
}

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// What a path is called: its name, or standard input.
pub(crate) fn called(path: &Path) -> &Path {
    if is_stdin(path) { Path::new(STDIN_NAME) } else { path }
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
///
/// [`CliError::Read`], and [`CliError::Usage`] when standard input is wanted a second time.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, CliError> {
    if !is_stdin(path) {
        let failed = |source| CliError::Read { path: path.to_owned(), source };
        return Ok(Box::new(File::open(path).map_err(failed)?));
    }
    if STDIN_IS_TAKEN.swap(true, Ordering::AcqRel) {
        return Err(CliError::Usage(STDIN_TWICE.to_owned()));
    }
    Ok(Box::new(std::io::stdin()))
}

/// Reads a whole file, or standard input, of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    read_from(open(path)?, called(path), limit)
}

/// Why a file is no text, whatever it should hold.
#[derive(Debug, thiserror::Error)]
enum TextError {
    #[error("empty; expected {0}")]
    Empty(&'static str),
    #[error("text in UTF-16; expected UTF-8")]
    Utf16,
    #[error("compressed ({0}); expected text, so unpack it first: `{1}`")]
    Compressed(&'static str, String),
}

/// How files begin that are compressed, and what unpacks them.
const COMPRESSED: [(&[u8], &str, &str); 6] = [
    (b"\x1f\x8b", "gzip", "gzip -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    (b"\xfd7zXZ\0", "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4 -dc"),
    (b"PK\x03\x04", "zip", "unzip -p"),
];

fn check_text(path: &Path, beginning: &[u8]) -> Result<(), TextError> {
    if input::is_utf_16(beginning) {
        return Err(TextError::Utf16);
    }
    match COMPRESSED.iter().find(|(magic, ..)| beginning.starts_with(magic)) {
        Some((_, form, _)) if is_stdin(path) || path == Path::new(STDIN_NAME) => {
            Err(TextError::Compressed(form, format!("{form} -d")))
        }
        Some((_, form, unpack)) => {
            Err(TextError::Compressed(form, format!("{unpack} {} | admit … -", path.display())))
        }
        None => Ok(()),
    }
}

/// Refuses a log that is no text by how it begins.
pub(crate) fn check_log(path: &Path, beginning: &[u8]) -> Result<(), CliError> {
    check_text(path, beginning).map_err(|error| content("log", &path.display(), error))
}

fn read_from(from: impl Read, path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(CliError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Reads a whole file of text, of at most `limit` bytes. What may stand around it, its reader takes off.
///
/// # Errors
///
/// As [`read`], and [`CliError::Content`] when it is empty or no text, whatever it should hold.
pub(crate) fn text(
    what: &'static str,
    expected: &'static str,
    path: &Path,
    limit: u64,
) -> Result<Vec<u8>, CliError> {
    let bytes = read(path, limit)?;
    let checked = match input::document(&bytes).trim_ascii().is_empty() {
        true => Err(TextError::Empty(expected)),
        false => check_text(path, &bytes),
    };
    checked.map_err(|error| content(what, &path.display(), error))?;
    Ok(bytes)
}

fn read_json(what: &'static str, path: &Path) -> Result<Vec<u8>, CliError> {
    let limit = if what == "settings" { MAX_SETTINGS_FILE_BYTES } else { MAX_JSON_BYTES };
    text(what, "a JSON object", path, limit)
}

pub(crate) fn object(what: &'static str, path: &Path) -> Result<Map<String, Value>, CliError> {
    let object = admit::json::object_of_document(&read_json(what, path)?);
    object.map_err(|error| content(what, &path.display(), error))
}

pub(crate) fn settings(path: &Path) -> Result<Settings, CliError> {
    object("settings", path).map(Settings::from)
}

pub(crate) fn facts(path: &Path) -> Result<Facts, CliError> {
    Facts::from_json(object("facts", path)?)
        .map_err(|error| content("facts", &path.display(), error))
}

/// The component behind `--policy`: an embedded policy's name, or a file.
pub(crate) fn policy(reference: &str) -> Result<Vec<u8>, CliError> {
    if let Some(embedded) = admit_policies::find(reference) {
        return Ok(embedded.component.to_vec());
    }
    let path = Path::new(reference);
    if !is_stdin(path) && matches!(path.try_exists(), Ok(false)) {
        let name = admit::text::Shown::new(reference).to_string();
        return Err(CliError::UnknownPolicy { name, known: admit_policies::names() });
    }
    read(path, Limits::default().component_bytes as u64)
}

/// The keys behind `--keys`: an address, or a file.
pub(crate) fn keys(reference: &str) -> Result<Keys, CliError> {
    if reference.contains("://") {
        return remote_keys(reference);
    }
    let bytes = read_json("key set", Path::new(reference))?;
    let set = KeySet::parse(&bytes).map_err(|error| content("key set", &reference, error))?;
    set.check_usable().map_err(|error| content("key set", &reference, error))?;
    Ok(Keys::fixed(set))
}

/// Keys at an address. The error does not repeat the address, which may hold a password.
pub(crate) fn remote_keys(address: &str) -> Result<Keys, CliError> {
    RemoteKeys::new(address, RemoteOptions::default())
        .map(Keys::remote)
        .map_err(CliError::KeyAddress)
}

/// The error of a file with these problems: says all but the last one, which is the error's.
pub(crate) fn refused(what: &'static str, path: &Path, problems: Problems) -> CliError {
    let (before, last) = problems.into_last();
    let error = |problem: Problem| content(what, &path.display(), problem);
    before.into_iter().map(error).for_each(|error| say(error.text()));
    error(last)
}

/// An error about what a file, address or policy holds.
pub(crate) fn content(
    what: &'static str,
    from: &dyn std::fmt::Display,
    source: impl std::error::Error + Send + Sync + 'static,
) -> CliError {
    let from = called(Path::new(&from.to_string())).display().to_string();
    CliError::Content { what, from, source: Box::new(source) }
}
