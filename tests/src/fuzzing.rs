//! What must hold of the readers of untrusted bytes, whatever they are given.
//!
//! Each target takes bytes, panics when its property does not hold, and says whether the reader took
//! them. `tests/fuzz` runs the targets with libFuzzer, `tests/tests/all/fuzz.rs` for a moment with a
//! mutator of its own; see `tests/fuzz/README.md`.

mod cases;
mod component;
mod keys;
mod mutate;
mod payload;
mod settings;
mod token;

use std::path::PathBuf;

pub use cases::case_file;
pub use component::component_bytes;
pub use keys::jwk_set;
pub use mutate::Mutator;
pub use payload::payload_json;
pub use settings::settings;
pub use token::{header_json, soap_envelope, token_bytes};

/// A format, and what must hold of its reader.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The format, which is also the name of the target and of its folder of seeds.
    pub name: &'static str,
    /// Gives bytes to the reader; says whether it took them.
    pub run: fn(&[u8]) -> bool,
    /// Inputs to start from that only this process can make: they depend on its key.
    pub own_seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target { name: "token_bytes", run: token_bytes, own_seeds: token::seeds },
    Target { name: "header_json", run: header_json, own_seeds: token::header_seeds },
    Target { name: "payload_json", run: payload_json, own_seeds: payload::seeds },
    Target { name: "jwk_set", run: jwk_set, own_seeds: keys::seeds },
    Target { name: "settings", run: settings, own_seeds: Vec::new },
    Target { name: "case_file", run: case_file, own_seeds: Vec::new },
    Target { name: "component_bytes", run: component_bytes, own_seeds: component::seeds },
    Target { name: "soap_envelope", run: soap_envelope, own_seeds: token::envelope_seeds },
];

impl Target {
    /// The inputs to start from, in the same order every time.
    ///
    /// # Panics
    ///
    /// When the folder `tests/fuzz` is not there.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let folder = folder().join("seeds").join(self.name);
        let mut files: Vec<_> = folder
            .read_dir()
            .into_iter()
            .flatten()
            .map(|file| file.expect("the folder can be read").path())
            .collect();
        files.sort();
        let seeds = files.into_iter().map(|file| std::fs::read(file).expect("a seed can be read"));
        seeds.chain((self.own_seeds)()).collect()
    }
}

/// The words of `tests/fuzz/words.dict`, in libFuzzer's form: one a line, in double quotes, `\xNN` for
/// what is not printable.
///
/// # Panics
///
/// When the file is not there.
pub fn words() -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(folder().join("words.dict")).expect("the words are there");
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(unescaped).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        let escape = rest.strip_prefix("\\x").and_then(|hex| hex.split_at_checked(2));
        let number = escape.and_then(|(hex, left)| Some((u8::from_str_radix(hex, 16).ok()?, left)));
        rest = if let Some((byte, left)) = number {
            bytes.push(byte);
            left
        } else {
            let (taken, left) = rest.split_at(letter.len_utf8());
            bytes.extend_from_slice(taken.as_bytes());
            left
        };
    }
    bytes
}

/// What must hold of every refusal: its message is one bounded line that a terminal or a log can
/// show.
fn refused(error: &dyn std::error::Error) -> bool {
    is_fit_for_a_log(&error.to_string());
    false
}

fn is_fit_for_a_log(message: &str) {
    assert!(message.len() <= 4_096, "{} bytes", message.len());
    assert!(!message.chars().any(char::is_control), "{message:?}");
}
