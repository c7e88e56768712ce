//! An address that is listened on.

use std::io;
use std::net::{self, SocketAddr};
use std::os::unix;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

use super::unix::{SocketFile, bind_socket, check_socket};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The machine does not grant the address, or grants it to somebody else.
    #[error("failed to listen on `{address}`")]
    Refused {
        /// As in the configuration.
        address: String,
        /// The machine's answer.
        #[source]
        source: io::Error,
    },
    /// A process listens on the Unix socket.
    #[error("failed to listen on `unix:{path}`: another process listens there")]
    InUse {
        /// Of the socket.
        path: PathBuf,
    },
    /// The path of the Unix socket is taken by something that must not be replaced.
    #[error("failed to listen on `unix:{path}`: there is a file that is not a socket")]
    NotASocket {
        /// Of the file.
        path: PathBuf,
    },
}

impl ListenError {
    /// Whether somebody else listens there now, who may be gone by the next start.
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Refused { source, .. } => source.kind() == io::ErrorKind::AddrInUse,
            Self::InUse { .. } => true,
            Self::NotASocket { .. } => false,
        }
    }
}

/// Whether the machine would grant an address: nobody can connect before `listen`.
fn grants(address: SocketAddr) -> io::Result<()> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As a listener of the runtime has it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

/// A listener that accepts nothing yet: clients wait until it is served.
#[derive(Debug)]
pub struct Bound {
    socket: Socket,
    address: String,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// One client.
pub(super) enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Bound {
    /// Listens where the configuration says.
    ///
    /// # Errors
    ///
    /// [`ListenError`], every variant.
    pub async fn bind(listen: &Listen) -> Result<Self, ListenError> {
        match listen {
            Listen::Tcp(address) => Self::tcp(*address).await,
            Listen::Unix(path) => Self::unix(path).await,
        }
    }

    /// Finds out whether [`Bound::bind`] would be granted the address, without listening there. `made` is
    /// a folder that will be there by then.
    ///
    /// # Errors
    ///
    /// [`ListenError`], every variant.
    pub async fn check(listen: &Listen, made: &Path) -> Result<(), ListenError> {
        match listen {
            Listen::Tcp(address) => grants(*address)
                .map_err(|source| ListenError::Refused { address: address.to_string(), source }),
            Listen::Unix(path) => check_socket(path, made).await,
        }
    }

    /// Listens on a TCP address; port 0 takes a free one.
    pub async fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        let refused = |source| ListenError::Refused { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?.to_string();
        Ok(Self { socket: Socket::Tcp(listener), address })
    }

    /// Listens on a Unix socket that only this user can connect to.
    ///
    /// A socket nobody listens on any more is replaced. The file goes when the listener does.
    ///
    /// # Errors
    ///
    /// [`ListenError`], every variant.
    pub async fn unix(path: &Path) -> Result<Self, ListenError> {
        let (listener, file) = bind_socket(path).await?;
        let address = format!("unix:{}", path.display());
        Ok(Self { socket: Socket::Unix(listener, file), address })
    }

    /// The address as it can be written in a configuration, with the port that was taken.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The TCP address; `None` for a Unix socket.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(listener) => Ok(Accepted::tcp(listener.accept().await?.0)),
            Socket::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }

    /// Ends listening. What had connected before is in the queue, and must be taken at once.
    pub(super) fn close(self) -> Queue {
        match self.socket {
            Socket::Tcp(listener) => Queue::tcp(listener),
            // The file first, so that nobody connects to a socket that is about to go.
            Socket::Unix(listener, file) => {
                drop(file);
                Queue::unix(listener)
            }
        }
    }
}

impl Accepted {
    fn tcp(stream: TcpStream) -> Self {
        // An answer is written as a whole. Fails only on a socket that is gone already.
        let _ = stream.set_nodelay(true);
        Self::Tcp(stream)
    }
}

/// Connections the machine had completed and nobody had accepted.
///
/// Asked of the socket itself: the runtime may not have heard of them yet.
pub(super) enum Queue {
    Tcp(net::TcpListener),
    Unix(unix::net::UnixListener),
    Lost,
}

impl Queue {
    fn tcp(listener: TcpListener) -> Self {
        listener.into_std().map_or(Self::Lost, Self::Tcp)
    }

    fn unix(listener: UnixListener) -> Self {
        listener.into_std().map_or(Self::Lost, Self::Unix)
    }

    fn accept(&self) -> io::Result<Option<Accepted>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(Some(Accepted::tcp(TcpStream::from_std(stream)?)))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(Some(Accepted::Unix(UnixStream::from_std(stream)?)))
            }
            Self::Lost => Ok(None),
        }
    }
}

impl Iterator for Queue {
    type Item = Accepted;

    /// The next one; `None` when the queue is empty, or cannot be read.
    fn next(&mut self) -> Option<Accepted> {
        self.accept().ok().flatten()
    }
}
