//! Keys from a loopback server that rotates, fails and misbehaves. Time is a clock in the test.

mod replicas;
mod addresses;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use admit::issuer::Issuer;
use admit::keys::{
    KeyError, KeySet, KeyStatus, Keys, MAX_KEY_SET_BYTES, RemoteKeys, RemoteOptions, Wait,
};
use admit_tests::clock::{ManualClock, wait_until};
use admit_tests::fixture::issuer;
use admit_tests::forms::forms;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::json;

const COOL_DOWN: Duration = Duration::from_secs(30);
const REFRESH_AFTER: Duration = Duration::from_secs(60 * 60);
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A server with the issuer's keys, a clock, and keys that come from there.
struct World {
    server: KeyServer,
    clock: ManualClock,
    remote: RemoteKeys,
    keys: Keys,
}

impl World {
    fn new() -> Self {
        Self::with_answer(good())
    }

    fn with_answer(answer: Answer) -> Self {
        Self::at("/keys", answer, RemoteOptions::default())
    }

    fn at(path: &str, answer: Answer, options: RemoteOptions) -> Self {
        let server = KeyServer::start(answer);
        let clock = ManualClock::default();
        let remote = RemoteKeys::with_clock(&server.url(path), options, clock.clone())
            .expect("an address of this machine");
        let keys = Keys::remote(remote.clone());
        Self { server, clock, remote, keys }
    }

    fn finds(&self, kid: &str) -> bool {
        self.keys.find(kid, Wait::May).is_ok()
    }

    fn code(&self, kid: &str) -> &'static str {
        self.keys.find(kid, Wait::May).map_or_else(|error| error.code(), |_| "ok")
    }

    fn fetches(&self) -> usize {
        self.server.requests().len()
    }

    fn status(&self) -> KeyStatus {
        self.remote.status()
    }
}

fn good() -> Answer {
    Answer::json(&issuer().jwk_set())
}

fn kid() -> &'static str {
    issuer().kid()
}

#[test]
fn a_set_that_is_fetched_is_read_in_the_forms_of_any_document() {
    for form in forms() {
        let body = form.of(&issuer().jwk_set().to_string());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let world = World::with_answer(Answer::Bytes([head.as_bytes(), &body].concat()));
        assert_eq!(world.finds(kid()), form.document, "{}", form.name);
    }
}

#[test]
fn the_first_use_fetches_and_the_next_thousand_do_not() {
    let world = World::new();
    assert_eq!(world.fetches(), 0);
    for _ in 0..1_000 {
        assert!(world.finds(kid()));
    }
    assert_eq!(world.fetches(), 1);
    let status = world.status();
    assert_eq!((status.usable, status.fetches, status.last_error), (1, 1, None));
    assert_eq!(status.age, Some(Duration::ZERO));
}

#[test]
fn prefetch_fetches_once_and_reports_an_outage() {
    let world = World::new();
    world.remote.prefetch().unwrap();
    world.remote.prefetch().unwrap();
    assert_eq!(world.fetches(), 1);

    let dead = World::with_answer(Answer::page("503 Service Unavailable", ""));
    let error = dead.remote.prefetch().unwrap_err();
    assert_eq!(error.code(), "keys.unavailable");
    assert!(error.to_string().ends_with("the answer has status 503; expected 200"), "{error}");
}

#[test]
fn a_rotated_key_is_found_within_one_cool_down() {
    let world = World::new();
    assert!(world.finds(kid()));
    let next = Issuer::generate().unwrap();
    world.server.answer("/keys", Answer::json(&json!({"keys": [issuer().jwk(), next.jwk()]})));
    assert_eq!(world.code(next.kid()), "token.key", "the cool-down of the first fetch runs");
    world.clock.advance(COOL_DOWN - Duration::from_millis(1));
    assert_eq!(world.code(next.kid()), "token.key");
    assert_eq!(world.fetches(), 1);
    world.clock.advance(Duration::from_millis(1));
    assert!(world.finds(next.kid()) && world.finds(kid()));
    assert_eq!(world.fetches(), 2);
}

