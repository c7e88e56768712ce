//! Discovery document and JWK Set over http on this machine, where Entra has them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use admit::cloud::{Cloud, TokenVersion};
use admit::issuer::Issuer;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const KEYS: &str = "/common/discovery/v2.0/keys";
const DISCOVERY: &str = "/common/v2.0/.well-known/openid-configuration";

/// A running server; it stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Serves the issuer's documents on a port of 127.0.0.1; port 0 takes a free one.
///
/// # Errors
///
/// When the port or a thread cannot be had.
pub fn start(issuer: &Issuer, port: u16) -> io::Result<Server> {
    if !admit::clock::is_set() {
        return Err(io::Error::other("the clock of this machine is before 1970; set it"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    let address = listener.local_addr()?;
    let router = router(issuer, address);
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new().name("admit-issuer".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                // Only an unusable listener ends it by itself; then the documents are gone too.
                _ = axum::serve(listener, router).into_future() => {}
                _ = stopped => {}
            }
        });
    })?;
    Ok(Server { address, stop: Some(stop), thread: Some(thread) })
}

impl Server {
    pub fn key_set_address(&self) -> String {
        format!("http://{}{KEYS}", self.address)
    }

    pub fn discovery_address(&self) -> String {
        format!("http://{}{DISCOVERY}", self.address)
    }

    /// Waits until the server ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the server thread has been printed; there is nothing to wait for.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone when the server has ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn router(issuer: &Issuer, address: SocketAddr) -> Router {
    let keys = issuer.jwk_set().to_string();
    let discovery = discovery(issuer.cloud(), address).to_string();
    Router::new().route(KEYS, document(keys)).route(DISCOVERY, document(discovery))
}

fn document(text: String) -> axum::routing::MethodRouter {
    get(move || async move { ([(CONTENT_TYPE, "application/json")], text) })
}

fn discovery(cloud: Cloud, address: SocketAddr) -> Value {
    json!({
        "issuer": cloud.issuer_template(TokenVersion::V2),
        "jwks_uri": format!("http://{address}{KEYS}"),
        "cloud_instance_name": cloud.instance_name(),
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}
