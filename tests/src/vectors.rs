//! The public test vectors beside the checkout.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

/// The folder of the vectors; absent on machines that do not have them.
pub fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    beside.is_dir().then_some(beside)
}

/// The text of a vector file; absent, and said so, on machines that do not have it.
pub fn text(file: &str) -> Option<String> {
    let text = folder().and_then(|folder| std::fs::read_to_string(folder.join(file)).ok());
    if text.is_none() {
        let note = format!("skipped: no {file} in ../shared/vectors beside the checkout\n");
        // The print macros would be captured in a test that passes.
        drop(std::io::stderr().write_all(note.as_bytes()));
    }
    text
}

/// A table of the vectors.
///
/// # Panics
///
/// When the file is there, but is not JSON.
pub fn table(file: &str) -> Option<Value> {
    let text = text(&format!("tables/{file}"))?;
    Some(serde_json::from_str(&text).expect("a table of the vectors is JSON"))
}
