//! Variables that Kubernetes and Docker set in a container for services beside it.
//!
//! A service called `admit` gives variables that start as ours do. Name and value together tell them
//! from a slip: `ADMIT_PORT=tcp://10.96.0.7:7420` is one of them, `ADMIT_PORT=7420` is not.
//!
//! Sources: Kubernetes "Service", "Environment variables", and `pkg/kubelet/envvars`; Docker "Legacy
//! container links".

use std::net::{IpAddr, SocketAddr};

use super::overlay::{PREFIX, is_ours};

/// What the value of a link looks like, by the form of the variable's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `10.96.0.7`.
    Address,
    /// `7420`.
    Port,
    /// `tcp://10.96.0.7:7420`.
    Url,
    /// `tcp`.
    Protocol,
    /// `/web/admit`, the name of a linked container.
    Alias,
    /// Whatever the linked container has in its environment.
    Any,
}

/// What a variable that is not ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// A link: name and value have its form.
    Link,
    /// The name of a link with another value; what a link has there.
    Odd(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// Tells what a variable is that no part of Admit reads.
pub(super) fn foreign(name: &str, value: &str, environment: &[(String, String)]) -> Foreign {
    let shapes = shapes(name, environment);
    if shapes.iter().any(|shape| shape.fits(value)) {
        return Foreign::Link;
    }
    match shapes.iter().find_map(|shape| shape.expected()) {
        Some(expected) => Foreign::Odd(expected),
        None => Foreign::Unknown,
    }
}

/// Says which variables were left alone as links: at `debug`, and louder where a person may have
/// meant a setting, since a platform never sets one link alone and never one to this machine.
pub fn say_links(environment: &[(String, String)]) {
    let is_link = |(name, value): &&(String, String)| {
        name.starts_with(PREFIX)
            && !is_ours(name)
            && foreign(name, value, environment) == Foreign::Link
    };
    let links: Vec<_> = environment.iter().filter(is_link).collect();
    for (name, value) in &links {
        let variable = admit::text::Shown::new(name);
        if links.len() == 1 || is_local(value) {
            tracing::warn!(
                %variable,
                "left alone as a link of Kubernetes or Docker; it sets nothing. Where the server \
                 listens is set by `ADMIT_SERVICE__LISTEN` and `ADMIT_ADMIN__LISTEN`"
            );
        } else {
            tracing::debug!(%variable, "left alone as a link of Kubernetes or Docker");
        }
    }
}

/// The shapes that go with a name. More than one, since names run into each other: `SERVICE_PORT` is
/// the port of `admit` as well as the link of `admit-service`.
fn shapes(name: &str, environment: &[(String, String)]) -> Vec<Shape> {
    let is_written_so =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let Some(rest) = name.strip_prefix(PREFIX) else { return Vec::new() };
    if !rest.bytes().all(is_written_so) {
        return Vec::new();
    }
    // With the `_` that ends the prefix, which every form begins with.
    let rest = &name[PREFIX.len() - 1..];
    let mut shapes = Vec::new();
    if rest.strip_suffix("_SERVICE_HOST").is_some_and(is_service) {
        shapes.push(Shape::Address);
    }
    for (service, after) in splits(rest, "_PORT") {
        let named = service.strip_suffix("_SERVICE").is_some_and(is_service);
        if named && (after.is_empty() || after.starts_with('_')) {
            shapes.push(Shape::Port);
        }
        shapes.extend(of_port(after));
    }
    if rest.strip_suffix("_NAME").is_some_and(is_service) {
        shapes.push(Shape::Alias);
    }
    if splits(rest, "_ENV_").any(|(alias, _)| is_linked(alias, environment)) {
        shapes.push(Shape::Any);
    }
    shapes
}

/// What stands before and after each place of `middle`, where the former can be a service.
fn splits<'a>(rest: &'a str, middle: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let places = rest.match_indices(middle);
    let split = move |(at, _): (usize, _)| (&rest[..at], &rest[at + middle.len()..]);
    places.map(split).filter(|(service, _)| is_service(service))
}

/// Whether this follows `ADMIT` in the name of a service: no name ends with a hyphen, so that
/// `ADMIT_ADMIN__PORT` is a slip.
fn is_service(rest: &str) -> bool {
    !rest.ends_with('_')
}

/// What follows `_PORT` in `NAME_PORT`, `NAME_PORT_7420_TCP` and `NAME_PORT_7420_TCP_ADDR`.
fn of_port(after: &str) -> Option<Shape> {
    if after.is_empty() {
        return Some(Shape::Url);
    }
    let (port, after) = after.strip_prefix('_')?.split_once('_')?;
    if !Shape::Port.fits(port) {
        return None;
    }
    let after = ["TCP", "UDP", "SCTP"].iter().find_map(|protocol| after.strip_prefix(protocol))?;
    match after {
        "" | "_START" | "_END" => Some(Shape::Url),
        "_PROTO" => Some(Shape::Protocol),
        "_PORT" | "_PORT_START" | "_PORT_END" => Some(Shape::Port),
        "_ADDR" => Some(Shape::Address),
        _ => None,
    }
}

/// Whether Docker links a container under this name: `NAME_NAME` says so.
fn is_linked(rest: &str, environment: &[(String, String)]) -> bool {
    let alias = format!("ADMIT{rest}_NAME");
    environment.iter().any(|(other, value)| *other == alias && Shape::Alias.fits(value))
}

impl Shape {
    fn fits(self, value: &str) -> bool {
        match self {
            Self::Address => value.parse::<IpAddr>().is_ok(),
            Self::Port => {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                digits && value.parse::<u16>().is_ok_and(|port| port != 0)
            }
            Self::Url => address_of_url(value).is_some(),
            Self::Protocol => ["tcp", "udp", "sctp"].contains(&value),
            Self::Alias => value
                .strip_prefix('/')
                .is_some_and(|names| names.split('/').all(|one| !one.is_empty())),
            Self::Any => true,
        }
    }

    /// What to say where another value is; nothing where the name alone says little.
    fn expected(self) -> Option<&'static str> {
        match self {
            Self::Address => Some("an IP address"),
            Self::Port => Some("a port"),
            Self::Url => Some("an address such as `tcp://10.96.0.7:7420`"),
            Self::Protocol => Some("`tcp`, `udp` or `sctp`"),
            Self::Alias | Self::Any => None,
        }
    }
}

fn address_of_url(value: &str) -> Option<IpAddr> {
    let (scheme, address) = value.split_once("://")?;
    let address: SocketAddr = address.parse().ok()?;
    Shape::Protocol.fits(scheme).then(|| address.ip())
}

fn is_local(value: &str) -> bool {
    let address = value.parse().ok().or_else(|| address_of_url(value));
    address.is_some_and(|address: IpAddr| address.is_loopback() || address.is_unspecified())
}
