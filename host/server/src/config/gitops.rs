//! GitOps mode.

use super::read::{Found, Section, Wrong, expected};
use super::values;

/// The most bytes of a repository's name.
const MAX_REPOSITORY_BYTES: usize = 2_048;

/// GitOps mode: settings and policies come from a repository, writes of other roles are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitopsConfig {
    /// What a refused writer is told to change instead: an address or a name, 1 to 2,048 bytes
    /// without control characters and passwords. Shown to every caller.
    pub repository: String,
}

impl GitopsConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let expected = "the address of the repository";
        let repository = section.required("repository", expected, repository)?;
        Some(Self { repository })
    }
}

fn repository(found: &Found<'_>) -> Result<String, Wrong> {
    let text = values::text(found)?;
    let sized = (1..=MAX_REPOSITORY_BYTES).contains(&text.len());
    if !sized || text.chars().any(char::is_control) {
        return expected("an address, 1 to 2048 bytes without control characters");
    }
    if has_user_information(text) {
        let reason = "the address has user information before `@`, and is shown to every caller";
        return Err(Wrong::Because(reason.to_owned()));
    }
    Ok(text.to_owned())
}

/// `https://user:password@host`. The `git@` of an ssh address is no secret.
fn has_user_information(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| scheme.starts_with("http") || user.contains(':'))
}
