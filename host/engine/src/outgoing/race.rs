//! Connecting to one of several addresses (RFC 8305, "Happy Eyeballs").
//!
//! The next address is tried a moment after the last, or when that one failed, and each goes on until one
//! has answered. A dead address costs that moment, and not the time of those behind it. One that refuses
//! costs nothing. Where a host has more addresses than are tried at once, each has a share of the time.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long an address is tried alone (RFC 8305 §5).
const PAUSE: Duration = Duration::from_millis(250);

/// The least of it, however little time there is.
const LEAST_PAUSE: Duration = Duration::from_millis(10);

/// Most addresses that are tried at once; each costs a thread.
const MOST_AT_ONCE: usize = 16;

/// Most addresses of a host that are tried. A name server chooses how many there are.
const MOST: usize = 4 * MOST_AT_ONCE;

/// No address answered.
#[derive(Debug)]
pub struct Unreachable {
    tried: Vec<(SocketAddr, Option<io::Error>)>,
    untried: usize,
}

/// A connection to the address that answered first.
pub(super) fn connect(
    addresses: &[SocketAddr],
    within: Duration,
) -> Result<(SocketAddr, TcpStream), Unreachable> {
    connect_by(addresses, within, |address, within| TcpStream::connect_timeout(&address, within))
}

/// As [`connect`], with one address tried by `try_one` for at most so long.
fn connect_by<T: Send + 'static>(
    addresses: &[SocketAddr],
    within: Duration,
    try_one: impl Fn(SocketAddr, Duration) -> io::Result<T> + Clone + Send + 'static,
) -> Result<(SocketAddr, T), Unreachable> {
    let deadline = Instant::now() + within;
    let chosen = addresses.get(..MOST).unwrap_or(addresses);
    let (pause, share) = (pause(chosen.len(), within), share(chosen.len(), within));
    let (sender, receiver) = mpsc::channel();
    let mut untried = chosen.iter();
    let (mut waiting, mut failed) = (Vec::new(), Vec::new());
    loop {
        if waiting.len() < MOST_AT_ONCE
            && let Some(&address) = untried.next()
        {
            let until = deadline.min(Instant::now() + share);
            match start(address, until, try_one.clone(), &sender) {
                Ok(()) => waiting.push(address),
                Err(error) => failed.push((address, Some(error))),
            }
        }
        let has_more = untried.len() > 0;
        if waiting.is_empty() {
            if has_more { continue } else { break }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let may_begin = has_more && waiting.len() < MOST_AT_ONCE;
        match receiver.recv_timeout(if may_begin { pause.min(left) } else { left }) {
            Ok((address, Ok(stream))) => return Ok((address, stream)),
            Ok((address, Err(error))) => {
                waiting.retain(|one| *one != address);
                failed.push((address, Some(error)));
            }
            Err(RecvTimeoutError::Timeout) if may_begin && !left.is_zero() => {}
            Err(_) => break,
        }
    }
    failed.extend(waiting.into_iter().map(|address| (address, None)));
    let untried = addresses.len().saturating_sub(failed.len());
    Err(Unreachable { tried: failed, untried })
}

/// Half of the time is for the tries to begin in, so that the last has some as well.
fn pause(addresses: usize, within: Duration) -> Duration {
    let tries = u32::try_from(addresses.max(1)).unwrap_or(u32::MAX);
    (within / 2 / tries).clamp(LEAST_PAUSE, PAUSE)
}

/// How long one address is tried: all of the time, but for those that have to wait for others.
fn share(addresses: usize, within: Duration) -> Duration {
    let turns = u32::try_from(addresses.div_ceil(MOST_AT_ONCE).max(1)).unwrap_or(u32::MAX);
    (within / turns).max(LEAST_PAUSE)
}

/// Tries on a thread of its own, which ends by itself at `until`. A connection that comes too late for the
/// caller is closed.
fn start<T: Send + 'static>(
    address: SocketAddr,
    until: Instant,
    try_one: impl Fn(SocketAddr, Duration) -> io::Result<T> + Send + 'static,
    sender: &Sender<(SocketAddr, io::Result<T>)>,
) -> io::Result<()> {
    let sender = sender.clone();
    let connect = move || {
        let left = until.saturating_duration_since(Instant::now()).max(LEAST_PAUSE);
        drop(sender.send((address, try_one(address, left))));
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
        match self.untried {
            0 => Ok(()),
            untried => write!(formatter, "; {untried} more were not tried"),
        }
    }
}

impl std::error::Error for Unreachable {}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
    fn the_last_of_many_addresses_that_refuse_is_tried() {
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = good.local_addr().unwrap();
        for refusing in [16, MOST - 1] {
            let mut addresses: Vec<_> = (0..refusing).map(|_| refuses()).collect();
            addresses.push(address);
            assert_eq!(connect(&addresses, LONG).unwrap().0, address);
        }
    }

    #[test]
    fn what_is_not_tried_is_counted() {
        let addresses: Vec<_> = (0..MOST + 6).map(|_| refuses()).collect();
        let error = connect(&addresses, LONG).unwrap_err().to_string();
        assert!(error.starts_with("no connection to any of 64 addresses: "), "{error}");
        assert!(error.contains(&addresses[MOST - 1].to_string()), "{error}");
        assert!(error.ends_with("; 6 more were not tried"), "{error}");
    }

    #[test]
    fn no_more_are_tried_at_once_than_may_be() {
        let (tried, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most_tried = Arc::clone(&most);
        let addresses: Vec<_> = (1..=64).map(|port| ([127, 0, 0, 1], port).into()).collect();
        // Those before are silent for as long as they are given.
        let answers = addresses[MOST_AT_ONCE + 3];
        let found = connect_by(&addresses, Duration::from_secs(2), move |address, within| {
            most_tried.fetch_max(tried.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if address != answers {
                let (_silent, never) = mpsc::channel::<()>();
                let _ = never.recv_timeout(within);
            }
            tried.fetch_sub(1, Ordering::SeqCst);
            if address == answers { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
        });
        assert_eq!(found.unwrap().0, answers);
        assert!(most.load(Ordering::SeqCst) <= MOST_AT_ONCE, "{most:?}");
    }

    #[test]
    fn the_last_of_many_silent_addresses_has_some_time() {
        for (addresses, share_ms) in
            [(1, 5_000), (16, 5_000), (17, 2_500), (33, 1_666), (64, 1_250)]
        {
            let within = Duration::from_secs(5);
            let (pause, share) = (pause(addresses, within), share(addresses, within));
            assert_eq!(share.as_millis(), share_ms, "{addresses}");
            let turn = u32::try_from((addresses - 1) / MOST_AT_ONCE).unwrap();
            let place = u32::try_from((addresses - 1) % MOST_AT_ONCE).unwrap();
            assert!(share * turn + pause * place < within - Duration::from_millis(500));
        }
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
