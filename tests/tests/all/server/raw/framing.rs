//! Where a body ends: one meaning, or a refusal.

use super::tables::HIDDEN;
use super::*;

#[test]
fn two_content_lengths_agree_or_are_refused() {
    let two = |first, second| {
        let headers = format!("Content-Length: {first}\r\nContent-Length: {second}\r\n");
        request(&headers, b"hello")
    };
    assert_attacks(&[
        ("shorter first", two("0", "5"), &[400], &[]),
        ("shorter last", two("5", "0"), &[400], &[]),
        ("one bad", two("5", "+5"), &[400], &[]),
        ("equal, RFC 9110 section 8.6", two("5", "5"), &[200], &["POST /echo hello"]),
    ]);
}

/// RFC 9112 section 6.1: either refused, or read by the encoding alone and the connection closed.
#[test]
fn with_length_and_encoding_the_encoding_counts_and_nothing_follows() {
    let hidden = format!("0\r\n\r\n{HIDDEN}");
    let length = format!("Content-Length: {}\r\n", hidden.len());
    let encoding = "Transfer-Encoding: chunked\r\n";
    let server = Server::start(PATIENT);
    for headers in [
        format!("{length}{encoding}"),
        format!("{encoding}{length}"),
        format!("{length}{encoding}{length}"),
    ] {
        let answers = server.send(request(&headers, hidden.as_bytes()));
        assert_eq!(statuses(&answers), [200]);
        assert!(answers[0].closes());
        assert_eq!(server.seen(), ["POST /echo"]);
        server.assert_serves();
    }
}

#[test]
fn a_length_inside_a_chunk_ends_nothing() {
    let body = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    let bytes = request("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", body.as_bytes());
    let server = Server::start(PATIENT);
    let answers = server.send(bytes);
    assert_eq!(statuses(&answers), [200]);
    assert_eq!(answers[0].body, HIDDEN.as_bytes());
    assert_eq!(server.seen().len(), 1);
    server.assert_serves();
}

#[test]
fn what_follows_a_body_is_a_request_of_its_own() {
    let short = request("Content-Length: 4\r\n", b"hello\r\n\r\n");
    let two = [good(b"one"), good(b"two")].concat();
    let closed =
        [request("Content-Length: 0\r\nConnection: close\r\n", b""), good(b"two")].concat();
    let inside = good(HIDDEN.as_bytes());
    let encoded = [chunked("5\r\nhello\r\n0\r\n\r\n"), good(b"two")].concat();
    let seen_inside = "POST /echo POST /hidden HTTP/1.1\r\nHost: test\r\nContent-Length: 0";
    assert_attacks(&[
        ("rest of a body", short, &[200, 400], &["POST /echo hell"]),
        ("pipelined", two, &[200, 200], &["POST /echo one", "POST /echo two"]),
        ("chunked, then pipelined", encoded, &[200, 200], &["POST /echo hello", "POST /echo two"]),
        ("after `Connection: close`", closed, &[200], &["POST /echo"]),
        ("inside a body", inside, &[200], &[seen_inside]),
    ]);
}

#[test]
fn a_request_in_a_body_nobody_reads_is_not_answered() {
    let refused = |headers: &str, body: &str| {
        format!("POST /refuse HTTP/1.1\r\nHost: test\r\n{headers}\r\n\r\n{body}").into_bytes()
    };
    let length = HIDDEN.len();
    let encoded = format!("{length:x}\r\n{HIDDEN}\r\n");
    let seen: &[_] = &["POST /refuse -"];
    let attacks = [
        ("whole", refused(&format!("Content-Length: {length}"), HIDDEN)),
        ("cut short", refused(&format!("Content-Length: {}", length + 1), HIDDEN)),
        ("chunked", refused("Transfer-Encoding: chunked", &encoded)),
        ("chunked, ended", refused("Transfer-Encoding: chunked", &format!("{encoded}0\r\n\r\n"))),
        ("expected", refused(&format!("Content-Length: {length}\r\nExpect: 100-continue"), HIDDEN)),
    ];
    assert_attacks(&attacks.map(|(name, bytes)| (name, bytes, &[401][..], seen)));
}
