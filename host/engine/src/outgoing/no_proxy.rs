//! `NO_PROXY`: the hosts that are reached without a proxy.

use std::net::IpAddr;

use super::route::ip_address;

/// Whether the list names the host.
///
/// The items stand between commas or white space. `*` is every host; a name is itself and every name
/// that ends with it after a dot, with `.` or `*.` before it or without; an IP address is itself, and
/// with `/BITS` its network. An item with a port is for that port alone.
///
/// Ports, `*.`, white space without a comma, and `*` beside other items are not curl's.
pub(super) fn has(list: &str, host: &str, port: u16) -> bool {
    let mut items = list.split(|c: char| c == ',' || c.is_whitespace());
    items.any(|item| !item.is_empty() && names(item, host, port))
}

fn names(item: &str, host: &str, port: u16) -> bool {
    if item == "*" {
        return true;
    }
    let (item, only) = split_port(item);
    if only.is_some_and(|only| only != port) {
        return false;
    }
    match ip_address(host) {
        Some(address) => names_address(item, address),
        None => names_name(item, host.strip_suffix('.').unwrap_or(host)),
    }
}

/// `HOST:PORT` or `[ADDRESS]:PORT`; an address of version 6 without brackets has no port.
fn split_port(item: &str) -> (&str, Option<u16>) {
    let split = item.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match split {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (item, None),
    }
}

fn names_address(item: &str, address: IpAddr) -> bool {
    let (network, bits) = match item.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (item, Some(u32::MAX)),
    };
    match (ip_address(network), address, bits) {
        (Some(IpAddr::V4(network)), IpAddr::V4(address), Some(bits)) => {
            same_network(network.to_bits().into(), address.to_bits().into(), 32, bits)
        }
        (Some(IpAddr::V6(network)), IpAddr::V6(address), Some(bits)) => {
            same_network(network.to_bits(), address.to_bits(), 128, bits)
        }
        _ => false,
    }
}

/// `u32::MAX` bits are all of them; any other number above `width` is no network.
fn same_network(network: u128, address: u128, width: u32, bits: u32) -> bool {
    match bits {
        u32::MAX => network == address,
        bits if bits > width => false,
        bits => (network ^ address).checked_shr(width - bits).unwrap_or(0) == 0,
    }
}

fn names_name(item: &str, host: &str) -> bool {
    let item = item.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(item);
    let item = item.strip_prefix('.').unwrap_or(item);
    let item = item.strip_suffix('.').unwrap_or(item);
    let Some(start) = host.len().checked_sub(item.len()) else { return false };
    // Host names are ASCII; where an item is not, this finds nothing.
    let ends = host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(item));
    !item.is_empty() && ends && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_as_curl_finds_them() {
        for (list, host, expected) in [
            ("*", "example.com", true),
            ("a.example, *", "example.com", true),
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("example.com", "www.example.com", true),
            (".example.com", "www.example.com", true),
            (".example.com", "example.com", true),
            ("*.example.com", "www.example.com", true),
            ("example.com.", "example.com", true),
            ("example.com", "example.com.", true),
            ("example.com", "nonexample.com", false),
            ("www.example.com", "example.com", false),
            ("*example.com", "nonexample.com", false),
            ("a.example,b.example", "b.example", true),
            ("a.example, b.example", "b.example", true),
            ("a.example b.example", "b.example", true),
            (" ,, b.example ,", "b.example", true),
            ("", "example.com", false),
            (".", "example.com", false),
            ("ü.example", "example.com", false),
            ("com", "example.com", true),
            ("example.com:443", "example.com", true),
            ("example.com:8443", "example.com", false),
            (".example.com:443", "www.example.com", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1:443", "10.0.0.1", true),
            ("10.0.0.1:80", "10.0.0.1", false),
            ("10.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/x", "10.0.0.0", false),
            ("0.0.0.0/0", "10.0.0.1", true),
            ("0.0.0.1", "10.0.0.1", false),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("[2001:db8::1]", "[2001:db8::1]", true),
            ("[2001:db8::1]:443", "[2001:db8::1]", true),
            ("[2001:db8::1]:80", "[2001:db8::1]", false),
            ("2001:db8::/32", "[2001:db8:1::1]", true),
            ("2001:db8::/32", "[2001:db9::1]", false),
            ("::/0", "[2001:db9::1]", true),
            ("::/0", "10.0.0.1", false),
            ("10.0.0.0/8", "10.example.com", false),
        ] {
            assert_eq!(has(list, host, 443), expected, "{list:?} and {host}");
        }
    }
}
