//! Readers of one value of a setting; what they refuse, they say in words for an administrator.

use crate::rules::{UrlFault, scope, tenant};
use crate::{Guid, HttpsUrl};

/// Most of a received value that a message shows, in characters.
const MAX_SHOWN: usize = 64;

/// A message about a received value: the value in backticks, bounded, then what is wrong with it.
///
/// Control characters are replaced and at most 64 characters are shown.
#[must_use]
pub fn says(received: &str, fault: &str) -> String {
    let shown =
        received.chars().take(MAX_SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut message = String::from('`');
    message.extend(shown);
    if received.chars().nth(MAX_SHOWN).is_some() {
        message.push('\u{2026}');
    }
    message.push_str("` ");
    message.push_str(fault);
    message
}

/// Reads one GUID of a setting; surrounding white space does not count.
///
/// # Errors
///
/// The message for an administrator.
pub fn read_guid(text: &str) -> Result<Guid, String> {
    let fault = "is not a GUID; expected 8-4-4-4-12 hexadecimal digits, for example \
                 `0f8fad5b-d9cb-469f-a165-70867728950e`";
    Guid::parse(text.trim()).map_err(|_| says(text, fault))
}

/// Reads an https URL of the form `https://host[:port][/path]`.
///
/// # Errors
///
/// The message for an administrator.
pub fn read_url(text: &str) -> Result<HttpsUrl, String> {
    let fault = match HttpsUrl::parse(text) {
        Ok(url) => return Ok(url),
        Err(UrlFault::Scheme) => "does not start with `https://`; expected `https://host[:port]`",
        Err(UrlFault::Host) => {
            "has no usable host; expected `https://host[:port]` with a host name of ASCII letters, \
             digits and hyphens, or an IP address"
        }
        Err(UrlFault::Port) => "has no usable port; expected 1 to 65535 without leading zeros",
        Err(UrlFault::Extra) => {
            "has user information, a query, a fragment or an unusual path; expected \
             `https://host[:port]`"
        }
    };
    Err(says(text, fault))
}

/// Reads the tenant id of an organisation, a GUID.
///
/// # Errors
///
/// The message for an administrator.
pub fn read_tenant(text: &str) -> Result<Guid, String> {
    match read_guid(text)? {
        tenant::CONSUMERS => Err(says(
            text,
            "is the tenant of personal Microsoft accounts; expected the tenant of an organisation",
        )),
        tenant => Ok(tenant),
    }
}

/// Reads a scope, one item of the claim `scp`.
///
/// # Errors
///
/// The message for an administrator.
pub fn read_scope(text: &str) -> Result<String, String> {
    if scope::is_well_formed(text) {
        return Ok(text.into());
    }
    Err(says(
        text,
        "is not a scope; expected printable ASCII without spaces, quotes or backslashes",
    ))
}
