//! Where the server listens.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::read::{Found, Section, Wrong, expected};
use super::values;

/// The longest path of a Unix socket that every system takes, in bytes.
const MAX_SOCKET_PATH_BYTES: usize = 103;

/// The longest name of a host, in bytes (RFC 1035 §2.3.4).
const MAX_HOST_BYTES: usize = 253;

/// The listener that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Where it listens; 127.0.0.1:7420 by default. Port 0 takes a free one.
    pub listen: Listen,
    /// Who may ask; a token is required by default.
    pub access: ServiceAccess,
}

/// The listener for everything but decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where it listens; 127.0.0.1:7421 by default. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// What may stand in the `Host` header besides the address itself and `localhost`: names and
    /// IP addresses without port, in lower case. None by default.
    pub hosts: Vec<String>,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceAccess {
    /// Callers with an access token of the role `platform` or `admin`.
    #[default]
    Required,
    /// Everybody who reaches the listener: only on a loopback address or a Unix socket.
    None,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        let listen = Listen::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 7420)));
        Self { listen, access: ServiceAccess::Required }
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7421)), hosts: Vec::new() }
    }
}

impl ServiceConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const ACCESS: &[(&str, ServiceAccess)] =
            &[("required", ServiceAccess::Required), ("none", ServiceAccess::None)];
        let usual = Self::default();
        Self {
            listen: section.value_or("listen", usual.listen, listen),
            access: section.value_or("access", usual.access, values::choice(ACCESS)),
        }
    }
}

impl AdminConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let usual = Self::default();
        Self {
            listen: section.value_or("listen", usual.listen, tcp),
            hosts: section.value_or("hosts", usual.hosts, |found| found.items(host)),
        }
    }
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

fn listen(found: &Found<'_>) -> Result<Listen, Wrong> {
    const EXPECTED: &str =
        "an IP address with a port, such as `127.0.0.1:7420`, or `unix:` and a path";
    let text = values::text(found)?;
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

fn tcp(found: &Found<'_>) -> Result<SocketAddr, Wrong> {
    let text = values::text(found)?;
    if text.starts_with("unix:") {
        return expected("an IP address with a port: browsers reach this listener");
    }
    text.parse().or_else(|_| expected("an IP address with a port, such as `127.0.0.1:7421`"))
}

fn host(found: &Found<'_>) -> Result<String, Wrong> {
    let text = values::text(found)?;
    let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let is_name = (1..=MAX_HOST_BYTES).contains(&text.len()) && text.bytes().all(name);
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if is_name || inside.parse::<Ipv6Addr>().is_ok() {
        return Ok(inside.to_ascii_lowercase());
    }
    expected("a host name, or an IP address, without port")
}

/// Both listeners at one address.
pub(super) fn collide(service: &Listen, admin: SocketAddr) -> Option<String> {
    let Listen::Tcp(service) = service else { return None };
    let (one, other) = (service.ip(), admin.ip());
    let overlap = one == other || one.is_unspecified() || other.is_unspecified();
    let same = service.port() == admin.port() && service.port() != 0 && overlap;
    same.then(|| format!("`{admin}` is taken by `service.listen` (`{service}`)"))
}