#[test]
fn who_must_not_wait_is_told_when_there_is_something_to_wait_for() {
    let world = World::new();
    let now = |kid: &str| {
        let found = world.keys.find(kid, Wait::MayNot);
        found.map_or_else(|error| error.to_string(), |key| key.kid().to_owned())
    };
    let would_wait = |kid: &str| format!("key `{kid}` is not at hand, and may be fetched");
    assert_eq!(now(kid()), would_wait(kid()), "nothing was fetched yet");
    assert_eq!(world.fetches(), 0);
    assert!(world.finds(kid()));
    assert_eq!(now(kid()), kid());
    let unknown = world.keys.find("other", Wait::MayNot).unwrap_err();
    assert_eq!(unknown.code(), "token.key", "the cool-down forbids a fetch");
    world.clock.advance(COOL_DOWN);
    assert_eq!(now("other"), would_wait("other"), "a fetch could bring it");
    assert_eq!(now(kid()), kid());
    assert_eq!(world.fetches(), 1);
}

#[test]
fn who_must_not_wait_does_not_wait_for_a_fetch_of_somebody_else() {
    let world = World::new();
    assert!(world.finds(kid()));
    world.clock.advance(COOL_DOWN);
    world.server.hold();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| world.finds("other"));
        wait_until("the second fetch", || world.fetches() == 2);
        let other = world.keys.find("other", Wait::MayNot).unwrap_err();
        assert!(matches!(other, KeyError::WouldWait { .. }), "{other}");
        assert!(world.keys.find(kid(), Wait::MayNot).is_ok());
        world.server.release();
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn ten_thousand_unknown_key_ids_cost_one_fetch_per_cool_down() {
    let world = World::new();
    assert!(world.finds(kid()));
    for round in 1..=3 {
        world.clock.advance(COOL_DOWN);
        for number in 0..10_000 {
            assert_eq!(world.code(&format!("unknown-{number}")), "token.key");
        }
        assert!(world.finds(kid()));
        assert_eq!(world.fetches(), 1 + round);
    }
}

#[test]
fn a_flood_during_a_roll_over_delays_the_new_key_by_one_cool_down() {
    let world = World::new();
    assert!(world.finds(kid()));
    let flood = || (0..10_000).for_each(|n| assert_eq!(world.code(&format!("x-{n}")), "token.key"));
    world.clock.advance(COOL_DOWN);
    flood();
    assert_eq!(world.fetches(), 2, "the flood took the allowance");

    let next = Issuer::generate().unwrap();
    world.server.answer("/keys", Answer::json(&json!({"keys": [issuer().jwk(), next.jwk()]})));
    world.clock.advance(COOL_DOWN - Duration::from_millis(1));
    flood();
    assert_eq!(world.code(next.kid()), "token.key");
    assert!(world.finds(kid()), "the old key goes on");
    assert_eq!(world.fetches(), 2);

    world.clock.advance(Duration::from_millis(1));
    flood();
    assert!(world.finds(next.kid()) && world.finds(kid()));
    assert_eq!(world.fetches(), 3, "what the flood fetches serves everybody");
}

#[test]
fn a_flood_during_an_outage_costs_no_more() {
    let world = World::new();
    assert!(world.finds(kid()));
    world.server.answer("/keys", Answer::page("500 Internal Server Error", ""));
    world.clock.advance(COOL_DOWN);
    for number in 0..10_000 {
        assert_eq!(world.code(&format!("unknown-{number}")), "token.key");
    }
    assert_eq!(world.fetches(), 2);
    assert!(world.finds(kid()));
}

