//! The access token: from a file or the environment, never from the command line.

use std::path::Path;

use super::error::ClientError;
use crate::error::CliError;
use crate::files;

/// The environment variable that holds an access token.
const VARIABLE: &str = "ADMIT_ACCESS_TOKEN";

/// Far more than an access token has.
const MAX_BYTES: u64 = 4096;

/// Reads the token of a file, else of the environment.
pub(super) fn read(file: Option<&Path>) -> Result<String, CliError> {
    let bytes = match file {
        Some(path) => files::read(path, MAX_BYTES)?,
        None => match std::env::var_os(VARIABLE) {
            Some(value) if !value.is_empty() => value.into_encoded_bytes(),
            _ => return Err(ClientError::NoToken.into()),
        },
    };
    let bytes = admit::input::token(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if is_like_access_token(text) => Ok(text.to_owned()),
        _ => Err(ClientError::BadToken { from: from(file) }.into()),
    }
}

/// `admit_ID_SECRET`. Anything else, such as a token of Entra, is not sent anywhere.
fn is_like_access_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.starts_with("admit_") && text.bytes().all(letter)
}

fn from(file: Option<&Path>) -> String {
    match file {
        None => format!("the environment variable `{VARIABLE}`"),
        Some(path) if files::is_stdin(path) => files::called(path).display().to_string(),
        Some(path) => format!("`{}`", path.display()),
    }
}
