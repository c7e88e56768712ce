//! Where a body ends: one meaning, or a refusal.

use super::*;

/// What an attacker hides behind or inside another request.
const HIDDEN: &str = "POST /hidden HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";

fn with_length(value: &str) -> Vec<u8> {
    request(&format!("Content-Length: {value}\r\n"), b"hello")
}

fn with_encoding(value: &str) -> Vec<u8> {
    let body = format!("5\r\nhello\r\n0\r\n\r\n{HIDDEN}");
    request(&format!("Transfer-Encoding: {value}\r\n"), body.as_bytes())
}

#[test]
fn a_content_length_is_a_number_in_digits() {
    let bad = [
        ("plus", with_length("+5")),
        ("minus", with_length("-5")),
        ("hexadecimal", with_length("0x5")),
        ("letter", with_length("5a")),
        ("empty", with_length("")),
        ("fraction", with_length("5.0")),
        ("underscore", with_length("1_0")),
        ("inner space", with_length("1 0")),
        ("list of equals", with_length("5, 5")),
        ("list of different", with_length("5, 6")),
        ("other digits", with_length("\u{665}")),
        ("2^64", with_length("18446744073709551616")),
    ];
    assert_refused(400, bad);
    assert_refused(431, [("2^64-1", with_length("18446744073709551615"))]);
}

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
fn only_chunked_is_an_encoding() {
    let bad = [
        ("x", with_encoding("xchunked")),
        ("identity", with_encoding("identity")),
        ("gzip", with_encoding("gzip")),
        ("not last", with_encoding("chunked, identity")),
        ("empty", with_encoding("")),
        ("vertical tab", with_encoding("\x0bchunked")),
        ("quoted", with_encoding("\"chunked\"")),
        ("parameter", with_encoding("chunked;a=b")),
        ("semicolon", with_encoding("chunked;")),
    ];
    assert_refused(400, bad);
}

#[test]
fn http_1_0_has_no_encoding() {
    let bytes = with_encoding("chunked");
    let bytes = String::from_utf8(bytes).unwrap().replacen("HTTP/1.1", "HTTP/1.0", 1);
    assert_refused(400, [("1.0", bytes.into_bytes())]);
}

#[test]
fn a_chunk_is_exact() {
    let bad = [
        ("no size", chunked("\r\nhello\r\n0\r\n\r\n")),
        ("not hexadecimal", chunked("5g\r\nhello\r\n0\r\n\r\n")),
        ("plus", chunked("+5\r\nhello\r\n0\r\n\r\n")),
        ("minus", chunked("-5\r\nhello\r\n0\r\n\r\n")),
        ("prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
        ("2^64", chunked("10000000000000000\r\nhello\r\n0\r\n\r\n")),
        ("size ends in LF", chunked("5\nhello\r\n0\r\n\r\n")),
        ("size ends in CR", chunked("5\rhello\r\n0\r\n\r\n")),
        ("extension ends in LF", chunked("5;a=b\nhello\r\n0\r\n\r\n")),
        ("data ends in LF", chunked("5\r\nhello\n0\r\n\r\n")),
        ("data too long", chunked("5\r\nhello!\r\n0\r\n\r\n")),
        ("data too short", chunked("6\r\nhello\r\n0\r\n\r\n")),
        ("bad trailer", chunked("5\r\nhello\r\n0\r\na b\r\n\r\n")),
    ];
    assert_refused(400, bad);
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
