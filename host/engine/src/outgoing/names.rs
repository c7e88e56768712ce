//! From the name of a host to its addresses, within a time.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::dial::DialError;
use super::route::ip_address;

/// Where names are looked up.
pub trait Names: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a name, those first that the system prefers. May take long.
    ///
    /// # Errors
    ///
    /// What the system says of a name that it cannot look up.
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The names that this machine knows: files, name servers, as it is configured.
#[derive(Clone, Copy, Debug)]
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (host, port).to_socket_addrs().map(Iterator::collect)
    }
}

/// The addresses to try, in that order.
pub(super) fn addresses(
    names: &Arc<dyn Names>,
    host: &str,
    port: u16,
    within: Duration,
) -> Result<Vec<SocketAddr>, DialError> {
    if let Some(address) = ip_address(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = look_up_within(names, host, port, within)?;
    if found.is_empty() {
        return Err(DialError::NoAddress { host: host.to_owned() });
    }
    Ok(interleaved(found))
}

/// The system's own look-up cannot be given a time, so another thread makes it. One that hangs ends when
/// the system gives up.
fn look_up_within(
    names: &Arc<dyn Names>,
    host: &str,
    port: u16,
    within: Duration,
) -> Result<Vec<SocketAddr>, DialError> {
    let (sender, receiver) = mpsc::channel();
    let failed = |source| DialError::Name { host: host.to_owned(), source };
    let (names, name) = (Arc::clone(names), host.to_owned());
    let thread = std::thread::Builder::new().name("admit-names".to_owned());
    // The receiver is gone when the answer comes late.
    let look_up = move || drop(sender.send(names.look_up(&name, port)));
    thread.spawn(look_up).map_err(failed)?;
    match receiver.recv_timeout(within) {
        Ok(found) => found.map_err(failed),
        Err(_) => Err(DialError::NameLate { host: host.to_owned() }),
    }
}

/// One family after the other in turns, each in its order, the preferred first (RFC 8305 §4): where all
/// addresses of one family are dead, the second try is of the other.
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let found: Vec<_> = found.into_iter().filter(|address| seen.insert(*address)).collect();
    let prefers_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|address| address.is_ipv6() == prefers_v6);
    let mut second = second.into_iter();
    let mut turns: Vec<_> =
        first.into_iter().flat_map(|address| [Some(address), second.next()]).flatten().collect();
    turns.extend(second);
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let [a, b, c] = ["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"];
        let [x, y] = ["10.0.0.1:1", "10.0.0.2:1"];
        for (found, order) in [
            (vec![a, b, c, x, y], vec![a, x, b, y, c]),
            (vec![x, y, a, b, c], vec![x, a, y, b, c]),
            (vec![a, b], vec![a, b]),
            (vec![x], vec![x]),
            (vec![a, a, x, a, x], vec![a, x]),
        ] {
            assert_eq!(interleaved(parse(&found)), parse(&order));
        }
    }

    #[test]
    fn many_addresses_of_one_family_do_not_crowd_out_the_other() {
        let mut found: Vec<SocketAddr> = (0..40)
            .map(|last| SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, last].into(), 1))
            .collect();
        found.extend(parse(&["10.0.0.1:1"]));
        let order = interleaved(found);
        assert_eq!((order.len(), order[1]), (41, parse(&["10.0.0.1:1"])[0]));
    }

    #[test]
    fn an_address_is_not_looked_up() {
        #[derive(Debug)]
        struct NoNames;
        impl Names for NoNames {
            fn look_up(&self, host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
                Err(io::Error::other(format!("asked for {host}")))
            }
        }
        let names: Arc<dyn Names> = Arc::new(NoNames);
        for (host, expected) in [("127.0.0.1", "127.0.0.1:7"), ("[::1]", "[::1]:7")] {
            let found = addresses(&names, host, 7, Duration::ZERO).unwrap();
            assert_eq!(found, parse(&[expected]));
        }
        let error = addresses(&names, "example.com", 7, Duration::from_secs(60)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the name `example.com` cannot be looked up: asked for example.com"
        );
    }

    #[test]
    fn a_name_server_that_hangs_is_not_waited_for() {
        #[derive(Debug)]
        struct Hangs(std::sync::Mutex<mpsc::Receiver<()>>);
        impl Names for Hangs {
            fn look_up(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
                // Until the test has ended.
                let _ = self.0.lock().unwrap().recv();
                Ok(Vec::new())
            }
        }
        let (until_end, ended) = mpsc::channel::<()>();
        let names: Arc<dyn Names> = Arc::new(Hangs(std::sync::Mutex::new(ended)));
        let error = addresses(&names, "example.com", 7, Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.to_string(), "looking up the name `example.com` took too long");
        drop(until_end);
    }
}
