//! GitOps mode.

use admit::cases::shape;
use admit::cases::strict::{Form, Found, Wrong, expected, text_of};
use serde_json::json;

use super::WITHOUT_CONTROL;

/// The most bytes of a repository's name.
const MAX_REPOSITORY_BYTES: usize = 2_048;

shape! {
    /// GitOps mode: settings and policies come from a repository, and only the role `gitops` may change them. Off
    /// when absent.
    pub struct GitopsConfig (Eq) {
        /// The address of the repository, shown to everybody whose change is refused; so it may hold no password.
        pub repository: String =
            "repository", repository_form().required("the address of the repository");
    }
}

fn repository_form() -> Form<String> {
    let schema = || {
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_REPOSITORY_BYTES,
            "pattern": WITHOUT_CONTROL,
            "not": {
                "description": "A user name or password before `@`.",
                "pattern": "^(http[^/]*://[^/?#]*@|[^/]*://[^/?#]*:[^/?#]*@)",
            },
        })
    };
    Form::new(schema, repository).written(|text| text.as_str().into())
}

fn repository(found: &Found<'_>) -> Result<String, Wrong> {
    let text = text_of(found)?;
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
