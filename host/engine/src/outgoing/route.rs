//! Directly, or through a proxy: what the environment says, read as curl reads it.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::no_proxy;
use super::proxy::{Proxy, ProxyError};

/// The variables that name a proxy for https, the first that is not empty counts. curl reads `http_proxy`
/// for http alone, which here goes to this machine and needs none.
const PROXIES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// The variables that name what goes without a proxy.
const NO_PROXIES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// How connections to a server are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// From here to there.
    Direct,
    /// Through a proxy.
    Proxy(Proxy),
}

impl Route {
    /// The route to an https server, by the variables of this process.
    ///
    /// # Errors
    ///
    /// As [`Route::by`].
    pub fn to(host: &str, port: u16) -> Result<Self, ProxyError> {
        Self::by(&|name| std::env::var_os(name), host, port)
    }

    /// The route to an https server, by these variables. To this machine it is always direct.
    ///
    /// `host` is a name or an IP address, of version 6 with brackets or without.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] for a proxy that would be used and cannot be.
    pub fn by(environment: Environment<'_>, host: &str, port: u16) -> Result<Self, ProxyError> {
        if is_this_machine(host) {
            return Ok(Self::Direct);
        }
        let Some((variable, value)) = first(environment, &PROXIES) else {
            return Ok(Self::Direct);
        };
        if let Some((_, list)) = first(environment, &NO_PROXIES) {
            // A list that is no text names no host that can be.
            if no_proxy::has(&list.to_string_lossy(), host, port) {
                return Ok(Self::Direct);
            }
        }
        let value = value.to_str().ok_or(ProxyError::Text { variable })?;
        Proxy::parse(variable, value).map(Self::Proxy)
    }

    /// The proxy, if there is one.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Direct => None,
            Self::Proxy(proxy) => Some(proxy),
        }
    }
}

/// An empty variable counts as one that is not set.
fn first(environment: Environment<'_>, names: &[&'static str]) -> Option<(&'static str, OsString)> {
    names.iter().find_map(|&name| {
        let value = environment(name).filter(|value| !value.to_string_lossy().trim().is_empty())?;
        Some((name, value))
    })
}

/// Whether a host is this machine, literally: no name is looked up to find out.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
        None if host.eq_ignore_ascii_case("localhost") => true,
        None => host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// The address of a host that is one, with brackets or without.
pub(super) fn ip_address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => formatter.write_str("directly"),
            Self::Proxy(proxy) => {
                write!(formatter, "through the proxy {proxy} (`{}`)", proxy.variable())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(variables: &[(&str, &str)], host: &str) -> String {
        let find = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        };
        match Route::by(&find, host, 443) {
            Ok(route) => route.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_variables_are_read_in_the_order_of_curl() {
        let all = [
            ("https_proxy", "http://a:1"),
            ("HTTPS_PROXY", "http://b:2"),
            ("all_proxy", "http://c:3"),
            ("ALL_PROXY", "http://d:4"),
        ];
        for (index, (name, address)) in all.iter().enumerate() {
            let expected = format!("through the proxy {address} (`{name}`)");
            assert_eq!(route(&all[index..], "login.example.com"), expected);
        }
        for (name, value) in [("http_proxy", "http://a:1"), ("HTTP_PROXY", "http://a:1")] {
            assert_eq!(route(&[(name, value)], "login.example.com"), "directly", "{name}");
        }
        assert_eq!(route(&[], "login.example.com"), "directly");
    }

    #[test]
    fn an_empty_variable_is_none() {
        let second = [("https_proxy", ""), ("HTTPS_PROXY", " "), ("ALL_PROXY", "http://d:4")];
        assert_eq!(route(&second, "example.com"), "through the proxy http://d:4 (`ALL_PROXY`)");
        let list = [("HTTPS_PROXY", "http://a:1"), ("no_proxy", ""), ("NO_PROXY", "example.com")];
        assert_eq!(route(&list, "example.com"), "directly");
        assert_eq!(route(&[("HTTPS_PROXY", "")], "example.com"), "directly");
    }

    #[test]
    fn nothing_to_this_machine_goes_through_a_proxy() {
        let proxy = [("HTTPS_PROXY", "http://a:1"), ("ALL_PROXY", "socks5://a:1")];
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "[::1]", "::1"] {
            assert_eq!(route(&proxy, host), "directly", "{host}");
        }
        for host in ["localhost.example.com", "128.0.0.1", "[::2]", "[::ffff:127.0.0.1]"] {
            assert!(route(&proxy, host).starts_with("through"), "{host}");
        }
    }

    #[test]
    fn an_unusable_proxy_is_an_error_only_on_its_routes() {
        let socks = ("ALL_PROXY", "socks5://user:secret@proxy:1080");
        let error = route(&[socks], "example.com");
        assert!(error.starts_with("`ALL_PROXY` names `socks5://proxy:1080`"), "{error}");
        assert_eq!(route(&[socks, ("NO_PROXY", "example.com")], "www.example.com"), "directly");
        let better = [socks, ("HTTPS_PROXY", "http://a:1")];
        assert_eq!(route(&better, "example.com"), "through the proxy http://a:1 (`HTTPS_PROXY`)");
    }
}
