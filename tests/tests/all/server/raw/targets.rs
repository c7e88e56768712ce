//! Targets that lead elsewhere once somebody cleans them up. Nobody does.

use super::*;

fn with_target(target: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

#[test]
fn a_path_is_compared_as_it_came() {
    assert_attacks(&[
        ("dots", with_target("/x/../echo"), &[404], &["POST /x/../echo -"]),
        ("one dot", with_target("/./echo"), &[404], &["POST /./echo -"]),
        ("encoded dots", with_target("/x/%2e%2e/echo"), &[404], &["POST /x/%2e%2e/echo -"]),
        ("encoded slash", with_target("/x%2f..%2fecho"), &[404], &["POST /x%2f..%2fecho -"]),
        ("leading encoded slash", with_target("/%2fecho"), &[404], &["POST /%2fecho -"]),
        ("two slashes", with_target("//echo"), &[404], &["POST //echo -"]),
        ("trailing slash", with_target("/echo/"), &[404], &["POST /echo/ -"]),
        ("encoded letter", with_target("/%65cho"), &[404], &["POST /%65cho -"]),
        ("encoded NUL", with_target("/echo%00"), &[404], &["POST /echo%00 -"]),
        ("upper case", with_target("/ECHO"), &[404], &["POST /ECHO -"]),
        ("backslash", with_target("/x\\..\\echo"), &[404], &["POST /x\\..\\echo -"]),
    ]);
}

#[test]
fn a_target_of_another_form_is_a_path_or_nothing() {
    assert_attacks(&[
        ("absolute", with_target("http://other/echo"), &[200], &["POST /echo"]),
        ("absolute, no path", with_target("http://other"), &[404], &["POST / -"]),
        ("other scheme", with_target("file:///echo"), &[400], &[]),
        ("no slash", with_target("echo"), &[404], &["POST  -"]),
        ("asterisk", with_target("*"), &[404], &["POST * -"]),
        ("fragment", with_target("/echo#x"), &[200], &["POST /echo"]),
        ("query", with_target("/echo?/../x"), &[200], &["POST /echo"]),
    ]);
}

#[test]
fn there_is_no_tunnel() {
    let connect = b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n".to_vec();
    assert_attacks(&[("connect", connect, &[404], &["CONNECT  -"])]);
}
