//! `tests/attacks/raw.yaml`: requests that are not HTTP/1.1, or mean two things.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// What an attacker hides behind or inside another request.
pub(super) const HIDDEN: &str = "POST /hidden HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    refused: BTreeMap<String, Refused>,
    answered: Vec<Answered>,
}

/// Values by name, for each part of a request that they go into.
#[derive(Deserialize)]
struct Refused {
    status: u16,
    #[serde(flatten)]
    values: BTreeMap<Part, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Answered {
    name: String,
    #[serde(flatten)]
    value: BTreeMap<Part, String>,
    answers: Vec<u16>,
    #[serde(default)]
    seen: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Part {
    Length,
    Encoding,
    Chunks,
    Line,
    Head,
    Target,
    Bytes,
}

impl Part {
    fn request(self, value: &str) -> Vec<u8> {
        match self {
            Self::Length => request(&format!("Content-Length: {value}\r\n"), b"hello"),
            Self::Encoding => {
                let body = format!("5\r\nhello\r\n0\r\n\r\n{HIDDEN}");
                request(&format!("Transfer-Encoding: {value}\r\n"), body.as_bytes())
            }
            Self::Chunks => chunked(value),
            Self::Line => request(&format!("{value}\r\nContent-Length: 0\r\n"), b""),
            Self::Head => {
                format!("{value}\r\nHost: test\r\nContent-Length: 0\r\n\r\n").into_bytes()
            }
            Self::Target => {
                let head =
                    format!("POST {value} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
                head.into_bytes()
            }
            Self::Bytes => value.as_bytes().to_vec(),
        }
    }
}

fn tables() -> Tables {
    serde_saphyr::from_str(include_str!("../../../../attacks/raw.yaml")).unwrap()
}

#[test]
fn what_is_no_request_is_refused() {
    for (name, Refused { status, values }) in tables().refused {
        let requests = values.iter().flat_map(|(part, values)| {
            values.iter().map(|(name, value)| (&**name, part.request(value)))
        });
        println!("{name}");
        assert_refused(status, requests);
    }
}

#[test]
fn what_has_two_meanings_gets_the_answers_of_one() {
    let server = Server::start(PATIENT);
    for Answered { name, value, answers, seen } in tables().answered {
        let (part, value) = value.iter().next().unwrap();
        let came = server.send(part.request(value));
        assert_eq!((statuses(&came), server.seen()), (answers, seen), "{name}");
        server.assert_serves();
    }
}
