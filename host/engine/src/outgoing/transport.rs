//! A TCP connection, as the client wants it: every read and write ends.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::dial::DialError;

/// Longer than anything here is waited for.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: TcpStream,
    peer: SocketAddr,
    buffers: LazyBuffers,
}

impl TcpTransport {
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, buffers: LazyBuffers) -> Self {
        Self { stream, peer, buffers }
    }

    /// Sends all of `output`, which is not longer than the buffer.
    fn send(&mut self, amount: usize, deadline: Instant) -> io::Result<()> {
        let mut rest = self.buffers.output().get(..amount).unwrap_or_default();
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?))?;
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<usize> {
        let received = loop {
            self.stream.set_read_timeout(Some(left(deadline)?))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                received => break received?,
            }
        };
        self.buffers.input_appended(received);
        Ok(received)
    }

    fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                DialError::Silent { peer: self.peer }.into()
            }
            _ => Error::Io(error),
        }
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.send(amount, deadline(timeout)).map_err(|error| self.failed(error))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let received = self.receive(deadline(timeout)).map_err(|error| self.failed(error))?;
        Ok(received > 0)
    }

    /// An idle connection is of use while nothing has come on it, not even its end.
    fn is_open(&mut self) -> bool {
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut [0]));
        let is_quiet = peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        is_quiet && self.stream.set_nonblocking(false).is_ok()
    }
}

fn deadline(timeout: NextTimeout) -> Instant {
    Instant::now() + (*timeout.after).min(FOREVER)
}

/// A socket takes no time-out of zero.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
