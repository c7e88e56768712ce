use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::config::Listen;

const REQUEST: &[u8] = b"GET /fast HTTP/1.1\r\nHost: test\r\n\r\n";
const HELD_REQUEST: &[u8] = b"GET /held HTTP/1.1\r\nHost: test\r\n\r\n";

/// Long enough for a busy machine; a test that waits for it has failed.
const LONG: Duration = Duration::from_secs(20);

fn limits() -> Limits {
    Limits { connections: 16, header: 2 * LONG, idle: 2 * LONG, body: 2 * LONG, drain: 2 * LONG }
}

/// Signals between a handler and its test.
#[derive(Clone, Default)]
struct Signals {
    entered: Arc<Notify>,
    released: Arc<Notify>,
}

fn router(signals: Signals) -> Router {
    Router::new()
        .route("/fast", get(|| async { "fast" }))
        .route("/held", get(held))
        .route("/good", get(|place| known(place, true)))
        .route("/bad", get(|place| known(place, false)))
        .route("/large", get(|| async { vec![b'x'; 32 << 20] }))
        .route("/panic", get(panicking))
        .route("/refuse", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }))
        .route("/body", post(body))
        .with_state(signals)
}

async fn held(State(signals): State<Signals>) -> &'static str {
    signals.entered.notify_one();
    signals.released.notified().await;
    "held"
}

/// As an endpoint that wants an access token.
async fn known(Extension(place): Extension<Arc<Place>>, is_good: bool) -> &'static str {
    place.prove(is_good);
    "known"
}

async fn panicking() -> &'static str {
    panic!("as a defect would")
}

async fn body(request: axum::extract::Request) -> String {
    match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(bytes) => format!("{} bytes", Bytes::len(&bytes)),
        Err(error) => format!("time-out: {}", is_body_timeout(&error)),
    }
}

async fn serve_alone(
    bound: Bound,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let metrics = ConnectionMetrics::default();
    let drained = serve(bound, router, limits, &metrics, shutdown).await;
    assert_eq!(metrics.open.count(), 0, "every connection was counted to its end");
    drained
}

/// A server in the background.
struct Server {
    address: SocketAddr,
    signals: Signals,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Drained>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let bound = bound().await;
        let address = bound.tcp_address().unwrap();
        let signals = Signals::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { drop(stopped.await) };
        let task = tokio::spawn(serve_alone(bound, router(signals.clone()), limits, shutdown));
        Self { address, signals, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which `/held` is being answered.
    async fn hold(&self) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(HELD_REQUEST).await.unwrap();
        self.signals.entered.notified().await;
        client
    }
}

async fn bound() -> Bound {
    Bound::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

/// Everything until the server closes.
async fn rest(mut client: impl tokio::io::AsyncRead + Unpin) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

/// Sends and reads one answer, whose body ends so, and leaves the connection open.
async fn exchange(client: &mut TcpStream, request: &[u8], end: &str) -> String {
    client.write_all(request).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with(end) {
        let mut chunk = [0; 1024];
        let length = timeout(LONG, client.read(&mut chunk)).await.unwrap().unwrap();
        assert_ne!(length, 0, "closed after `{answer}`");
        answer.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
    }
    answer
}

#[track_caller]
fn assert_last_answer(answer: &str, body: &str) {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.ends_with(body), "{answer}");
}

#[tokio::test]
async fn port_0_is_answered_by_the_port_that_was_taken() {
    let bound = bound().await;
    let address = bound.tcp_address().unwrap();
    assert_ne!(address.port(), 0);
    assert_eq!(bound.address(), address.to_string());
    let error = Bound::bind(&Listen::Tcp(address)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("failed to listen on `{address}`"));
}

#[tokio::test]
async fn a_unix_socket_is_served_and_removed_when_draining_begins() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("service.sock");
    let bound = Bound::bind(&Listen::Unix(path.clone())).await.unwrap();
    assert_eq!(bound.address(), format!("unix:{}", path.display()));
    let mut client = UnixStream::connect(&path).await.unwrap();
    client.write_all(REQUEST).await.unwrap();

    let drained = serve_alone(bound, router(Signals::default()), limits(), async {}).await;

    assert_eq!(drained, Drained { cut: 0 });
    assert!(!path.exists());
    assert_last_answer(&rest(client).await, "fast");
}

