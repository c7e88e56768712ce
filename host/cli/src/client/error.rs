//! Why a server did not do what was asked.

use std::fmt;
use std::time::Duration;

use admit::outgoing::{DialError, ProxyError};
use admit_api::error::{Code, Error, FieldError};
use serde_json::{Map, Value};

use crate::error::Exit;
use crate::text::clean;

/// Why a call brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "`{address}` is not the address of a server; expected `https://HOST[:PORT]`, or \
         `http://127.0.0.1:PORT` on this machine"
    )]
    Address {
        /// What came, without user and password.
        address: String,
    },
    #[error(
        "`{address}` would have the access token travel in the clear; expected `https://`, or \
         `http://` with a loopback address"
    )]
    PlainHttp {
        /// What came, without user and password.
        address: String,
    },
    #[error(
        "an access token is needed; expected it in the environment variable \
         `ADMIT_ACCESS_TOKEN` or in the file of `--access-token-file`"
    )]
    NoToken,
    #[error("{from} holds no access token; expected `admit_...`")]
    BadToken { from: String },
    #[error("the clock of this machine is before 1970; set it, no certificate can be checked")]
    Clock,
    /// The environment names a proxy on the way that cannot be used.
    #[error(transparent)]
    Proxy(ProxyError),
    #[error("no answer from {server}: {source}")]
    NoConnection { server: String, source: DialError },
    #[error("no answer from {server}: {source}")]
    NoAnswer { server: String, source: Box<ureq::Error> },
    #[error("{server} did not answer within {seconds} s")]
    Late { server: String, seconds: u64 },
    #[error("the answer of {server}, with status {status}, is not one of Admit")]
    NotAdmit { server: String, status: u16 },
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("the server has no gate `{gate}`; it has {known}")]
    NoGate { gate: String, known: String },
    #[error(
        "gate `{gate}` has the policy {has}; expected {wanted}: activate its component with \
         `admit policy activate {gate} FILE`, or have the file name it by `component`"
    )]
    OtherPolicy { gate: String, has: String, wanted: String },
}

impl ClientError {
    /// Why a call with this time-out got no answer.
    pub(super) fn of_call(server: String, timeout: Duration, source: ureq::Error) -> Self {
        let seconds = timeout.as_secs();
        match DialError::of(source) {
            Ok(DialError::Silent { .. }) | Err(ureq::Error::Timeout(_)) => {
                Self::Late { server, seconds }
            }
            Ok(DialError::SilentBehind { proxy }) => {
                Self::Late { server: format!("{server}, through the proxy {proxy},"), seconds }
            }
            Ok(source) => Self::NoConnection { server, source },
            Err(source) => Self::NoAnswer { server, source: Box::new(source) },
        }
    }

    /// The exit code: the content was refused, or the caller, or there was no answer.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Address { .. } | Self::PlainHttp { .. } | Self::Proxy(_) | Self::NoToken => {
                Exit::Usage
            }
            Self::Refused(refusal) if refusal.is_about_content() => Exit::NotAdmitted,
            Self::OtherPolicy { .. } => Exit::NotAdmitted,
            _ => Exit::BadInput,
        }
    }

    /// If settings of `gate` are missing besides those that were `given`, adds how to give them.
    pub(crate) fn where_missing(
        mut self,
        gate: &str,
        given: &Map<String, Value>,
        how: &str,
    ) -> Self {
        if let Self::Refused(refusal) = &mut self {
            let missing = refusal.missing(given);
            if !missing.is_empty() {
                let (gate, missing) = (clean(gate), missing.join(", "));
                refusal.remedy = Some(format!("gate `{gate}` needs {missing}: {how}"));
            }
        }
        self
    }

    /// The code of the server's refusal, if it is one.
    pub(crate) fn code(&self) -> Option<Code> {
        self.refusal().map(|refusal| refusal.error.code)
    }

    /// The server's refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// An answer that says why there is no other.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    /// What the server says.
    pub(crate) error: Error,
    /// What to do about it, where that is known here.
    remedy: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: u16, error: Error) -> Self {
        Self { status, error, remedy: None }
    }

    /// The settings that the policy wants and that were not given.
    fn missing(&self, given: &Map<String, Value>) -> Vec<String> {
        let is_given = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
        let errors = self.error.errors.iter().filter(|_| self.error.code == Code::InvalidSettings);
        let missing = errors.filter(|error| !is_given(&error.name));
        missing.map(|error| format!("`{}`", clean(&error.name))).collect()
    }

    fn is_about_content(&self) -> bool {
        matches!(self.status, 400 | 409 | 412 | 413 | 422)
    }
}

/// The message, then a line for each field, then the step that failed, then what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { message, errors, step, .. } = &self.error;
        formatter.write_str(&clean(message))?;
        // A message about one field ends with what the field says.
        let adds = |error: &&FieldError| !message.ends_with(&error.reason);
        for FieldError { name, reason } in errors.iter().filter(adds) {
            write!(formatter, "\n  {}: {}", clean(name), clean(reason))?;
        }
        if let Some(step) = step {
            write!(formatter, "\n  failed step: {step}")?;
        }
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(formatter, "\n  {remedy}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_content_from_caller() {
        for (status, exit) in [
            (400, Exit::NotAdmitted),
            (401, Exit::BadInput),
            (403, Exit::BadInput),
            (404, Exit::BadInput),
            (409, Exit::NotAdmitted),
            (412, Exit::NotAdmitted),
            (422, Exit::NotAdmitted),
            (500, Exit::BadInput),
            (503, Exit::BadInput),
        ] {
            let error = serde_json::from_str(r#"{"message": "m", "code": "c"}"#).unwrap();
            let error = ClientError::Refused(Box::new(Refusal::new(status, error)));
            assert_eq!(error.exit(), exit, "{status}");
        }
    }

    #[test]
    fn a_proxy_on_the_way_is_named() {
        let (proxy, within) = ("http://127.0.0.1:3128".to_owned(), Duration::from_secs(10));
        let peer = ([127, 0, 0, 1], 3128).into();
        for (source, expected) in [
            (
                DialError::ProxySilent { proxy: proxy.clone(), peer, within },
                "no answer from https://a.example: the proxy http://127.0.0.1:3128 (127.0.0.1:3128) \
                 did not answer within 10 s",
            ),
            (
                DialError::SilentBehind { proxy },
                "https://a.example, through the proxy http://127.0.0.1:3128, did not answer within 15 s",
            ),
        ] {
            let timeout = Duration::from_secs(15);
            let error =
                ClientError::of_call("https://a.example".to_owned(), timeout, source.into());
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn what_a_server_says_cannot_steer_a_terminal() {
        let error = serde_json::from_str(
            r#"{"message": "Validation\u001b[2J Failed", "code": "c", "step": "a\nb", "more": 1,
                "errors": [{"name": "x\r", "reason": "no\u202e"}]}"#,
        );
        let text = "Validation\\u{1b}[2J Failed\n  x\\r: no\\u{202e}";
        assert_eq!(Refusal::new(422, error.unwrap()).to_string(), text);
    }
}
