//! Request lines and header lines that are not HTTP/1.1.

use super::*;

fn with_line(line: &str) -> Vec<u8> {
    request(&format!("{line}\r\nContent-Length: 0\r\n"), b"")
}

fn head(text: &str) -> Vec<u8> {
    format!("{text}\r\nHost: test\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn a_header_line_has_one_reading() {
    let bad = [
        ("obs-fold", with_line("X: a\r\n b")),
        ("obs-fold by tab", with_line("X: a\r\n\tb")),
        ("space before the colon", with_line("Content-Length : 5")),
        ("tab before the colon", with_line("Content-Length\t: 5")),
        ("no colon", with_line("Content-Length")),
        ("no name", with_line(": 5")),
        ("bare CR", with_line("X: a\rContent-Length: 5")),
        ("NUL", with_line("X: a\0b")),
        ("NUL in a name", with_line("X\0: b")),
        ("name beyond ASCII", with_line("Cont\u{e9}nt: b")),
        ("bracket in a name", with_line("X(: b")),
    ];
    assert_refused(400, bad);
    let folded = b"POST /echo HTTP/1.1\r\n Host: test\r\nContent-Length: 0\r\n\r\n".to_vec();
    assert_refused(400, [("white space first", folded)]);
}

/// RFC 9112 section 2.2 allows to take a bare LF for a line end. The reader does, everywhere: what
/// stands before the server must not pass one on inside a value.
#[test]
fn a_bare_line_feed_ends_a_line() {
    let all = b"POST /echo HTTP/1.1\nHost: test\nContent-Length: 5\n\nhello".to_vec();
    let inside = request("X: a\nContent-Length: 5\r\n", b"hello");
    let empty = request("X: a\n\nPOST /echo HTTP/1.1\r\nContent-Length: 5\r\n", b"hello");
    assert_attacks(&[
        ("everywhere", all, &[200], &["POST /echo hello"]),
        ("in the head", inside, &[200], &["POST /echo hello"]),
        ("twice", empty, &[200, 200], &["POST /echo", "POST /echo hello"]),
    ]);
}

#[test]
fn a_request_line_is_method_target_version() {
    let bad = [
        ("two spaces", head("POST  /echo HTTP/1.1")),
        ("tab", head("POST\t/echo\tHTTP/1.1")),
        ("trailing space", head("POST /echo HTTP/1.1 ")),
        ("space in the target", head("POST /ec ho HTTP/1.1")),
        ("no target", head("POST HTTP/1.1")),
        ("no version", head("POST /echo")),
        ("method with a bracket", head("PO(ST /echo HTTP/1.1")),
        ("lower-case version", head("POST /echo http/1.1")),
        ("1.2", head("POST /echo HTTP/1.2")),
        ("1.10", head("POST /echo HTTP/1.10")),
        ("2.0", head("POST /echo HTTP/2.0")),
        ("0.9", head("POST /echo HTTP/0.9")),
        ("leading space", head(" POST /echo HTTP/1.1")),
        ("NUL in the target", head("POST /echo\0 HTTP/1.1")),
        ("0.9 without version", b"GET /echo\r\n".to_vec()),
    ];
    assert_refused(400, bad);
}

#[test]
fn another_protocol_is_not_answered_in_it() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let upgrade = request(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\
         Content-Length: 5\r\n",
        b"hello",
    );
    let tls = [b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".as_slice(), &[7; 512]].concat();
    let seen: &[_] = &["POST /echo hello"];
    assert_attacks(&[
        ("HTTP/2 preface", preface, &[], &[]),
        ("upgrade to HTTP/2", upgrade, &[200], seen),
        ("TLS", tls, &[400], &[]),
        ("zeros", vec![0; 1024], &[400], &[]),
        ("bytes", (0..=255).collect(), &[400], &[]),
        ("an answer", b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[400], &[]),
        ("nothing", Vec::new(), &[], &[]),
        ("empty lines", b"\r\n".repeat(1_000), &[], &[]),
    ]);
}

#[test]
fn a_head_is_bounded() {
    let value = with_line(&format!("X: {}", "a".repeat(64 << 10)));
    let name = with_line(&format!("{}: a", "X".repeat(32 << 10)));
    let many = with_line("X: a\r\n".repeat(1_000).trim_end());
    let target = head(&format!("POST /{} HTTP/1.1", "a".repeat(64 << 10)));
    let method = head(&format!("{} / HTTP/1.1", "A".repeat(64 << 10)));
    let endless = vec![b'a'; 1 << 20];
    let attacks = [
        ("value", value),
        ("name", name),
        ("1,000 headers", many),
        ("target", target),
        ("method", method),
        ("no end", endless),
    ];
    assert_refused(431, attacks);
}
