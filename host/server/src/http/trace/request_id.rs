//! The name of a request, in its answer and its log lines.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::{Builder, Uuid};

use crate::access::looks_like_a_token;

/// The header that brings and returns it.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Most characters that are taken from a caller.
const MAX_CHARS: usize = 128;

/// The caller's `X-Request-Id` if it is one of 1 to 128 letters, digits, `.`, `_` and `-`, and no
/// token in the wrong place; else a new UUIDv7. In the extensions of every request.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match received(headers) {
            Some(id) => Self(id.into()),
            None => Self::new(),
        }
    }

    fn new() -> Self {
        Self(new_uuid().hyphenated().encode_lower(&mut Uuid::encode_buffer()).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// A UUIDv7 without the system call for random bytes that would cost as much as all else here: a
/// number hashed with random keys of the process. Unique, not secret.
fn new_uuid() -> Uuid {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static MADE: AtomicU64 = AtomicU64::new(0);

    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let (first, second) = (KEYS.hash_one((number, 0)), KEYS.hash_one((number, 1)));
    let hashed = (u128::from(first) << 64 | u128::from(second)).to_be_bytes();
    let mut rest = [0; 10];
    rest.iter_mut().zip(hashed).for_each(|(byte, hashed)| *byte = hashed);
    let millis = u64::try_from(admit::clock::since_1970().as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
}

/// The one id received, if it is of the form that is taken.
fn received(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(HEADER).iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else { return None };
    let taken = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let fits = (1..=MAX_CHARS).contains(&value.len()) && value.iter().all(taken);
    str::from_utf8(value).ok().filter(|_| fits && !looks_like_a_token(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).expect("a header value"));
        }
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_well_formed_id_is_taken() {
        let longest = "x".repeat(128);
        for id in ["a", "0198c1de-1f0a-7000-8000-0123456789ab", "A_b.c-9", &longest] {
            assert_eq!(of(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
        let too_long = "x".repeat(129);
        let table: [&[&[u8]]; 11] = [
            &[],
            &[b""],
            &[b"a b"],
            &[b"a\tb"],
            &[b"a,b"],
            &[b"a\"b"],
            &[b"eyJhbGciOiJSUzI1NiJ9"],
            &[b"admit_1_secret"],
            &[b"\xc3\xa4"],
            &[too_long.as_bytes()],
            &[b"one", b"two"],
        ];
        for values in table {
            let id = of(values);
            let id = Uuid::try_parse(&id).expect("a UUID");
            assert_eq!(id.get_version_num(), 7, "{values:?}");
        }
    }

    #[test]
    fn new_ids_differ_and_rise_with_time() {
        let ids: Vec<Uuid> = (0..1000).map(|_| new_uuid()).collect();
        let distinct: std::collections::HashSet<&Uuid> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        let seconds = |id: &Uuid| id.get_timestamp().expect("a time").to_unix().0;
        let now = admit::gate::now();
        assert!(ids.iter().all(|id| seconds(id).abs_diff(now) < 60));
    }
}
