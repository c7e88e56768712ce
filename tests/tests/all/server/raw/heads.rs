//! Request lines and header lines that are not HTTP/1.1.

use super::*;

fn with_line(line: &str) -> Vec<u8> {
    request(&format!("{line}\r\nContent-Length: 0\r\n"), b"")
}

fn head(text: &str) -> Vec<u8> {
    format!("{text}\r\nHost: test\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn bytes_of_another_protocol_are_refused() {
    let tls = [b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".as_slice(), &[7; 512]].concat();
    assert_attacks(&[
        ("TLS", tls, &[400], &[]),
        ("zeros", vec![0; 1024], &[400], &[]),
        ("bytes", (0..=255).collect(), &[400], &[]),
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