#[test]
fn concurrent_misses_share_one_fetch() {
    const THREADS: usize = 16;
    let world = World::new();
    world.server.hold();
    let started = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        let ask = || {
            started.wait();
            world.finds(kid())
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        started.wait();
        wait_until("the first request", || world.fetches() == 1);
        world.server.release();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
    assert_eq!(world.fetches(), 1);
}

#[test]
fn clones_share_one_set() {
    let world = World::new();
    assert!(world.finds(kid()) && world.keys.clone().find(kid(), Wait::May).is_ok());
    assert_eq!(world.fetches(), 1);
}

#[test]
fn known_keys_answer_while_a_fetch_is_under_way() {
    let world = World::new();
    assert!(world.finds(kid()));
    world.clock.advance(COOL_DOWN);
    world.server.hold();
    std::thread::scope(|scope| {
        let miss = scope.spawn(|| world.code("unknown"));
        wait_until("the second request", || world.fetches() == 2);
        assert!(world.finds(kid()));
        assert!(!miss.is_finished());
        world.server.release();
        assert_eq!(miss.join().unwrap(), "token.key");
    });
}

#[test]
fn an_old_set_is_refreshed_in_the_background() {
    let world = World::new();
    assert!(world.finds(kid()));
    let next = Issuer::generate().unwrap();
    world.server.answer("/keys", Answer::json(&json!({"keys": [issuer().jwk(), next.jwk()]})));
    world.clock.advance(REFRESH_AFTER - Duration::from_millis(1));
    assert!(world.finds(kid()));
    assert_eq!(world.fetches(), 1);
    world.clock.advance(Duration::from_millis(1));
    world.server.hold();
    assert!(world.finds(kid()), "the old set answers at once");
    wait_until("the refresh", || world.fetches() == 2);
    assert!(world.finds(kid()));
    world.server.release();
    wait_until("the new set", || world.status().usable == 2);
    assert!(world.finds(next.kid()));
    assert_eq!(world.fetches(), 2);
}

#[test]
fn an_outage_is_survived_up_to_the_maximum_age() {
    let world = World::new();
    assert!(world.finds(kid()));
    world.server.answer("/keys", Answer::page("500 Internal Server Error", ""));
    world.clock.advance(MAX_AGE - Duration::from_millis(1));
    assert!(world.finds(kid()));
    wait_until("the failed refresh", || world.status().last_error.is_some());
    assert!(world.finds(kid()));

    world.clock.advance(Duration::from_millis(1));
    let error = world.keys.find(kid(), Wait::May).unwrap_err();
    assert_eq!(error.code(), "keys.unavailable");
    assert!(error.to_string().contains("status 500"), "{error}");
    assert_eq!(world.status().usable, 0);
    let before = world.fetches();
    assert_eq!(world.code(kid()), "keys.unavailable");
    assert_eq!(world.fetches(), before, "the cool-down runs after a failure too");

    world.server.answer("/keys", good());
    world.clock.advance(COOL_DOWN);
    assert!(world.finds(kid()));
    assert_eq!(world.status().last_error, None);
}

#[test]
fn after_days_without_use_the_next_use_fetches() {
    let world = World::new();
    assert!(world.finds(kid()));
    world.clock.advance(MAX_AGE * 30);
    assert!(world.finds(kid()));
    assert_eq!(world.fetches(), 2);
}

#[test]
fn an_outage_at_the_start_is_not_asked_about_again_at_once() {
    let world = World::with_answer(Answer::page("404 Not Found", ""));
    for _ in 0..100 {
        assert_eq!(world.code(kid()), "keys.unavailable");
    }
    assert_eq!(world.fetches(), 1);
    world.server.answer("/keys", good());
    world.clock.advance(COOL_DOWN);
    assert!(world.finds(kid()));
}

/// Answers that must leave the set in use as it was, with what the status then says.
fn bad_answers() -> Vec<(&'static str, Answer, &'static str)> {
    let set = issuer().jwk_set().to_string();
    let unusable = json!({"keys": [{"kty": "EC", "kid": "a"}, {"kty": "RSA", "kid": "b"}]});
    let many = json!({"keys": vec![issuer().jwk(); 1_001]});
    let deep = format!("{{\"keys\":{}", "[".repeat(100_000));
    let huge = format!("{}{set}", " ".repeat(MAX_KEY_SET_BYTES));
    let bomb = "Content-Encoding: gzip\r\n";
    vec![
        ("no keys", Answer::json(&json!({"keys": []})), "the list `keys` is empty"),
        (
            "no usable key",
            Answer::json(&unusable),
            "no key is usable: key `a`: `kty` is not `RSA`; key `b`: `n`",
        ),
        ("too many keys", Answer::json(&many), "1001 keys; expected at most 1000"),
        ("no key set", Answer::json(&json!({})), "nothing as `keys`"),
        ("an array", Answer::json(&json!([1])), "not a JSON object but an array"),
        ("cut off", Answer::page("200 OK", &set[..set.len() - 2]), "not strict JSON"),
        ("two documents", Answer::page("200 OK", &format!("{set}{set}")), "not strict JSON"),
        ("deep", Answer::page("200 OK", &deep), "not strict JSON"),
        ("a page", Answer::page("200 OK", "<html>sign in</html>"), "not strict JSON"),
        ("empty", Answer::page("200 OK", ""), "not strict JSON"),
        ("compressed", Answer::with_headers("200 OK", bomb, "\u{1f}\u{8b}"), "not strict JSON"),
        ("huge", Answer::page("200 OK", &huge), "request failed"),
        ("endless", Answer::Endless, "request failed"),
        ("another status", Answer::page("206 Partial Content", &set), "status 206; expected 200"),
        ("an error", Answer::page("500 Internal Server Error", &set), "status 500; expected 200"),
        ("no HTTP", Answer::Bytes(b"hello\r\n\r\n".to_vec()), "request failed"),
        ("nothing", Answer::Bytes(Vec::new()), "request failed"),
        (
            "short body",
            Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()),
            "",
        ),
    ]
}

