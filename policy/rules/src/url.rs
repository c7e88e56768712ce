//! A strict reader for https URLs.
//!
//! Libraries that read URLs repair what they are given: backslashes, white space, escapes and
//! look-alike letters can all end up as somebody else's host. This reader repairs nothing. A text
//! that would not come out of a parser as it went in is refused.
//!
//! Source: RFC 3986 §3.2, §7.6; WHATWG URL, whose repairs are the ones refused here.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The port of a URL that names none.
const DEFAULT_PORT: u16 = 443;
/// Longest host name, RFC 1035 §2.3.4.
const MAX_HOST: usize = 253;
/// Longest label of a host name, RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;

/// An https URL of the form `https://host[:port][/path]`.
///
/// The host is a name of ASCII letters, digits and hyphens, an IPv4 address or a bracketed IPv6
/// address. User information, query and fragment are refused; the path is checked, not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl {
    host: Host,
    port: u16,
}

/// A host, in the one form in which equal hosts are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// In lower case.
    Name(Box<str>),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// A URL as it was read, before anything is copied.
struct Parts<'a> {
    host: HostText<'a>,
    port: u16,
}

/// A host as it was written.
enum HostText<'a> {
    Name(&'a str),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// Why a text is not a URL of that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// It does not start with `https://`.
    Scheme,
    /// The host is empty, or is none of the accepted forms.
    Host,
    /// The port is not a decimal number from 1 to 65535 without leading zeros.
    Port,
    /// It holds user information, a query, a fragment, or a path with characters or segments that
    /// a parser would change.
    Extra,
}

impl HttpsUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// The first [`UrlFault`] found.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let Parts { host, port } = Parts::parse(text)?;
        let host = match host {
            HostText::Name(name) => Host::Name(name.to_ascii_lowercase().into()),
            HostText::V4(address) => Host::V4(address),
            HostText::V6(address) => Host::V6(address),
        };
        Ok(Self { host, port })
    }

    /// Whether a text is an https URL with this host and this port.
    ///
    /// Letter case of scheme and host, the default port and the path make no difference.
    #[must_use]
    pub fn same_origin(&self, text: &str) -> bool {
        Parts::parse(text)
            .is_ok_and(|other| self.port == other.port && self.host.matches(&other.host))
    }

    /// The port, the default one if the text named none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Host {
    fn matches(&self, other: &HostText<'_>) -> bool {
        match (self, other) {
            (Self::Name(name), HostText::Name(other)) => name.eq_ignore_ascii_case(other),
            (Self::V4(address), HostText::V4(other)) => address == other,
            (Self::V6(address), HostText::V6(other)) => address == other,
            _ => false,
        }
    }
}

impl<'a> Parts<'a> {
    fn parse(text: &'a str) -> Result<Self, UrlFault> {
        let rest = after_scheme(text).ok_or(UrlFault::Scheme)?;
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') || !is_plain_path(path) {
            return Err(UrlFault::Extra);
        }
        let (host, port) = split_port(authority);
        Ok(Self { host: read_host(host)?, port: read_port(port)? })
    }
}

/// What follows `https://`, in whatever letter case.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked("https://".len())?;
    scheme.eq_ignore_ascii_case("https://").then_some(rest)
}

/// Host and port of an authority; a colon inside brackets belongs to the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn read_port(text: Option<&str>) -> Result<u16, UrlFault> {
    let Some(text) = text else {
        return Ok(DEFAULT_PORT);
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let port = text.parse().map_err(|_| UrlFault::Port)?;
    if plain { Ok(port) } else { Err(UrlFault::Port) }
}

fn read_host(text: &str) -> Result<HostText<'_>, UrlFault> {
    let host = if let Some(inside) = text.strip_prefix('[') {
        inside.strip_suffix(']').and_then(|inside| inside.parse().ok()).map(HostText::V6)
    } else if ends_in_number(text) {
        text.parse().ok().map(HostText::V4)
    } else {
        is_host_name(text).then_some(HostText::Name(text))
    };
    host.ok_or(UrlFault::Host)
}

/// Whether parsers would try to read this host as an IPv4 address: `1.2.3`, `0x7f.1`.
fn ends_in_number(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(is_number)
}

