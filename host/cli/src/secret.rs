//! Tokens on the command line, where other users of the machine can see them.

use std::ffi::OsStr;
use std::path::Path;

/// How a JOSE header starts in base64url, and how that starts in the base64 of a
/// BinarySecurityToken.
const STARTS: [&str; 2] = ["eyJ", "ZXlK"];

/// Fewer letters after such a start are a name, not a header.
const MIN_HEADER: usize = 16;

/// Letters of base64url without a break: more than names have, fewer than signatures (342).
const MIN_RUN: usize = 128;

/// Whether an argument holds something like a token, whole or in part, and is not a file.
#[must_use]
pub fn is_like_token(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let runs = text.split(|c| !letter(c)).map(|run| run.trim_start_matches('-'));
    let like_token = |run: &str| {
        let header = STARTS.iter().any(|start| run.starts_with(start));
        run.len() >= MIN_RUN || header && run.len() >= MIN_HEADER
    };
    runs.into_iter().any(like_token) && !Path::new(argument).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_other_arguments() {
        let header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9";
        let signature = "c2ln".repeat(80);
        for text in [
            format!("{header}.e30.{signature}"),
            format!("--keys={header}.e30.c2ln"),
            format!("--{header}"),
            format!("Bearer {header}.e30.c2ln"),
            format!("\"{header}.e30.c2ln\""),
            format!("https://example.com/?token={header}"),
            format!("e30.e30.{signature}"),
            signature,
            "ZXlKMGVYQWlPaUpLVjFRaUxDSmhi".to_owned(),
        ] {
            assert!(is_like_token(OsStr::new(&text)), "{text}");
        }
        for text in [
            "",
            "-",
            "--policy",
            "windows-mdm@2.0.0",
            "eyJ.jwt",
            "a/very/long/path/to/some/component/that/somebody/built/a-while-ago-v2.0.0.wasm",
            "https://login.microsoftonline.com/common/discovery/v2.0/keys",
            "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f",
        ] {
            assert!(!is_like_token(OsStr::new(text)), "{text}");
        }
    }
}