#[tokio::test]
async fn two_requests_on_one_connection() {
    let server = Server::start(limits()).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        let answer = exchange(&mut client, REQUEST, "fast").await;
        assert!(!answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_closed_its_side_gets_its_answer() {
    let server = Server::start(limits()).await;
    let mut client = server.hold().await;
    client.shutdown().await.unwrap();
    // The server sees the end of the first connection before this answer is written.
    exchange(&mut server.connect().await, REQUEST, "fast").await;
    server.signals.released.notify_one();
    assert!(rest(client).await.ends_with("held"));
}

#[tokio::test]
async fn a_running_request_is_finished() {
    let server = Server::start(limits()).await;
    let client = server.hold().await;
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.signals.released.notify_one();
    assert_last_answer(&rest(client).await, "held");
    assert_eq!(server.task.await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn what_had_connected_is_answered() {
    let bound = bound().await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = TcpStream::connect(bound.tcp_address().unwrap()).await.unwrap();
        client.write_all(REQUEST).await.unwrap();
        clients.push(client);
    }
    let drained = serve_alone(bound, router(Signals::default()), limits(), async {}).await;
    assert_eq!(drained, Drained { cut: 0 });
    for client in clients {
        assert_last_answer(&rest(client).await, "fast");
    }
}

#[tokio::test]
async fn a_request_on_an_idle_connection_is_answered_while_draining() {
    let server = Server::start(limits()).await;
    let mut idle = server.connect().await;
    exchange(&mut idle, REQUEST, "fast").await;
    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    idle.write_all(REQUEST).await.unwrap();
    assert_last_answer(&rest(idle).await, "fast");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let server = Server::start(limits()).await;
    let mut idle = server.connect().await;
    exchange(&mut idle, REQUEST, "fast").await;
    let silent = server.connect().await;
    exchange(&mut server.connect().await, REQUEST, "fast").await;
    server.stop.send(()).unwrap();
    let drained = timeout(LONG, server.task).await.unwrap().unwrap();
    assert_eq!(drained, Drained { cut: 0 });
    drop((idle, silent));
}

#[tokio::test]
async fn a_connection_whose_client_does_not_close_it_is_not_counted_as_cut() {
    // Idle connections are closed after a quarter of it, and waited for beyond its end.
    let server = Server::start(Limits { drain: Duration::from_secs(1), ..limits() }).await;
    let mut idle = server.connect().await;
    exchange(&mut idle, REQUEST, "fast").await;
    server.stop.send(()).unwrap();
    assert_eq!(server.task.await.unwrap(), Drained { cut: 0 });
    drop(idle);
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_and_counted() {
    let server = Server::start(Limits { drain: Duration::from_millis(100), ..limits() }).await;
    let clients = [server.hold().await, server.hold().await];
    server.stop.send(()).unwrap();
    assert_eq!(server.task.await.unwrap(), Drained { cut: 2 });
    for mut client in clients {
        assert_eq!(client.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let server = Server::start(limits()).await;
    let mut other = server.connect().await;
    exchange(&mut other, REQUEST, "fast").await;
    let mut client = server.connect().await;
    client.write_all(b"GET /panic HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    assert_eq!(client.read(&mut [0; 16]).await.unwrap_or(0), 0);
    exchange(&mut other, REQUEST, "fast").await;
    exchange(&mut server.connect().await, REQUEST, "fast").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let body = Duration::from_millis(100);
    let server = Server::start(Limits { body, ..limits() }).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    // It is cut off before it has read all.
    let mut bytes = 0;
    while let Ok(more) = stuck.read(&mut [0; 65536]).await
        && more > 0
    {
        bytes += more;
        if bytes == more {
            tokio::time::sleep(2 * body).await;
        }
    }
    assert!(bytes < 32 << 20, "{bytes}");
}

/// Clients that have proved nothing and keep the server waiting, each in its own way.
async fn strangers(server: &Server) -> Vec<TcpStream> {
    let mut strangers = Vec::new();
    for start in [
        "",
        "GET /fast HTT",
        "GET /fast HTTP/1.1\r\nHost: test\r\n",
        "POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345",
        "GET /large HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /fast HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /bad HTTP/1.1\r\nHost: test\r\n\r\n",
    ] {
        let mut stranger = server.connect().await;
        stranger.write_all(start.as_bytes()).await.unwrap();
        strangers.push(stranger);
    }
    strangers
}

const GOOD: &[u8] = b"GET /good HTTP/1.1\r\nHost: test\r\n\r\n";
const BAD: &[u8] = b"GET /bad HTTP/1.1\r\nHost: test\r\n\r\n";

#[tokio::test]
async fn strangers_that_wait_make_room_and_known_clients_stay() {
    for connections in [2, 3, 7] {
        let server = Server::start(Limits { connections, ..limits() }).await;
        let mut known = server.connect().await;
        exchange(&mut known, GOOD, "known").await;
        let mut all = Vec::new();
        for _ in 0..5 {
            all.extend(strangers(&server).await);
            // A probe, and one that comes to stay.
            let answer = exchange(&mut server.connect().await, REQUEST, "fast").await;
            assert!(!answer.contains("connection: close"), "{answer}");
            exchange(&mut known, GOOD, "known").await;
        }
        drop(all);
    }
}

#[tokio::test]
async fn whoever_has_waited_longest_makes_room_first() {
    let server = Server::start(Limits { connections: 2, ..limits() }).await;
    let [mut first, mut second] = [server.connect().await, server.connect().await];
    exchange(&mut first, REQUEST, "fast").await;
    exchange(&mut second, REQUEST, "fast").await;
    exchange(&mut first, REQUEST, "fast").await;
    exchange(&mut server.connect().await, REQUEST, "fast").await;
    assert_eq!(second.read(&mut [0; 16]).await.unwrap_or(0), 0);
    exchange(&mut first, REQUEST, "fast").await;
}

#[tokio::test]
async fn dripping_does_not_help() {
    let server = Server::start(Limits { connections: 2, ..limits() }).await;
    let mut slow = server.connect().await;
    let head = b"POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n1";
    slow.write_all(head).await.unwrap();
    let mut other = server.connect().await;
    exchange(&mut other, REQUEST, "fast").await;
    slow.write_all(b"2").await.unwrap();
    exchange(&mut server.connect().await, REQUEST, "fast").await;
    assert_eq!(slow.read(&mut [0; 16]).await.unwrap_or(0), 0);
    exchange(&mut other, REQUEST, "fast").await;
}

#[tokio::test]
async fn where_nobody_makes_room_a_few_get_one_answer_each() {
    let server = Server::start(Limits { connections: 2, ..limits() }).await;
    let mut known = [server.connect().await, server.connect().await];
    for known in &mut known {
        exchange(known, GOOD, "known").await;
    }
    for _ in 0..3 {
        let mut all = strangers(&server).await;
        all.extend(strangers(&server).await);
        let mut client = server.connect().await;
        client.write_all(REQUEST).await.unwrap();
        assert_last_answer(&rest(client).await, "fast");
    }
    // One that is not known any more makes room as others do.
    let [first, second] = &mut known;
    exchange(second, BAD, "known").await;
    exchange(first, GOOD, "known").await;
    let answer = exchange(&mut server.connect().await, REQUEST, "fast").await;
    assert!(!answer.contains("connection: close"), "{answer}");
    assert_eq!(second.read(&mut [0; 16]).await.unwrap_or(0), 0);
    exchange(first, GOOD, "known").await;
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_not_given_up() {
    let server = Server::start(Limits { connections: 1, ..limits() }).await;
    let held = server.hold().await;
    for _ in 0..3 {
        let mut client = server.connect().await;
        client.write_all(REQUEST).await.unwrap();
        assert_last_answer(&rest(client).await, "fast");
    }
    server.signals.released.notify_one();
    let mut held = held;
    let mut answer = [0; 1024];
    let length = held.read(&mut answer).await.unwrap();
    assert!(answer[..length].ends_with(b"held"));
}

#[tokio::test]
async fn a_refusal_arrives_although_the_client_goes_on_sending() {
    let server = Server::start(limits()).await;
    let mut client = server.connect().await;
    let length = 4 << 20;
    let head = format!("POST /refuse HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&vec![b'x'; length]).await.unwrap();
    assert!(rest(client).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_body_that_takes_too_long_can_be_told_from_a_broken_one() {
    let server = Server::start(Limits { body: Duration::from_millis(100), ..limits() }).await;
    let head = b"POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n12345";
    let mut slow = server.connect().await;
    slow.write_all(head).await.unwrap();
    assert!(rest(slow).await.ends_with("time-out: true"));
    let server = Server::start(limits()).await;
    let mut broken = server.connect().await;
    broken.write_all(head).await.unwrap();
    broken.shutdown().await.unwrap();
    assert!(rest(broken).await.ends_with("time-out: false"));
}

#[test]
fn only_errors_of_the_machine_slow_down_accepting() {
    assert!(is_of_one_connection(&io::ErrorKind::ConnectionAborted.into()));
    let too_many_open_files = io::Error::from_raw_os_error(24);
    assert!(!is_of_one_connection(&too_many_open_files));
}
