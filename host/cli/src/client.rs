//! Calls to a running server.

mod address;
mod answer;
mod call;
mod error;
mod token;

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Request;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, AsSendBody, Body};

use crate::args::ConnectArgs;
use crate::error::CliError;
use address::ServerAddress;
pub(crate) use answer::Answer;
pub(crate) use call::Call;
pub(crate) use error::ClientError;
use error::Refusal;

/// An activation compiles, and plays every case; a minute is much.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What is only read is there.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Longer than a server that is there takes to answer a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer; a page of 200 activities has some 100 kB.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A server, and the access token to it.
pub(crate) struct Client {
    agent: Agent,
    address: ServerAddress,
    token: String,
}

impl Client {
    /// A client for what the command line and the environment say.
    ///
    /// # Errors
    ///
    /// [`ClientError`], or [`CliError`] of the token's file.
    pub(crate) fn new(args: &ConnectArgs) -> Result<Self, CliError> {
        let address = ServerAddress::of(args.server.as_deref())?;
        let token = token::read(args.access_token_file.as_deref())?;
        Ok(Self { agent: agent(&address), address, token })
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &str {
        self.address.as_str()
    }

    /// Makes a call.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub(crate) fn call(&self, call: Call) -> Result<Answer, ClientError> {
        let timeout = if call.method == "GET" { READ_TIMEOUT } else { TIMEOUT };
        let failed = |source| {
            let server = self.address().to_owned();
            match source {
                ureq::Error::Timeout(_) => ClientError::Late { server, seconds: timeout.as_secs() },
                source => ClientError::NoAnswer { server, source: Box::new(source) },
            }
        };
        let mut response = self.send(call, timeout).map_err(failed)?;
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let etag = etag.map(str::to_owned);
        let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let text = String::from_utf8(body.map_err(failed)?).unwrap_or_default();
        let answer = Answer::new(self.address(), status, text, etag);
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let refusal: Refusal = answer.read()?;
        Err(ClientError::Refused(Box::new(refusal.with_status(status))))
    }

    fn send(
        &self,
        call: Call,
        timeout: Duration,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let Call { method, path, body, if_match } = call;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address()))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", "application/json");
        if let Some(revision) = if_match {
            request = request.header("if-match", revision);
        }
        match body {
            Some((media_type, bytes)) => {
                self.run(request.header("content-type", media_type).body(bytes)?, timeout)
            }
            None if method == "GET" || method == "DELETE" => self.run(request.body(())?, timeout),
            None => self.run(request.body(Vec::new())?, timeout),
        }
    }

    fn run(
        &self,
        request: Request<impl AsSendBody>,
        timeout: Duration,
    ) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.agent.run(request)
    }
}

/// No redirects: an access token goes nowhere else. Proxies from the environment are honoured,
/// except on the way to this machine.
fn agent(address: &ServerAddress) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(tls())
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .user_agent(concat!("admit/", env!("CARGO_PKG_VERSION")));
    if address.is_local() {
        config = config.proxy(None);
    }
    config.build().into()
}

/// Certificates that this machine trusts.
fn tls() -> TlsConfig {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}
