//! Where a JWK Set or a discovery document may be fetched from.

use std::fmt;

use ureq::http::Uri;

use crate::outgoing::{ProxyError, is_this_machine};
use crate::text::Shown;

const MAX_ADDRESS_BYTES: usize = 2_048;

/// An https address, or an http address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyAddress {
    text: String,
    origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// Why keys are not fetched from an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum AddressError {
    /// Not an absolute URL of printable ASCII, or too long.
    #[error("`{found}` is not an absolute URL")]
    NotAUrl { found: Shown },
    /// Neither https nor http to this machine.
    #[error("`{found}` is neither https nor http to `localhost`, `127.0.0.0/8` or `::1`")]
    Scheme { found: Shown },
    /// A user name or password.
    #[error("the address of the key set has user information; expected none")]
    UserInformation,
    /// A fragment.
    #[error("`{found}` has a fragment; expected none")]
    Fragment { found: Shown },
    /// The environment names a proxy on the way there that cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl KeyAddress {
    pub(super) fn parse(text: &str) -> Result<Self, AddressError> {
        let found = || Shown::new(text);
        let not_a_url = || AddressError::NotAUrl { found: found() };
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !printable || text.len() > MAX_ADDRESS_BYTES {
            return Err(not_a_url());
        }
        let uri: Uri = text.parse().map_err(|_| not_a_url())?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(not_a_url)?;
        if authority.as_str().contains('@') {
            return Err(AddressError::UserInformation);
        }
        if text.contains('#') {
            return Err(AddressError::Fragment { found: found() });
        }
        let https = match scheme {
            "https" => true,
            "http" if is_this_machine(authority.host()) => false,
            _ => return Err(AddressError::Scheme { found: found() }),
        };
        let port = port(authority.as_str(), authority.host(), https).ok_or_else(not_a_url)?;
        let host = authority.host().to_ascii_lowercase();
        Ok(Self { text: text.to_owned(), origin: Origin { https, host, port } })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_https(&self) -> bool {
        self.origin.https
    }

    pub(super) fn host(&self) -> &str {
        &self.origin.host
    }

    pub(super) fn port(&self) -> u16 {
        self.origin.port
    }

    /// Scheme, host and port, the port also where it is the default one.
    pub(super) fn origin(&self) -> String {
        let Origin { https, host, port } = &self.origin;
        let scheme = if *https { "https" } else { "http" };
        format!("{scheme}://{host}:{port}")
    }

    /// Whether both have the same scheme, host and port.
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.origin == other.origin
    }
}

impl fmt::Display for KeyAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn port(authority: &str, host: &str, https: bool) -> Option<u16> {
    match authority.strip_prefix(host)? {
        "" => Some(if https { 443 } else { 80 }),
        rest => rest.strip_prefix(':')?.parse().ok().filter(|&port| port != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_this_machine_are_accepted() {
        for text in [
            "https://login.microsoftonline.com/common/discovery/v2.0/keys",
            "https://example.com",
            "https://example.com:8443/keys?appid=1",
            "https://[2001:db8::1]/keys",
            "http://127.0.0.1:8080/keys",
            "http://127.8.9.10/keys",
            "http://[::1]:1/keys",
            "http://localhost/keys",
        ] {
            assert!(KeyAddress::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "/etc/passwd",
            "keys",
            "file:///etc/passwd",
            "ftp://example.org/keys.json",
            "data:application/json,{\"keys\":[]}",
            "ldap://internal.test/jwks",
            "//example.com/keys",
            "http://example.com/keys",
            "http://127.0.0.1.example.com/",
            "http://localhost.example/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://127.1/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://localhost./",
            "https://",
            "https://user@example.com/",
            "https://user:pw@example.com/",
            "http://a@127.0.0.1/",
            "http://127.0.0.1@example.com/",
            "https://example.com/#keys",
            "https://exa mple.com/",
            "https://example.com\\@127.0.0.1/",
            "https://example.com/\r\nHost: x",
            "https://example.com:0/",
            "https://example.com:99999/",
            "https://example.com:/",
            "https://exämple.com/",
            "javascript:alert(1)",
        ] {
            assert!(KeyAddress::parse(text).is_err(), "{text}");
        }
        assert!(KeyAddress::parse(&format!("https://example.com/{}", "a".repeat(3_000))).is_err());
    }

    #[test]
    fn a_password_is_not_shown() {
        let error = KeyAddress::parse("https://user:secret@example.com/").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text: &str| KeyAddress::parse(text).unwrap();
        let base = origin("https://example.com/a");
        for (other, same) in [
            ("https://EXAMPLE.com:443/b?c", true),
            ("https://example.com:444/", false),
            ("https://www.example.com/", false),
        ] {
            assert_eq!(base.same_origin(&origin(other)), same, "{other}");
        }
        assert!(!origin("http://localhost:443/").same_origin(&origin("https://localhost/")));
    }
}