/// Whether a label is a decimal or hexadecimal number.
fn is_number(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
        || label
            .strip_prefix("0x")
            .or_else(|| label.strip_prefix("0X"))
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_host_name(host: &str) -> bool {
    host.len() <= MAX_HOST && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a path is empty or `/...` and no parser would change it.
fn is_plain_path(path: &str) -> bool {
    path.is_empty() || (path.starts_with('/') && path.split('/').all(is_plain_segment))
}

/// Letters, digits and the marks of RFC 3986 that need no escape, and no dot segment.
fn is_plain_segment(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@".contains(&byte);
    segment != "." && segment != ".." && segment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> HttpsUrl {
        HttpsUrl::parse("https://mdm.example.com").unwrap()
    }

    #[test]
    fn finds_the_same_origin() {
        let cases = [
            ("as configured", "https://mdm.example.com"),
            ("trailing slash", "https://mdm.example.com/"),
            ("path", "https://mdm.example.com/api/v1"),
            ("empty segment", "https://mdm.example.com//evil.com"),
            ("scheme in upper case", "HTTPS://mdm.example.com"),
            ("host in upper case", "https://MDM.Example.COM"),
            ("default port", "https://mdm.example.com:443"),
            ("default port and slash", "https://mdm.example.com:443/"),
        ];
        for (name, text) in cases {
            assert!(server().same_origin(text), "{name}");
        }
    }

    #[test]
    fn reads_addresses_and_ports() {
        let cases = [
            ("https://192.0.2.1:8443", "https://192.0.2.1:8443/x"),
            ("https://[2001:db8::1]", "https://[2001:DB8:0::1]:443"),
            ("https://[::1]:8443", "https://[::1]:8443/"),
            ("https://localhost:65535", "https://LOCALHOST:65535"),
            ("https://xn--bcher-kva.example", "https://XN--bcher-kva.example"),
            ("https://3com.example.1a", "https://3com.example.1A/"),
            ("https://0.0.0.0:1", "https://0.0.0.0:1/"),
        ];
        for (server, audience) in cases {
            assert!(HttpsUrl::parse(server).unwrap().same_origin(audience), "{server}");
        }
    }

    #[test]
    fn tells_other_origins_apart() {
        let cases = [
            ("other port", "https://mdm.example.com:8443"),
            ("suffix", "https://mdm.example.com.evil.com"),
            ("prefix", "https://evilmdm.example.com"),
            ("sub-domain", "https://a.mdm.example.com"),
            ("parent", "https://example.com"),
            ("in the path", "https://evil.com/mdm.example.com"),
            ("look-alike as punycode", "https://mdm.xn--exmple-cua.com"),
            ("address", "https://192.0.2.1"),
        ];
        for (name, text) in cases {
            assert!(HttpsUrl::parse(text).is_ok_and(|url| url != server()), "{name}");
            assert!(!server().same_origin(text), "{name}");
        }
    }

    #[test]
    fn refuses_what_a_parser_would_repair() {
        use UrlFault::{Extra, Host, Port, Scheme};
        let cases = [
            ("empty", "", Scheme),
            ("http", "http://mdm.example.com", Scheme),
            ("no scheme", "mdm.example.com", Scheme),
            ("no scheme, slashes", "//mdm.example.com", Scheme),
            ("one slash", "https:/mdm.example.com", Scheme),
            ("no slash", "https:mdm.example.com", Scheme),
            ("three slashes", "https:///mdm.example.com", Host),
            ("backslashes", "https:\\\\mdm.example.com", Scheme),
            ("leading space", " https://mdm.example.com", Scheme),
            ("leading newline", "\nhttps://mdm.example.com", Scheme),
            ("tab in the scheme", "ht\ttps://mdm.example.com", Scheme),
            ("space after the scheme", "https:// mdm.example.com", Host),
            ("no host", "https://", Host),
            ("no host, port", "https://:443", Host),
            ("trailing space", "https://mdm.example.com ", Host),
            ("newline in the host", "https://mdm.exa\nmple.com", Host),
            ("NUL in the host", "https://mdm.example.com\0", Host),
            ("trailing dot", "https://mdm.example.com.", Host),
            ("empty label", "https://mdm..example.com", Host),
            ("underscore", "https://mdm_1.example.com", Host),
            ("hyphen first", "https://-mdm.example.com", Host),
            ("hyphen last", "https://mdm-.example.com", Host),
            ("punycode of ASCII", "https://xn--mdm-.example.com", Host),
            ("wildcard", "https://*.example.com", Host),
            ("percent in the host", "https://mdm%2Eexample.com", Host),
            ("full-width letter", "https://\u{ff4d}dm.example.com", Host),
            ("ideographic dot", "https://mdm\u{3002}example.com", Host),
            ("soft hyphen", "https://mdm\u{ad}.example.com", Host),
            ("zero-width non-joiner", "https://mdm\u{200c}.example.com", Host),
            ("kelvin sign", "https://\u{212a}.example.com", Host),
            ("cyrillic letter", "https://mdm.ex\u{0430}mple.com", Host),
            ("short IPv4", "https://192.0.513", Host),
            ("hexadecimal IPv4", "https://0x7f.1", Host),
            ("hexadecimal last label", "https://mdm.example.0x7f", Host),
            ("hexadecimal last label, upper case", "https://mdm.example.0X7F", Host),
            ("hexadecimal prefix alone", "https://mdm.example.0x", Host),
            ("number as host", "https://3221225985", Host),
            ("IPv4, leading zero", "https://192.0.02.1", Host),
            ("IPv6 with zone", "https://[fe80::1%25eth0]", Host),
            ("IPv6, unclosed", "https://[::1", Host),
            ("IPv6 without brackets", "https://::1", Host),
            ("text after IPv6", "https://[::1]evil", Host),
            ("user", "https://mdm.example.com@evil.com", Extra),
            ("user and password", "https://a:b@mdm.example.com", Extra),
            ("port and user", "https://mdm.example.com:443@evil.com", Extra),
            ("query", "https://mdm.example.com?x", Extra),
            ("empty query", "https://mdm.example.com/?", Extra),
            ("fragment", "https://mdm.example.com#x", Extra),
            ("fragment with host", "https://evil.com#@mdm.example.com", Extra),
            ("backslash in the path", "https://mdm.example.com\\x", Extra),
            ("backslash before user", "https://evil.com\\@mdm.example.com", Extra),
            ("dot segments", "https://mdm.example.com/a/../b", Extra),
            ("dot segment", "https://mdm.example.com/.", Extra),
            ("escaped path", "https://mdm.example.com/%2e%2e", Extra),
            ("space in the path", "https://mdm.example.com/ ", Extra),
            ("no port", "https://mdm.example.com:", Port),
            ("port zero", "https://mdm.example.com:0", Port),
            ("port, leading zero", "https://mdm.example.com:0443", Port),
            ("port, overflow", "https://mdm.example.com:65979", Port),
            ("port, sign", "https://mdm.example.com:+443", Port),
            ("port, letters", "https://mdm.example.com:https", Port),
            ("two ports", "https://mdm.example.com:443:443", Host),
        ];
        for (name, text, fault) in cases {
            assert_eq!(HttpsUrl::parse(text), Err(fault), "{name}");
            assert!(!server().same_origin(text), "{name}");
        }
    }

    #[test]
    fn host_names_and_their_labels_have_a_longest() {
        let label = |length: usize| HttpsUrl::parse(&format!("https://{}.com", "a".repeat(length)));
        assert!(label(63).is_ok());
        assert_eq!(label(64), Err(UrlFault::Host));
        let host = |last: &str| HttpsUrl::parse(&format!("https://{}{last}", "a.".repeat(126)));
        assert!(host("a").is_ok(), "253 characters");
        assert_eq!(host("aa"), Err(UrlFault::Host), "254 characters");
    }

    #[test]
    fn a_path_keeps_the_marks_that_need_no_escape() {
        let marks = "https://mdm.example.com/-._~!$&()*+,;=:@/...";
        assert!(server().same_origin(marks));
        for other in ["'", "%", "\"", "<", ">", "[", "]", "^", "`", "{", "|", "}", "\u{e9}"] {
            assert!(!server().same_origin(&format!("https://mdm.example.com/{other}")), "{other}");
        }
    }

    #[test]
    fn names_its_port() {
        for (text, port) in [("https://h", 443), ("https://h:443", 443), ("https://h:8443", 8443)] {
            assert_eq!(HttpsUrl::parse(text).map(|url| url.port()), Ok(port), "{text}");
        }
    }
}
