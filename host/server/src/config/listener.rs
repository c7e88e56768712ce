//! Where the server listens.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use admit::cases::shape;
use admit::cases::strict::{Form, Found, Wrong, choice, expected, list, text_of};
use serde_json::json;

/// The longest path of a Unix socket that every system takes, in bytes.
const MAX_SOCKET_PATH_BYTES: usize = 103;

/// The longest name of a host, in bytes (RFC 1035 §2.3.4).
const MAX_HOST_BYTES: usize = 253;

shape! {
    /// The listener that decides.
    pub struct ServiceConfig (Eq): Default {
        /// Where it listens: an IP address with a port, 0 for a free one, or `unix:` and the path of a socket of
        /// at most 103 bytes.
        pub listen: Listen = "listen", service_form().or(Listen::Tcp(local(7420)));
        /// Who may ask: callers with an access token, or everybody who reaches the listener. `none` is allowed on
        /// a loopback address or a Unix socket only.
        pub access: ServiceAccess = "access", choice(ACCESS).or(ServiceAccess::Required);
    }

    /// The listener for everything else: settings, policies, status, metrics.
    pub struct AdminConfig (Eq): Default {
        /// Where it listens: an IP address with a port, 0 for a free one. Not where the other listener is.
        pub listen: SocketAddr = "listen", admin_form().or(local(7421));
        /// What may stand in the `Host` header besides the address itself and `localhost`: names or IP addresses,
        /// without port.
        // In lower case, an IPv6 address without brackets.
        pub hosts: Vec<String> = "hosts", list(host_form()).or(Vec::new());
    }
}

const ACCESS: &[(&str, ServiceAccess)] =
    &[("required", ServiceAccess::Required), ("none", ServiceAccess::None)];

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A TCP address or a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An IP address with a port.
    Tcp(SocketAddr),
    /// The path of a socket, at most 103 bytes.
    Unix(PathBuf),
}

/// Who may ask for decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAccess {
    /// Callers with an access token of the role `platform` or `admin`.
    Required,
    /// Everybody who reaches the listener: only on a loopback address or a Unix socket.
    None,
}

impl Listen {
    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

/// As a configuration has it.
impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

fn service_form() -> Form<Listen> {
    let schema = || {
        json!({
            "type": "string",
            "pattern": "^(([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}|unix:.+)$",
            "examples": ["127.0.0.1:7420", "[::1]:7420", "unix:/run/admit/service.sock"],
        })
    };
    Form::new(schema, listen).written(|listen| listen.to_string().into())
}

fn listen(found: &Found<'_>) -> Result<Listen, Wrong> {
    const EXPECTED: &str =
        "an IP address with a port, such as `127.0.0.1:7420`, or `unix:` and a path";
    let text = text_of(found)?;
    if let Some(path) = text.strip_prefix("unix:") {
        return socket(found, path);
    }
    text.parse().map(Listen::Tcp).or_else(|_| expected(EXPECTED))
}

fn socket(found: &Found<'_>, path: &str) -> Result<Listen, Wrong> {
    if path.is_empty() || path.contains('\0') {
        return expected("`unix:` and a path, such as `unix:/run/admit.sock`");
    }
    let path = found.resolve(path);
    match length(&path) {
        0..=MAX_SOCKET_PATH_BYTES => Ok(Listen::Unix(path)),
        length => Err(Wrong::Because(format!(
            "the path of the socket has {length} bytes; expected at most {MAX_SOCKET_PATH_BYTES}"
        ))),
    }
}

fn length(path: &Path) -> usize {
    path.as_os_str().len()
}

fn admin_form() -> Form<SocketAddr> {
    let schema = || {
        json!({
            "type": "string", "pattern": "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
        })
    };
    Form::new(schema, tcp).written(|address| address.to_string().into())
}

fn tcp(found: &Found<'_>) -> Result<SocketAddr, Wrong> {
    let text = text_of(found)?;
    if text.starts_with("unix:") {
        return expected("an IP address with a port: browsers reach this listener");
    }
    text.parse().or_else(|_| expected("an IP address with a port, such as `127.0.0.1:7421`"))
}

fn host_form() -> Form<String> {
    let schema = || {
        json!({
            "description": "A name or an IP address, an IPv6 one with or without brackets.",
            "type": "string",
            "maxLength": MAX_HOST_BYTES,
            "pattern": "^([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$",
        })
    };
    Form::new(schema, host).written(|host| host.as_str().into())
}

fn host(found: &Found<'_>) -> Result<String, Wrong> {
    let text = text_of(found)?;
    let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let is_name = (1..=MAX_HOST_BYTES).contains(&text.len()) && text.bytes().all(name);
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match inside.parse::<Ipv6Addr>() {
        // As browsers write it: they shorten what somebody typed.
        Ok(address) => Ok(address.to_string()),
        Err(_) if is_name => Ok(inside.to_ascii_lowercase()),
        Err(_) => expected("a host name, or an IP address, without port"),
    }
}

/// Both listeners at one address.
pub(super) fn collide(service: &Listen, admin: SocketAddr) -> Option<String> {
    let Listen::Tcp(service) = service else { return None };
    let (one, other) = (service.ip(), admin.ip());
    let overlap = one == other || one.is_unspecified() || other.is_unspecified();
    let same = service.port() == admin.port() && service.port() != 0 && overlap;
    same.then(|| format!("`{admin}` is taken by `service.listen` (`{service}`)"))
}
