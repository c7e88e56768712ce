//! A copy of the store.

use std::fs::File;
use std::io::{Read, Result as IoResult};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::call::Call;
use super::error::ApiError;

/// Bytes that are read at a time.
const PART: usize = 256 * 1024;

/// `GET /v1/store/backup`.
pub(super) async fn get(call: Call) -> Result<Response, ApiError> {
    let backup = call.app.store.backup().await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment; filename=\"admit.db\""),
        (CACHE_CONTROL, "no-store"),
    ];
    let body = FileBody { left: backup.bytes, reading: read(backup.file) };
    Ok((headers, Body::new(body)).into_response())
}

/// A file as a body, read on a thread that may wait.
struct FileBody {
    left: u64,
    reading: JoinHandle<IoResult<(File, Vec<u8>)>>,
}

impl hyper::body::Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<IoResult<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let (file, mut part) = ready!(Pin::new(&mut self.reading).poll(context))??;
        if part.is_empty() {
            // The answer ends before its length, so that whoever reads it does not take it for whole.
            return Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())));
        }
        part.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= part.len() as u64;
        if self.left > 0 {
            self.reading = read(file);
        }
        Poll::Ready(Some(Ok(Frame::data(part.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn read(mut file: File) -> JoinHandle<IoResult<(File, Vec<u8>)>> {
    tokio::task::spawn_blocking(move || {
        let mut part = vec![0; PART];
        let length = file.read(&mut part)?;
        part.truncate(length);
        Ok((file, part))
    })
}
