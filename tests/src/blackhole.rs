//! An address that takes no connection and refuses none, as a host behind a wrong route.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// Long enough for a connection on this machine that would be taken.
const TAKEN_WITHIN: Duration = Duration::from_millis(100);

/// A listener that takes no more connections: its queue is full, and nobody empties it.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: Socket,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
    /// On a port of its own of this address of this machine.
    ///
    /// # Errors
    ///
    /// When the machine has no such address, for example no IPv6.
    pub fn on(address: &str) -> io::Result<Self> {
        let wanted = SocketAddr::new(address.parse().map_err(io::Error::other)?, 0);
        let listener = Socket::new(Domain::for_address(wanted), Type::STREAM, None)?;
        listener.bind(&wanted.into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let connect = || TcpStream::connect_timeout(&address, TAKEN_WITHIN).ok();
        let queued = std::iter::from_fn(connect).collect();
        Ok(Self { address, _listener: listener, _queued: queued })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
