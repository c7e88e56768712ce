//! Connecting to one of several addresses (RFC 8305, "Happy Eyeballs").
//!
//! The next address is tried a moment after the last, or when that one failed, and each goes on until one
//! has answered. A dead address costs that moment, and not the time of those behind it.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long an address is tried alone (RFC 8305 §5).
const PAUSE: Duration = Duration::from_millis(250);

/// The least of it, however little time there is.
const LEAST_PAUSE: Duration = Duration::from_millis(10);

/// No address answered.
#[derive(Debug)]
pub struct Unreachable {
    tried: Vec<(SocketAddr, Option<io::Error>)>,
}

type Tried = (SocketAddr, io::Result<TcpStream>);

/// A connection to the address that answered first.
pub(super) fn connect(
    addresses: &[SocketAddr],
    within: Duration,
) -> Result<(SocketAddr, TcpStream), Unreachable> {
    let deadline = Instant::now() + within;
    let pause = pause(addresses.len(), within);
    let (sender, receiver) = mpsc::channel();
    let mut untried = addresses.iter();
    let (mut waiting, mut failed) = (Vec::new(), Vec::new());
    loop {
        if let Some(&address) = untried.next() {
            match start(address, deadline, &sender) {
                Ok(()) => waiting.push(address),
                Err(error) => failed.push((address, Some(error))),
            }
        }
        let has_more = untried.len() > 0;
        if waiting.is_empty() {
            if has_more { continue } else { break }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(if has_more { pause.min(left) } else { left }) {
            Ok((address, Ok(stream))) => return Ok((address, stream)),
            Ok((address, Err(error))) => {
                waiting.retain(|one| *one != address);
                failed.push((address, Some(error)));
            }
            Err(RecvTimeoutError::Timeout) if has_more && !left.is_zero() => {}
            Err(_) => break,
        }
    }
    failed.extend(waiting.into_iter().map(|address| (address, None)));
    Err(Unreachable { tried: failed })
}

/// Half of the time is for the tries to begin in, so that the last has some as well.
fn pause(addresses: usize, within: Duration) -> Duration {
    let tries = u32::try_from(addresses.max(1)).unwrap_or(u32::MAX);
    (within / 2 / tries).clamp(LEAST_PAUSE, PAUSE)
}

/// Tries on a thread of its own. It ends by itself at the deadline; a connection that nobody waits for
/// any longer is closed.
fn start(address: SocketAddr, deadline: Instant, sender: &Sender<Tried>) -> io::Result<()> {
    let sender = sender.clone();
    let connect = move || {
        let left = deadline.saturating_duration_since(Instant::now()).max(LEAST_PAUSE);
        let connected = TcpStream::connect_timeout(&address, left);
        drop(sender.send((address, connected)));
    };
    let thread = std::thread::Builder::new().name("admit-connect".to_owned());
    thread.spawn(connect).map(drop)
}

impl fmt::Display for Unreachable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tried.len() {
            1 => formatter.write_str("no connection: ")?,
            tried => write!(formatter, "no connection to any of {tried} addresses: ")?,
        }
        for (index, (address, error)) in self.tried.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            match error {
                Some(error) if error.kind() != io::ErrorKind::TimedOut => {
                    write!(formatter, "{separator}{address}: {error}")?;
                }
                _ => write!(formatter, "{separator}{address}: no answer before the timeout")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Unreachable {}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Longer than any test takes that passes.
    const LONG: Duration = Duration::from_secs(60);

    fn refuses() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn the_first_address_is_taken_if_it_answers() {
        let (first, second) = (TcpListener::bind("127.0.0.1:0").unwrap(), refuses());
        let first = (first.local_addr().unwrap(), first);
        assert_eq!(connect(&[first.0, second], LONG).unwrap().0, first.0);
    }

    #[test]
    fn an_address_that_refuses_costs_no_pause() {
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = good.local_addr().unwrap();
        let addresses = [refuses(), refuses(), refuses(), address];
        assert_eq!(connect(&addresses, LONG).unwrap().0, address);
    }

    #[test]
    fn the_error_names_every_address() {
        let addresses = [refuses(), refuses()];
        let error = connect(&addresses, LONG).unwrap_err().to_string();
        assert!(error.starts_with("no connection to any of 2 addresses: "), "{error}");
        for address in addresses {
            assert!(error.contains(&format!("{address}: Connection refused")), "{error}");
        }
        let single = refuses();
        let error = connect(&[single], LONG).unwrap_err().to_string();
        assert!(error.starts_with(&format!("no connection: {single}: Connection refused")));
    }

    #[test]
    fn the_tries_have_begun_when_half_of_the_time_is_over() {
        for (addresses, within, expected) in
            [(1, 5_000, 250), (9, 5_000, 250), (16, 5_000, 156), (16, 1_000, 31), (16, 100, 10)]
        {
            let pause = pause(addresses, Duration::from_millis(within));
            assert_eq!(pause.as_millis(), expected, "{addresses} in {within} ms");
        }
    }
}