#[test]
fn bad_documents_leave_the_old_set_in_use() {
    for (name, answer, expected) in bad_answers() {
        let world = World::new();
        assert!(world.finds(kid()));
        world.server.answer("/keys", answer.clone());
        world.clock.advance(COOL_DOWN);
        assert_eq!(world.code("unknown"), "token.key", "{name}");
        assert!(world.finds(kid()), "{name}");
        assert_eq!(world.fetches(), 2, "{name}");
        let status = world.status();
        let error = status.last_error.unwrap_or_else(|| panic!("{name} is an error"));
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!((status.usable, status.age), (1, Some(COOL_DOWN)), "{name}");

        let fresh = World::with_answer(answer);
        assert_eq!(fresh.code(kid()), "keys.unavailable", "{name}");
    }
}

#[test]
fn a_server_that_stalls_is_left_alone_after_the_time_out() {
    let stalled = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec();
    for answer in [Answer::Stall(Vec::new()), Answer::Stall(stalled)] {
        let timeout = Duration::from_millis(200);
        let options = RemoteOptions { timeout, ..RemoteOptions::default() };
        let world = World::at("/keys", answer, options);
        let started = Instant::now();
        assert_eq!(world.code(kid()), "keys.unavailable");
        assert!(started.elapsed() >= timeout);
        assert!(world.status().last_error.unwrap().contains("timeout"));
    }
}

#[test]
fn redirects_are_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let location = "Location: /elsewhere\r\n";
        let world = World::with_answer(Answer::with_headers(status, location, ""));
        world.server.answer("/elsewhere", good());
        assert_eq!(world.code(kid()), "keys.unavailable");
        assert_eq!(world.server.requests(), ["/keys"]);
    }
}

