//! The listener under clients that speak HTTP badly, slowly or with a second meaning.
//!
//! Every attack is written on a raw socket, and followed by a good request to the same server.
//! What the router was given is recorded: a request that is hidden in another one must not be there.

mod bodies;
mod framing;
mod heads;
mod tables;
mod time;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use admit_server::http::listener::{Bound, Limits, is_body_timeout, serve};
use admit_server::metrics::ConnectionMetrics;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::sync::oneshot;
use tower_http::limit::RequestBodyLimitLayer;

/// Bytes of a body the router takes.
const MAX_BODY: usize = 4096;

/// How long a client of these tests waits for anything; one that does has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// No client runs out of time.
const PATIENT: Limits = Limits {
    connections: 64,
    header: PATIENCE,
    idle: PATIENCE,
    body: PATIENCE,
    drain: Duration::from_secs(5),
};

/// What the router was given, as `METHOD path body`.
type Seen = Arc<Mutex<Vec<String>>>;

/// The listener with a router of its own, on a thread of its own.
struct Server {
    address: SocketAddr,
    seen: Seen,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let seen = Seen::default();
        let router = router(Arc::clone(&seen));
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, address) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = Bound::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
                bound.send(listener.tcp_address().unwrap()).unwrap();
                let metrics = ConnectionMetrics::default();
                serve(listener, router, limits, &metrics, async { drop(stopped.await) }).await;
            });
        });
        let address = address.blocking_recv().unwrap();
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> Client {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { socket }
    }

    /// Writes these bytes, and nothing more, to a new connection and reads until it is closed.
    #[track_caller]
    fn send(&self, bytes: impl AsRef<[u8]>) -> Vec<Answer> {
        let mut client = self.connect();
        client.write(bytes);
        client.finish();
        answers(&client.rest())
    }

    /// What the router was given since the last call.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// A good request gets its answer.
    #[track_caller]
    fn assert_serves(&self) {
        let answers = self.send(good(b"still here"));
        assert_eq!(statuses(&answers), [200]);
        assert_eq!(answers[0].body, b"still here");
        assert_eq!(self.seen(), ["POST /echo still here"]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err())
            && !std::thread::panicking()
        {
            panic!("the server panicked");
        }
    }
}

/// A name, the bytes, the statuses of all answers before the server closes, and what the router saw.
type Attack<'a> = (&'a str, Vec<u8>, &'a [u16], &'a [&'a str]);

/// Runs a table of attacks against one server.
#[track_caller]
fn assert_attacks(attacks: &[Attack<'_>]) {
    let server = Server::start(PATIENT);
    for (name, bytes, expected, seen) in attacks {
        let answers = server.send(bytes);
        assert_eq!(statuses(&answers), *expected, "{name}");
        assert_eq!(server.seen(), *seen, "{name}");
        server.assert_serves();
    }
}

/// Runs a table of attacks that get this status, end their connection, and never reach the router.
#[track_caller]
fn assert_refused<'a>(status: u16, attacks: impl IntoIterator<Item = (&'a str, Vec<u8>)>) {
    let server = Server::start(PATIENT);
    for (name, bytes) in attacks {
        let answers = server.send(bytes);
        assert_eq!(statuses(&answers), [status], "{name}");
        assert!(answers[0].closes(), "{name}: {}", answers[0].head);
        assert_eq!(server.seen(), [""; 0], "{name}");
        server.assert_serves();
    }
}

/// A raw connection.
struct Client {
    socket: TcpStream,
}

impl Client {
    /// Writes; that the server has closed already is no surprise.
    fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.socket.write_all(bytes.as_ref()).is_ok()
    }

    /// Says that nothing more will be written; the server may have closed already.
    fn finish(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Reads until the server closes, or resets, the connection.
    #[track_caller]
    fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.socket.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the server did not close: {error}"),
        }
        bytes
    }

    /// Reads one answer to a good request and leaves the connection open.
    #[track_caller]
    fn one_answer(&mut self) -> Answer {
        let mut bytes = Vec::new();
        loop {
            let mut chunk = [0; 1024];
            let length = self.socket.read(&mut chunk).unwrap();
            assert_ne!(length, 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&chunk[..length]);
            if let Some((answer, rest)) = Answer::take(&bytes) {
                assert!(rest.is_empty());
                return answer;
            }
        }
    }

    /// Whether nothing comes within this time; what comes stays to be read.
    fn hears_nothing(&self, time: Duration) -> bool {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let error = self.socket.peek(&mut [0]).err().map(|error| error.kind());
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        matches!(error, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// The first answer in these bytes, if it is whole, and what follows it.
    fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let (head, rest) = bytes.split_at(end);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let (body, rest) = rest.split_at_checked(length)?;
        Some((Self { status, head, body: body.to_vec() }, rest))
    }

    /// Whether it says that the connection ends with it.
    fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }
}

/// All answers, with nothing between or after them.
#[track_caller]
fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some((answer, rest)) = Answer::take(bytes) {
        answers.push(answer);
        bytes = rest;
    }
    assert!(bytes.is_empty(), "no answer: {:?}", String::from_utf8_lossy(bytes));
    answers
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

/// A request that is answered with its own body.
fn good(body: &[u8]) -> Vec<u8> {
    request(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// A request to `/echo` with these header lines.
fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("POST /echo HTTP/1.1\r\nHost: test\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A request with these chunks for a body.
fn chunked(body: &str) -> Vec<u8> {
    request("Transfer-Encoding: chunked\r\n", body.as_bytes())
}

fn router(seen: Seen) -> Router {
    Router::new()
        .route("/echo", post(echo))
        .route("/refuse", post(refuse))
        .fallback(not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .with_state(seen)
}

async fn echo(
    State(seen): State<Seen>,
    method: Method,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match body {
        Ok(body) => {
            record(&seen, &method, &uri, &body);
            body.into_response()
        }
        Err(error) if is_body_timeout(&error) => StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(error) => error.status().into_response(),
    }
}

/// Answers without a look at the body.
async fn refuse(State(seen): State<Seen>, method: Method, uri: Uri) -> StatusCode {
    record(&seen, &method, &uri, b"-");
    StatusCode::UNAUTHORIZED
}

async fn not_found(State(seen): State<Seen>, method: Method, uri: Uri) -> StatusCode {
    record(&seen, &method, &uri, b"-");
    StatusCode::NOT_FOUND
}

fn record(seen: &Seen, method: &Method, uri: &Uri, body: &[u8]) {
    let body = String::from_utf8_lossy(body);
    seen.lock().unwrap().push(format!("{method} {} {body}", uri.path()).trim_end().to_owned());
}
