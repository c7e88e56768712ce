//! Where a server is.

use std::net::Ipv6Addr;

use admit::outgoing::is_this_machine;
use admit::text::Shown;

use super::error::ClientError;

/// The environment variable that names a server.
const VARIABLE: &str = "ADMIT_SERVER";

/// Where a server's admin listener is unless configured otherwise.
const DEFAULT: &str = "http://127.0.0.1:7421";

/// `http://HOST[:PORT]` on this machine, or `https://HOST[:PORT]`.
#[derive(Debug, PartialEq)]
pub(super) struct ServerAddress {
    text: String,
    is_https: bool,
    host: String,
    port: u16,
}

impl ServerAddress {
    /// The address on the command line, else that of the environment, else the usual one.
    pub(super) fn of(argument: Option<&str>) -> Result<Self, ClientError> {
        let variable = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty());
        Self::parse(argument.or(variable.as_deref()).unwrap_or(DEFAULT))
    }

    fn parse(text: &str) -> Result<Self, ClientError> {
        let shown = || Shown::new(without_user(text)).to_string();
        let bad = || ClientError::Address { address: shown() };
        let text = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = text.split_once("://").ok_or_else(bad)?;
        let (host, port) = host_and_port(authority).ok_or_else(bad)?;
        let is_https = match scheme {
            "https" => true,
            "http" if is_this_machine(host) => false,
            "http" => return Err(ClientError::PlainHttp { address: shown() }),
            _ => return Err(bad()),
        };
        let port = port.unwrap_or(if is_https { 443 } else { 80 });
        Ok(Self { text: text.to_owned(), is_https, host: host.to_owned(), port })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// A name or an IP address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// A password in an address is not shown.
fn without_user(text: &str) -> &str {
    text.rsplit('@').next().unwrap_or_default()
}

/// The parts of `HOST[:PORT]`; absent when there is more, or less.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, port) = authority.split_at(end);
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (!host.is_empty() && host.chars().all(allowed)).then_some((host, port))?
        }
    };
    match port.strip_prefix(':') {
        None => port.is_empty().then_some((host, None)),
        Some(port) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            Some((host, Some(port.parse().ok().filter(|_| digits)?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_travels_in_the_clear_on_this_machine_only() {
        for (text, is_https, host, port) in [
            ("http://127.0.0.1:7421", false, "127.0.0.1", 7421),
            ("http://127.1.2.3", false, "127.1.2.3", 80),
            ("http://[::1]:7421", false, "::1", 7421),
            ("http://LOCALHOST:1/", false, "LOCALHOST", 1),
            ("https://admit.example.com", true, "admit.example.com", 443),
            ("https://10.0.0.1:8443", true, "10.0.0.1", 8443),
            ("https://localhost", true, "localhost", 443),
        ] {
            let address = ServerAddress::parse(text).unwrap();
            let parts = (address.is_https(), address.host(), address.port());
            assert_eq!(parts, (is_https, host, port), "{text}");
            assert_eq!(address.as_str(), text.trim_end_matches('/'));
        }
        for text in [
            "http://admit.example.com",
            "http://10.0.0.1:7421",
            "http://0.0.0.0:7421",
            "http://[::]:7421",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
        ] {
            let refused = ServerAddress::parse(text);
            assert!(matches!(refused, Err(ClientError::PlainHttp { .. })), "{text}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for text in [
            "",
            "127.0.0.1:7421",
            "localhost",
            "ftp://localhost",
            "HTTP://localhost",
            "http://",
            "http://:7421",
            "http://localhost:",
            "http://localhost:65536",
            "http://localhost:+1",
            "http://localhost:1/v1",
            "http://localhost?a",
            "http://localhost#a",
            "http://user@localhost",
            "http://user:secret@localhost",
            "http://localhost@example.com",
            "http://[127.0.0.1]",
            "http://[::1",
            "http://[::1]x",
            "http://local host",
            "http://localhost\r\n",
        ] {
            let refused = ServerAddress::parse(text);
            let Err(ClientError::Address { address }) = refused else {
                panic!("{text}: {refused:?}")
            };
            assert!(!address.contains("secret"), "{address}");
        }
    }
}