#[test]
fn a_discovery_document_leads_to_the_keys_of_the_same_origin() {
    const DISCOVERY: &str = "/.well-known/openid-configuration";
    let server = |jwks_uri: &dyn Fn(&KeyServer) -> String| {
        let world = World::at(DISCOVERY, good(), RemoteOptions::default());
        let jwks_uri = jwks_uri(&world.server);
        let document = json!({"issuer": "https://x", "jwks_uri": jwks_uri});
        world.server.answer(DISCOVERY, Answer::json(&document));
        world
    };
    let world = server(&|server| server.url("/keys"));
    assert!(world.finds(kid()));
    assert_eq!(world.server.requests(), [DISCOVERY, "/keys"]);
    assert_eq!(world.status().fetches, 1);

    let other = KeyServer::start(good());
    let elsewhere = server(&|_| other.url("/keys"));
    assert_eq!(elsewhere.code(kid()), "keys.unavailable");
    assert_eq!(other.requests(), Vec::<String>::new());
    let said = elsewhere.status().last_error.unwrap();
    for host in [&elsewhere.server, &other] {
        assert!(said.contains(&format!("`http://127.0.0.1:{}`", host.port())), "{said}");
    }

    for jwks_uri in ["https://127.0.0.1/keys", "http://example.com/keys", "file:///etc/passwd", ""]
    {
        let world = server(&|_| jwks_uri.to_owned());
        assert_eq!(world.code(kid()), "keys.unavailable", "{jwks_uri}");
        assert_eq!(world.server.requests(), [DISCOVERY], "{jwks_uri}");
    }

    let circle = server(&|server| server.url(DISCOVERY));
    assert_eq!(circle.code(kid()), "keys.unavailable");
    assert_eq!(circle.server.requests(), [DISCOVERY, DISCOVERY]);
}

#[test]
fn https_is_never_downgraded() {
    let server = KeyServer::start(good());
    let address = format!("https://127.0.0.1:{}/keys", server.port());
    let keys = RemoteKeys::new(&address, RemoteOptions::default()).unwrap();
    assert_eq!(keys.prefetch().unwrap_err().code(), "keys.unavailable");
    assert!(keys.status().last_error.unwrap().starts_with("the request failed"));
}

#[test]
fn a_bad_key_in_a_good_set_is_named() {
    let mut encryption = issuer().jwk();
    encryption["use"] = json!("enc");
    encryption["kid"] = json!("encryption");
    let world = World::with_answer(Answer::json(&json!({"keys": [issuer().jwk(), encryption]})));
    assert!(world.finds(kid()));
    let shown: Vec<_> = world.status().skipped.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["key `encryption`: `use` is not `sig`"]);
    let error = world.keys.find("encryption", Wait::May).unwrap_err();
    assert!(matches!(error, KeyError::Unusable { .. }));
    assert_eq!(error.code(), "token.key");
}

#[test]
fn a_key_that_the_set_spoils_is_no_fault_of_the_token() {
    let other = Issuer::generate().unwrap().jwk();
    let with = |name: &str, value| {
        let mut jwk = issuer().jwk();
        jwk[name] = value;
        jwk
    };
    for (spoilt, cause) in [
        (with("n", other["n"].clone()), "stands for keys that differ"),
        (with("n", json!(null)), "stands for keys that differ"),
    ] {
        let set = json!({"keys": [issuer().jwk(), spoilt, other]});
        let world = World::with_answer(Answer::json(&set));
        let error = world.keys.find(kid(), Wait::May).unwrap_err();
        assert_eq!(error.code(), "keys.unavailable");
        let chain = admit::failure::error_chain(&error);
        assert!(chain.contains(kid()) && chain.contains(cause), "{chain}");
        assert_eq!(world.status().skipped.len(), 2);
    }
    let bare = json!({"keys": [with("n", json!(null)), other]});
    let world = World::with_answer(Answer::json(&bare));
    assert_eq!(world.code(kid()), "keys.unavailable");
    assert_eq!(world.code("a stranger's"), "token.key");
}

#[test]
fn without_a_usable_key_no_token_is_to_blame() {
    let unusable = json!({"keys": [{"kty": "EC", "kid": kid()}]});
    for document in [json!({"keys": []}), unusable] {
        let set = KeySet::parse(document.to_string().as_bytes()).unwrap();
        let keys = Keys::fixed(set);
        for kid in [kid(), "other"] {
            assert_eq!(
                keys.find(kid, Wait::May).unwrap_err().code(),
                "keys.unavailable",
                "{document}"
            );
        }
    }
}
