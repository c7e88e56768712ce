//! A loopback key server on raw sockets, so that it can misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use admit::lock::Lock;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing, with the connection left open.
    Stall(Vec<u8>),
    /// Body bytes without end, until the client goes.
    Endless,
    /// This answer, late.
    Late(Duration, Box<Answer>),
}

impl Answer {
    /// Status 200 with this document.
    pub fn json(document: &Value) -> Self {
        Self::page("200 OK", &document.to_string())
    }

    /// This status with this body.
    pub fn page(status: &str, body: &str) -> Self {
        Self::with_headers(status, "Content-Type: application/json\r\n", body)
    }

    /// As [`Answer::page`] with these header lines, each with its line end.
    pub fn with_headers(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        Self::Bytes(text.into_bytes())
    }
}

/// A server on a port of its own.
pub struct KeyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    answers: Lock<HashMap<String, Answer>>,
    requests: Lock<Vec<String>>,
    heads: Lock<Vec<String>>,
    held: Lock<bool>,
    released: Condvar,
    stopped: AtomicBool,
}

impl KeyServer {
    /// A server that answers `/keys` so, and 404 elsewhere.
    ///
    /// # Panics
    ///
    /// When no port of this machine can be had.
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve(&listener, &for_thread));
        let server = Self { address, shared, thread: Some(thread) };
        server.answer("/keys", answer);
        server
    }

    /// Sets the answer of a path.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.shared.answers.lock().insert(path.to_owned(), answer);
    }

    /// The http address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().clone()
    }

    /// The heads of the requests, in order.
    pub fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().clone()
    }

    /// Keeps answers back from now on.
    pub fn hold(&self) {
        *self.shared.held.lock() = true;
    }

    /// Gives the answers that were kept back.
    pub fn release(&self) {
        *self.shared.held.lock() = false;
        self.shared.released.notify_all();
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.release();
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(listener: &TcpListener, shared: &Shared) {
    let mut left_open = Vec::new();
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        left_open.extend(serve_one(stream, shared));
    }
}

/// Returns the connection if it is to stay open.
fn serve_one(stream: TcpStream, shared: &Shared) -> Option<TcpStream> {
    let head = read_head(&stream)?;
    let path = head.split(' ').nth(1)?.to_owned();
    shared.heads.lock().push(head);
    shared.requests.lock().push(path.clone());
    let held = shared.held.lock();
    drop(shared.released.wait_while(held, |held| *held));
    let answer = shared.answers.lock().get(&path).cloned();
    give(answer.unwrap_or_else(|| Answer::page("404 Not Found", "")), stream, shared)
}

fn give(answer: Answer, mut stream: TcpStream, shared: &Shared) -> Option<TcpStream> {
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(&bytes).ok()?;
            None
        }
        Answer::Stall(bytes) => {
            stream.write_all(&bytes).ok()?;
            Some(stream)
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            while stream.write_all(&[b' '; 65_536]).is_ok() {}
            None
        }
        Answer::Late(by, answer) => {
            let goes_on = |_: &mut bool| !shared.stopped.load(Ordering::SeqCst);
            let held = shared.held.lock();
            drop(shared.released.wait_timeout_while(held, by, goes_on));
            give(*answer, stream, shared)
        }
    }
}

fn read_head(stream: &TcpStream) -> Option<String> {
    let mut head = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if line.is_empty() {
            return Some(head);
        }
        head = head + &line + "\n";
    }
    None
}
