//! Where a server is.

use std::net::{IpAddr, Ipv6Addr};

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
    is_local: bool,
}

impl ServerAddress {
    /// The address on the command line, else that of the environment, else the usual one.
    pub(super) fn of(argument: Option<&str>) -> Result<Self, ClientError> {
        let variable = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty());
        Self::parse(argument.or(variable.as_deref()).unwrap_or(DEFAULT))
    }

    fn parse(text: &str) -> Result<Self, ClientError> {
        let came = || Shown::new(without_user(text)).to_string();
        let bad = || ClientError::Address { came: came() };
        let text = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = text.split_once("://").ok_or_else(bad)?;
        let host = host(authority).ok_or_else(bad)?;
        let is_local = is_local(host);
        match scheme {
            "https" => Ok(Self { text: text.to_owned(), is_local }),
            "http" if is_local => Ok(Self { text: text.to_owned(), is_local }),
            "http" => Err(ClientError::PlainHttp { came: came() }),
            _ => Err(bad()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }
}

/// A password in an address is not shown.
fn without_user(text: &str) -> &str {
    text.rsplit('@').next().unwrap_or_default()
}

/// The host of `HOST[:PORT]`; absent when there is more, or less.
fn host(authority: &str) -> Option<&str> {
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
        None => port.is_empty().then_some(host),
        Some(port) => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (digits && port.parse::<u16>().is_ok()).then_some(host)
        }
    }
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_travels_in_the_clear_on_this_machine_only() {
        for (text, is_local) in [
            ("http://127.0.0.1:7421", true),
            ("http://127.1.2.3", true),
            ("http://[::1]:7421", true),
            ("http://LOCALHOST:1/", true),
            ("https://admit.example.com", false),
            ("https://10.0.0.1:8443", false),
            ("https://localhost", true),
        ] {
            let address = ServerAddress::parse(text).unwrap();
            assert_eq!(address.is_local(), is_local, "{text}");
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
            let Err(ClientError::Address { came }) = refused else { panic!("{text}: {refused:?}") };
            assert!(!came.contains("secret"), "{came}");
        }
    }
}
