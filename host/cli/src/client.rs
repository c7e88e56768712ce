//! Calls to a running server.

mod address;
mod answer;
mod call;
mod error;
mod token;

use std::time::Duration;

use admit::outgoing::{self, ProxyError, Route};
use ureq::http::Request;
use ureq::{Agent, AsSendBody, Body};

use crate::args::ConnectArgs;
use crate::error::CliError;
use crate::terminal::Progress;
use crate::text::clean;
use address::ServerAddress;
pub(crate) use answer::Answer;
pub(crate) use call::Call;
pub(crate) use error::ClientError;
use error::Refusal;

/// An activation compiles and plays every case; a minute is ample.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A request that only reads needs no compilation.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Longer than a running server takes to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer; a page of 200 activities has some 100 kB.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A file that a server sends.
pub(crate) struct Download {
    /// The size that the server announced.
    pub(crate) bytes: Option<u64>,
    /// The content.
    pub(crate) reader: Box<dyn std::io::Read>,
}

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
        let agent = agent(&address).map_err(ClientError::Proxy)?;
        let token = token::read(args.access_token_file.as_deref())?;
        Ok(Self { agent, address, token })
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &str {
        self.address.as_str()
    }

    /// Makes a call.
    pub(crate) fn call(&self, call: Call) -> Result<Answer, ClientError> {
        let timeout = if call.method == "GET" { READ_TIMEOUT } else { TIMEOUT };
        let _progress = Progress::start(format!("waiting for {}", clean(self.address())), None);
        self.expect_clock()?;
        let response = self.send(call, timeout);
        self.answer(response.map_err(|error| self.failed(error, timeout))?, timeout)
    }

    /// Makes a call whose answer is a file.
    pub(crate) fn download(&self, call: Call) -> Result<Download, ClientError> {
        self.expect_clock()?;
        let response = self.send(call, TIMEOUT).map_err(|error| self.failed(error, TIMEOUT))?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            let server = self.address().to_owned();
            return self
                .answer(response, TIMEOUT)
                .and(Err(ClientError::NotAdmit { server, status }));
        }
        let bytes = response.headers().get("content-length").and_then(|bytes| bytes.to_str().ok());
        let bytes = bytes.and_then(|bytes| bytes.parse().ok());
        Ok(Download { bytes, reader: Box::new(response.into_body().into_reader()) })
    }

    fn expect_clock(&self) -> Result<(), ClientError> {
        if self.address().starts_with("https:") && !admit::clock::is_set() {
            return Err(ClientError::Clock);
        }
        Ok(())
    }

    /// Reads an answer, or the refusal that it is.
    fn answer(
        &self,
        mut response: ureq::http::Response<Body>,
        timeout: Duration,
    ) -> Result<Answer, ClientError> {
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let etag = etag.map(str::to_owned);
        let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let body = body.map_err(|error| self.failed(error, timeout))?;
        let text = String::from_utf8(body).unwrap_or_default();
        let answer = Answer::new(self.address(), status, text, etag);
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        Err(ClientError::Refused(Box::new(Refusal::new(status, answer.read()?))))
    }

    fn failed(&self, source: ureq::Error, timeout: Duration) -> ClientError {
        ClientError::of_call(self.address().to_owned(), timeout, source)
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

/// No redirects, as everywhere: an access token goes nowhere else.
fn agent(address: &ServerAddress) -> Result<Agent, ProxyError> {
    let route = match address.is_https() {
        true => Route::to(address.host(), address.port())?,
        false => Route::Direct,
    };
    Ok(outgoing::agent(outgoing::config(), &route, CONNECT_TIMEOUT))
}
