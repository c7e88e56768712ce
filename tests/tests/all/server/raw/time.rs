//! Clients that take their time, and places that run out.

use super::*;

/// Short, so that it can be waited for, and long enough for a busy machine.
const SHORT: Limits = Limits { header: TIME, idle: TIME, body: TIME, ..PATIENT };

/// As above.
const TIME: Duration = Duration::from_millis(500);

/// How long a client that drips waits between two bytes, by waiting for an answer.
const DRIP: Duration = Duration::from_millis(20);

/// Drips that are far more than [`SHORT`] has time for.
const DRIPS: usize = 1_000;

/// Writes these bytes to a new connection and waits until the server closes it.
#[track_caller]
fn wait(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<Answer> {
    let mut client = server.connect();
    client.write(bytes);
    answers(&client.rest())
}

/// Writes a start, and then these bytes one by one until the server has something to say.
#[track_caller]
fn drip(server: &Server, start: &[u8], bytes: impl Iterator<Item = u8>) -> Vec<Answer> {
    let mut client = server.connect();
    client.write(start);
    for byte in bytes.take(DRIPS) {
        if !client.write([byte]) || !client.hears_nothing(DRIP) {
            return answers(&client.rest());
        }
    }
    panic!("the server took all");
}

#[test]
fn a_head_comes_in_time() {
    let server = Server::start(SHORT);
    assert!(wait(&server, "").is_empty());
    assert!(wait(&server, "POST /echo HTT").is_empty());
    assert!(wait(&server, "POST /echo HTTP/1.1\r\nHost: test\r\n").is_empty());
    let endless = b"X: a\r\n".iter().copied().cycle();
    assert!(drip(&server, b"POST /echo HTTP/1.1\r\n", endless).is_empty());
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn a_body_comes_in_time() {
    let server = Server::start(Limits { header: PATIENCE, ..SHORT });
    let length = "Content-Length: 4000\r\n";
    let encoding = "Transfer-Encoding: chunked\r\n";
    let slow = [
        wait(&server, request(length, b"")),
        wait(&server, request(length, b"hello")),
        wait(&server, request(encoding, b"5\r\nhello\r\n")),
        drip(&server, &request(length, b""), std::iter::repeat(b'x')),
        drip(&server, &request(encoding, b""), b"1\r\nx\r\n".iter().copied().cycle()),
    ];
    for answers in slow {
        assert_eq!(statuses(&answers), [408]);
    }
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn an_expected_body_comes_in_time() {
    let server = Server::start(SHORT);
    let expecting = request("Content-Length: 5\r\nExpect: 100-continue\r\n", b"");
    assert_eq!(statuses(&wait(&server, expecting)), [100, 408]);
    server.assert_serves();
}

#[test]
fn an_idle_connection_has_a_time_of_its_own() {
    let server = Server::start(Limits { idle: PATIENCE, ..SHORT });
    let mut client = server.connect();
    for _ in 0..2 {
        client.write(good(b"hello"));
        assert_eq!(client.one_answer().body, b"hello");
        // Twice as long as a head may take.
        assert!(client.hears_nothing(2 * TIME), "closed while it was idle");
    }
    client.write("POST /echo HTT");
    assert!(client.rest().is_empty(), "the head has its own time, from its first byte");
    assert_eq!(server.seen().len(), 2);
    server.assert_serves();
}

#[test]
fn an_idle_connection_is_closed() {
    let server = Server::start(Limits { header: PATIENCE, ..SHORT });
    let mut client = server.connect();
    for _ in 0..2 {
        client.write(good(b"hello"));
        assert_eq!(client.one_answer().body, b"hello");
    }
    assert!(client.rest().is_empty());
    assert_eq!(server.seen().len(), 2);
    server.assert_serves();
}

#[test]
fn a_further_connection_takes_the_place_of_the_idlest() {
    let server =
        Server::start(Limits { connections: 2, header: PATIENCE, idle: PATIENCE, ..SHORT });
    let mut first = server.connect();
    let mut second = server.connect();
    for client in [&mut first, &mut second] {
        client.write(good(b"x"));
        assert_eq!(client.one_answer().status, 200);
    }
    let mut third = server.connect();
    third.write(good(b"third"));
    assert_eq!(third.one_answer().body, b"third");
    assert!(first.rest().is_empty());
    second.write(good(b"second"));
    assert_eq!(second.one_answer().body, b"second");
}

#[test]
fn idle_sockets_do_not_keep_others_out() {
    let server = Server::start(Limits { connections: 8, ..SHORT });
    let mut idle: Vec<Client> = (0..64).map(|_| server.connect()).collect();
    for client in &mut idle[..32] {
        client.write("POST /echo HTTP/1.1\r\n");
    }
    server.assert_serves();
    for client in &mut idle {
        assert!(client.rest().is_empty());
    }
    server.assert_serves();
}
