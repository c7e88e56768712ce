//! Requests to a server.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// Calls one listener. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    address: String,
    headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Calls `http://IP:PORT`, and says not who.
    pub(crate) fn new(address: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().into(), address: address.to_owned(), headers: Vec::new() }
    }

    /// The same with one more header in every request; another value replaces the one before.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this access token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The same without an access token.
    pub(crate) fn without_token(mut self) -> Self {
        self.headers.retain(|(known, _)| known != "authorization");
        self
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(("application/json", body.to_string().as_bytes())))
    }

    /// POST without a body.
    pub(crate) fn post_nothing(&self, path: &str) -> Reply {
        self.send("POST", path, None)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, Some(("application/json", body.to_string().as_bytes())))
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None)
    }

    /// A request with a body of a media type, or without one.
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Reply {
        let mut request = Request::builder().method(method).uri(self.address.clone() + path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answered = match body {
            None => self.agent.run(request.body(()).unwrap()),
            Some((media_type, bytes)) => {
                let request = request.header("content-type", media_type);
                self.agent.run(request.body(bytes.to_vec()).unwrap())
            }
        };
        let mut answer = answered.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
        }
    }
}

impl Reply {
    /// The body of an answer with this status, in JSON.
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body of an answer with this status and code, in JSON.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json(status);
        assert_eq!(body["code"], code, "{body}");
        body
    }

    /// Checks that the answer has this status and no body.
    pub(crate) fn empty(&self, status: u16) {
        assert_eq!((self.status, &*self.text()), (status, ""));
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
