//! Requests written by hand, over any kind of connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::client::Reply;

/// An answer: its head, in lower case, and its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Whether it is the last one of its connection.
    pub(crate) fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }
}

pub(crate) fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap()
}

/// A POST with a JSON body.
pub(crate) fn post(path: &str, access: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\n{headers}\r\n")
}

/// Sends a request and reads its answer.
pub(crate) fn ask(stream: &mut (impl Read + Write), request: &str) -> Answer {
    stream.write_all(request.as_bytes()).unwrap();
    answer(stream).unwrap()
}

/// The next answer; absent when the connection ended before its end.
pub(crate) fn answer(stream: &mut impl Read) -> Option<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(byte(stream)?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Answer { head, body: String::from_utf8(body).unwrap() })
}

fn byte(stream: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte).ok().map(|()| byte[0])
}

/// A request with a head that promises a body, which never comes.
pub(crate) struct Unfinished(TcpStream);

impl Unfinished {
    /// Sends the head to `http://IP:PORT`.
    pub(crate) fn send(address: &str, access: &str, method: &str, path: &str) -> Self {
        Self::promise(1_000, address, access, method, path)
    }

    /// As [`Unfinished::send`], with this number of bytes promised.
    pub(crate) fn promise(
        bytes: usize,
        address: &str,
        access: &str,
        method: &str,
        path: &str,
    ) -> Self {
        let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(super::server::PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n\
             Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(stream)
    }

    /// What comes until the server closes the connection.
    pub(crate) fn answer(self) -> Reply {
        only_answer(self.0)
    }
}

/// The one answer on a connection that ends with it.
pub(crate) fn only_answer(mut stream: impl Read) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    let headers = headers.lines().map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    });
    Reply {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: HeaderMap::from_iter(headers),
        body: bytes[end + 4..].to_vec(),
    }
}
