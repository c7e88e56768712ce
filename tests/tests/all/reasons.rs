//! Every code that the errors of the engine answer with has words in `HOST_REASONS`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use admit::reason::HOST_REASONS;

/// Of a request whose facts have the wrong type: the API refuses it, and no decision is made.
const NO_DECISION: &str = "request.facts";

/// The codes in the bodies of `fn code` of a folder's sources: what each variant of an error answers with.
fn answered(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            answered(&path, codes);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let bodies =
            text.split("fn code(").skip(1).map(|rest| rest.split("\n    }\n").next().unwrap());
        let texts = bodies.flat_map(|body| body.split('"').skip(1).step_by(2));
        let is_code = |text: &&str| {
            text.contains('.') && text.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c))
        };
        codes.extend(texts.filter(is_code).map(str::to_owned));
    }
}

#[test]
fn every_code_of_the_engines_errors_is_listed() {
    let mut codes = BTreeSet::new();
    answered(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../host/engine/src"), &mut codes);
    assert!(codes.remove(NO_DECISION));
    let listed: BTreeSet<_> = HOST_REASONS.iter().map(|reason| reason.code.to_owned()).collect();
    assert_eq!(codes, listed);
}
