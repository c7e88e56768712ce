//! The address of a proxy, as curl reads it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};

use crate::text::Shown;

/// The port of a proxy that names none: curl's, and that of https.
const PORT: u16 = 1080;
const TLS_PORT: u16 = 443;

/// A proxy that opens tunnels (`CONNECT`).
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    variable: &'static str,
    is_tls: bool,
    host: String,
    port: u16,
    credentials: Option<String>,
}

/// Why a proxy that should be used cannot be. Never shows a user name or password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum ProxyError {
    /// A proxy of another kind.
    #[error(
        "`{variable}` names `{found}`, a kind of proxy that cannot be used; expected `http://` or \
         `https://`. Set `https_proxy` to such a proxy, or list the host in `NO_PROXY`"
    )]
    Kind {
        variable: &'static str,
        /// Scheme, host and port.
        found: Shown,
    },
    /// No address of a proxy.
    #[error(
        "`{variable}` is not the address of a proxy; expected `http://[USER:PASSWORD@]HOST[:PORT]`, or \
         the same with `https`"
    )]
    Address { variable: &'static str },
    /// Bytes that are no text.
    #[error("`{variable}` is not text in UTF-8; expected the address of a proxy")]
    Text { variable: &'static str },
}

impl Proxy {
    /// Reads `[http://|https://][USER[:PASSWORD]@]HOST[:PORT]`; what follows a `/` counts for nothing.
    pub(super) fn parse(variable: &'static str, text: &str) -> Result<Self, ProxyError> {
        let address = || ProxyError::Address { variable };
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            // What stands before `://` may be a password that has the three in it.
            other if !is_scheme(other) => return Err(address()),
            _ => {
                let found = Shown::new(&format!("{scheme}://{place}"));
                return Err(ProxyError::Kind { variable, found });
            }
        };
        let place: Authority = place.parse().map_err(|_| address())?;
        let port = match place.as_str().strip_prefix(place.host()).ok_or_else(address)? {
            "" if is_tls => TLS_PORT,
            "" => PORT,
            port => {
                let port = port.strip_prefix(':').and_then(|port| port.parse().ok());
                port.filter(|&port| port != 0).ok_or_else(address)?
            }
        };
        let host = place.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(address());
        }
        let credentials = user.map(|user| credentials(user).ok_or_else(address)).transpose()?;
        Ok(Self { variable, is_tls, host, port, credentials })
    }

    /// The variable of the environment that names it.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// What stands behind `Basic ` in `Proxy-Authorization`.
    pub(super) fn credentials(&self) -> Option<&str> {
        self.credentials.as_deref()
    }

    /// Its address, without user name and password.
    pub(super) fn uri(&self) -> Result<Uri, ureq::http::Error> {
        let scheme = if self.is_tls { Scheme::HTTPS } else { Scheme::HTTP };
        let authority = format!("{}:{}", self.host, self.port);
        Uri::builder().scheme(scheme).authority(authority).path_and_query("/").build()
    }
}

fn is_scheme(text: &str) -> bool {
    let may_follow = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(may_follow)
}

/// `USER[:PASSWORD]`, each with `%XX` decoded, for the scheme Basic (RFC 7617).
fn credentials(user: &str) -> Option<String> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let both = [&*decoded(name)?, b":", &*decoded(password)?].concat();
    Some(STANDARD.encode(both))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    Some(bytes)
}

/// Without user name and password.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self} of `{}`", self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLE: &str = "https_proxy";

    #[test]
    fn addresses_are_read_as_curl_reads_them() {
        for (text, shown) in [
            ("http://proxy.example.com:3128", "http://proxy.example.com:3128"),
            ("http://Proxy.Example.com", "http://proxy.example.com:1080"),
            ("https://proxy.example.com", "https://proxy.example.com:443"),
            ("HTTP://proxy:8080/", "http://proxy:8080"),
            ("proxy:8080", "http://proxy:8080"),
            ("proxy", "http://proxy:1080"),
            ("10.0.0.1", "http://10.0.0.1:1080"),
            ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
            (" http://proxy:8080/path?query ", "http://proxy:8080"),
            ("http://user:secret@proxy:8080", "http://proxy:8080"),
            ("http://user:p@ss@proxy:8080", "http://proxy:8080"),
        ] {
            let proxy = Proxy::parse(VARIABLE, text).unwrap();
            assert_eq!(proxy.to_string(), shown, "{text}");
            assert_eq!(proxy.uri().unwrap().to_string(), format!("{shown}/"));
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        for (text, expected) in [
            ("http://user:secret@proxy", Some("user:secret")),
            ("http://user@proxy", Some("user:")),
            ("http://us%40er:%3a%2F%25@proxy", Some("us@er::/%")),
            ("http://user:p@ss@proxy", Some("user:p@ss")),
            ("http://proxy", None),
        ] {
            let proxy = Proxy::parse(VARIABLE, text).unwrap();
            assert_eq!(proxy.credentials(), expected.map(|text| STANDARD.encode(text)).as_deref());
            assert!(!format!("{proxy} {proxy:?}").contains("user"));
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_password() {
        for text in [
            "socks5://user:secret@proxy:1080",
            "socks4://user:secret@proxy",
            "ftp://user:secret@proxy",
            "http://user:secret@",
            "http://user:secret@proxy:x",
            "http://user:secret@proxy:0",
            "http://user:secret@proxy:99999",
            "http://user:secret%zz@proxy",
            "http://user:secret%4@proxy",
            "http://user:secret@pro xy",
            "http://user:secret",
            "user:secret://a@proxy",
            "http://",
            "://",
        ] {
            let error = Proxy::parse(VARIABLE, text).unwrap_err().to_string();
            assert!(error.starts_with("`https_proxy` "), "{text}: {error}");
            assert!(!error.contains("secret"), "{text}: {error}");
        }
        let error = Proxy::parse("ALL_PROXY", "socks5h://proxy:1080").unwrap_err().to_string();
        assert!(error.contains("`socks5h://proxy:1080`"), "{error}");
    }
}
