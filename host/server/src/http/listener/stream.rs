//! A client's socket that does not wait for ever, and is closed so that the answer arrives.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::place::Place;

/// How long the rest of what a client sends is thrown away after the answer.
///
/// Closing a socket with unread bytes makes the machine reset the connection, and a client that
/// is still sending, say a body over the limit, would never see why it was refused.
const LINGER: Duration = Duration::from_secs(1);

/// Bytes thrown away in one read.
const DISCARDED: usize = 4096;

/// A client's socket.
pub(super) struct Stream<S> {
    socket: S,
    /// How long one write may wait for the client to read.
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs from the end of the answer.
    leaving: Option<Pin<Box<Sleep>>>,
    place: Arc<Place>,
    /// Dropped when nothing more is to be answered.
    open: Option<Arc<()>>,
}

impl<S> Stream<S> {
    /// `open` is held until the last answer is written.
    pub(super) fn new(socket: S, patience: Duration, place: Arc<Place>, open: Arc<()>) -> Self {
        Self { socket, patience, stalled: None, leaving: None, place, open: Some(open) }
    }

    /// An error once connections are cut off. The task of a request may go on a little then, and its
    /// answer must not go out: what should have come first was given up.
    fn may_write(&self) -> io::Result<()> {
        match self.place.is_cut() {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }

    /// `written`, unless it has been pending for too long.
    fn within_patience<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.stalled.take().is_some() {
                self.place.set_waits(false);
            }
            self.place.sent();
            return written;
        }
        if self.stalled.is_none() {
            self.place.set_waits(true);
        }
        let patience = self.patience;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> Stream<S> {
    /// Ready when the client has closed its side, or has had its time.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let timer = self.leaving.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        loop {
            if timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; DISCARDED];
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.place.received();
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.may_write()?;
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.within_patience(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.may_write()?;
        let written = Pin::new(&mut this.socket).poll_write_vectored(context, slices);
        this.within_patience(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = ready!(Pin::new(&mut this.socket).poll_flush(context));
        this.place.wrote();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.open.is_some() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
            this.open = None;
        }
        this.poll_discard(context)
    }
}
