//! A key server with several addresses, some of which never answer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use admit::outgoing::Names;
use admit_tests::blackhole::Blackhole;

use super::*;

/// Every name has these addresses.
#[derive(Debug)]
struct Everywhere(Vec<SocketAddr>);

impl Names for Everywhere {
    fn look_up(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.clone())
    }
}

fn keys_at(addresses: Vec<SocketAddr>, timeout: Duration) -> RemoteKeys {
    let options = RemoteOptions { timeout, ..RemoteOptions::default() };
    let (clock, names) = (ManualClock::default(), Arc::new(Everywhere(addresses)));
    RemoteKeys::with_names("http://localhost:1/keys", options, clock, names).unwrap()
}

/// As many addresses of version 6 that never answer, or of version 4 where this machine has no other.
fn dead(addresses: usize) -> Vec<Blackhole> {
    let one = || Blackhole::on("::1").or_else(|_| Blackhole::on("127.0.0.1")).unwrap();
    std::iter::repeat_with(one).take(addresses).collect()
}

fn addresses(dead: &[Blackhole]) -> Vec<SocketAddr> {
    dead.iter().map(Blackhole::address).collect()
}

#[test]
fn dead_addresses_do_not_eat_the_time_of_the_good_one() {
    let server = KeyServer::start(good());
    let dead = dead(8);
    let mut all = addresses(&dead);
    all.push(server.address());
    // A half of the time for the first, a half of the rest for the second, is over before the last.
    let keys = keys_at(all, Duration::from_secs(30));
    let started = Instant::now();
    keys.prefetch().unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(server.requests(), ["/keys"]);
}

#[test]
fn the_error_names_every_address_and_what_it_said() {
    let dead = dead(3);
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut all = addresses(&dead);
    all.push(refused);
    let keys = keys_at(all, Duration::from_millis(200));
    let error = keys.prefetch().unwrap_err().to_string();
    assert!(error.contains("no connection to any of 4 addresses: "), "{error}");
    for address in addresses(&dead) {
        assert!(error.contains(&format!("{address}: no answer before the timeout")), "{error}");
    }
    assert!(error.contains(&format!("{refused}: Connection refused")), "{error}");
}

#[test]
fn an_address_that_says_nothing_is_named() {
    let server = KeyServer::start(Answer::Stall(Vec::new()));
    let keys = keys_at(vec![server.address()], Duration::from_millis(200));
    let error = keys.prefetch().unwrap_err().to_string();
    let expected =
        format!("connected to {}, but no answer came before the timeout", server.address());
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn a_slow_discovery_document_leaves_the_key_set_its_time() {
    const DISCOVERY: &str = "/.well-known/openid-configuration";
    // Each comes in time, and both together do not.
    let (timeout, late) = (Duration::from_millis(3_000), Duration::from_millis(1_700));
    let options = RemoteOptions { timeout, ..RemoteOptions::default() };
    let world = World::at(DISCOVERY, Answer::Late(late, Box::new(good())), options);
    let document = Answer::json(&json!({"jwks_uri": world.server.url("/keys")}));
    world.server.answer(DISCOVERY, Answer::Late(late, Box::new(document)));
    world.remote.prefetch().unwrap();
}
