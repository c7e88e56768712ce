//! What counts only until the next reload of the configuration.

use std::net::IpAddr;

use crate::config::{Config, ServiceAccess};

/// What a reload of the configuration changes while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The repository that policies and settings come from; absent when they are changed here.
    pub repository: Option<String>,
    /// Who may ask for decisions.
    pub service_access: ServiceAccess,
    hosts: Vec<String>,
    address: IpAddr,
}

impl Live {
    /// Takes from a configuration what may change.
    pub fn new(config: &Config) -> Self {
        Self {
            repository: config.gitops.as_ref().map(|gitops| gitops.repository.clone()),
            service_access: config.service.access,
            hosts: config.admin.hosts.clone(),
            address: config.admin.listen.ip(),
        }
    }

    /// What another configuration changes of it: the listeners stay as they are, and so does what goes
    /// by their addresses.
    #[must_use]
    pub fn reloaded(&self, config: &Config) -> Self {
        Self { address: self.address, ..Self::new(config) }
    }

    /// Whether a Host header, in lower case, with or without port, is one of this server.
    pub fn allows_host(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let address: Option<IpAddr> = name.parse().ok();
        name == "localhost"
            || self.hosts.iter().any(|host| host == name || is_same(host, address))
            || address.is_some_and(|address| self.is_own(address))
    }

    /// Whether it is the address that is bound. What listens on this machine or everywhere is
    /// reached at every loopback address.
    fn is_own(&self, address: IpAddr) -> bool {
        let (address, own) = (address.to_canonical(), self.address.to_canonical());
        let is_reached_here = own.is_loopback() || own.is_unspecified();
        address == own || is_reached_here && address.is_loopback()
    }
}

/// Whether both are one address, however it is written.
fn is_same(host: &str, address: Option<IpAddr>) -> bool {
    address.is_some_and(|address| host.parse() == Ok(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_server_are_hosts_of_it() {
        let live = Live {
            repository: None,
            service_access: ServiceAccess::Required,
            hosts: vec!["admit.example".to_owned(), "2001:db8::1".to_owned()],
            address: "::1".parse().unwrap(),
        };
        for host in [
            "localhost",
            "localhost:7421",
            "[::1]",
            "[::1]:80",
            "admit.example:443",
            "[2001:db8:0::1]:7",
            "127.0.0.1",
            "127.0.0.2:7421",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(live.allows_host(host), "{host}");
        }
        for host in [
            "",
            ":7421",
            "evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "::2",
            "localhost:x",
        ] {
            assert!(!live.allows_host(host), "{host}");
        }
    }

    #[test]
    fn loopback_addresses_are_those_of_a_listener_that_they_reach() {
        for (bound, reached) in [
            ("0.0.0.0", true),
            ("::", true),
            ("127.0.0.2", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            let live = Live {
                repository: None,
                service_access: ServiceAccess::Required,
                hosts: Vec::new(),
                address: bound.parse().unwrap(),
            };
            for host in ["127.0.0.1:7421", "[::1]:7421"] {
                assert_eq!(live.allows_host(host), reached, "{host} at {bound}");
            }
            assert!(!live.allows_host("198.51.100.1"), "{bound}");
        }
    }
}
