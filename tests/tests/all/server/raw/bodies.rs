//! Bodies that are too long, or shorter than was said.

use super::*;

#[test]
fn a_body_of_the_limit_is_taken() {
    let server = Server::start(PATIENT);
    let answers = server.send(good(&[b'x'; MAX_BODY]));
    assert_eq!(statuses(&answers), [200]);
    assert_eq!(answers[0].body.len(), MAX_BODY);
}

#[test]
fn a_length_over_the_limit_is_refused_before_the_body() {
    let server = Server::start(PATIENT);
    for length in [(MAX_BODY + 1).to_string(), (u64::MAX / 4).to_string()] {
        let length = format!("Content-Length: {length}\r\n");
        let expecting = format!("{length}Expect: 100-continue\r\n");
        assert_eq!(statuses(&server.send(request(&length, b""))), [413]);
        assert_eq!(statuses(&server.send(request(&expecting, b""))), [413]);
    }
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn a_body_over_the_limit_is_refused_although_it_is_sent() {
    let server = Server::start(PATIENT);
    assert_eq!(statuses(&server.send(good(&[b'x'; MAX_BODY + 1]))), [413]);
    assert_eq!(statuses(&server.send(good(&vec![b'x'; 1 << 20]))), [413]);
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn chunks_over_the_limit_are_refused() {
    let server = Server::start(PATIENT);
    let size = MAX_BODY + 1;
    let one = format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
    let many = "1\r\nx\r\n".repeat(size);
    let announced = "ffffffffffffff\r\n".to_owned() + &"x".repeat(1 << 20);
    for body in [one, many, announced] {
        assert_eq!(statuses(&server.send(chunked(&body))), [413]);
    }
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn what_surrounds_chunks_is_bounded() {
    let server = Server::start(PATIENT);
    let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(64 << 10));
    let trailers = format!("5\r\nhello\r\n0\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    let trailer = format!("5\r\nhello\r\n0\r\na: {}\r\n\r\n", "b".repeat(64 << 10));
    for body in [extension, trailers, trailer] {
        assert_eq!(statuses(&server.send(chunked(&body))), [400]);
    }
    assert_eq!(server.seen(), [""; 0]);
    server.assert_serves();
}

#[test]
fn a_connection_survives_a_short_body_that_nobody_read() {
    let server = Server::start(PATIENT);
    let refused = b"POST /refuse HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    let answers = server.send([refused, good(b"next").as_slice()].concat());
    assert_eq!(statuses(&answers), [401, 200]);
}
