//! A tunnel through a proxy: `CONNECT` (RFC 9110 §9.3.6).

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::dial::DialError;
use super::proxy::Proxy;

/// The most that a proxy may answer before its tunnel.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// A connection whose other end is behind the proxy, and with which nothing is encrypted yet.
#[derive(Debug)]
pub(super) struct Tunnel {
    transport: Box<dyn Transport>,
    proxy: String,
}

impl Tunnel {
    /// Asks the proxy at the other end of `transport` for a tunnel to `target`.
    pub(super) fn open(
        mut transport: Box<dyn Transport>,
        proxy: &Proxy,
        target: &Uri,
        left: impl Fn() -> NextTimeout,
    ) -> Result<Self, Error> {
        let request = request(proxy, target);
        let output = transport.buffers().output().get_mut(..request.len());
        let refused = |answer: String| {
            let proxy = proxy.to_string();
            Error::from(DialError::ProxyAnswer { proxy, answer })
        };
        let output = output.ok_or_else(|| refused("was not asked: too long".to_owned()))?;
        output.copy_from_slice(request.as_bytes());
        transport.transmit_output(request.len(), left())?;
        let head = loop {
            let input = transport.buffers().input();
            if let Some(end) = end_of_head(input) {
                let head = input.get(..end).unwrap_or_default().to_vec();
                transport.buffers().input_consume(end);
                break head;
            }
            if input.len() > MAX_HEAD_BYTES || !transport.await_input(left())? {
                return Err(refused("gave no answer in HTTP".to_owned()));
            }
        };
        match status(&head) {
            Some(200..=299) => Ok(Self { transport, proxy: proxy.to_string() }),
            Some(407) => Err(refused(
                "answered 407; expected in its address: a user name and password that it takes"
                    .to_owned(),
            )),
            Some(other) => Err(refused(format!("answered {other}; expected 200"))),
            None => Err(refused("gave no answer in HTTP".to_owned())),
        }
    }

    /// The silence is the server's: the proxy has answered.
    fn failed(&self, error: Error) -> Error {
        match DialError::of(error) {
            Ok(DialError::Silent { .. }) => {
                DialError::SilentBehind { proxy: self.proxy.clone() }.into()
            }
            Ok(error) => error.into(),
            Err(error) => error,
        }
    }
}

fn request(proxy: &Proxy, target: &Uri) -> String {
    let host = target.host().unwrap_or_default();
    let target = format!("{host}:{}", target.port_u16().unwrap_or(443));
    let agent = concat!("admit/", env!("CARGO_PKG_VERSION"));
    let credentials = proxy.credentials();
    let credentials = credentials.map(|basic| format!("Proxy-Authorization: Basic {basic}\r\n"));
    format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {agent}\r\n{}\r\n",
        credentials.unwrap_or_default()
    )
}

fn end_of_head(input: &[u8]) -> Option<usize> {
    input.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|start| start + 4)
}

/// The status of `HTTP/1.x NNN ...`.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5).filter(|_| rest.get(1) == Some(&b' '))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Transport for Tunnel {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let sent = self.transport.transmit_output(amount, timeout);
        sent.map_err(|error| self.failed(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let has_come = self.transport.await_input(timeout);
        has_come.map_err(|error| self.failed(error))
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    /// The proxy may be spoken to in TLS; that says nothing of the server behind it.
    fn is_tls(&self) -> bool {
        false
    }
}
