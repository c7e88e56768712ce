//! A call, ready to be sent.

use admit::text::url_part;
use serde::Serialize;

/// A method and a path, and perhaps a body.
pub(crate) struct Call {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) if_match: Option<String>,
}

impl Call {
    /// A call of the path whose parts these are; what may not stand in a path is escaped.
    pub(crate) fn new(method: &'static str, parts: &[&str]) -> Self {
        let path = parts.iter().fold(String::new(), |path, part| path + "/" + &url_part(part));
        Self { method, path, body: None, if_match: None }
    }

    pub(crate) fn of_gate(method: &'static str, gate: &str, what: &str) -> Self {
        Self::new(method, &["v1", "gates", gate, what])
    }

    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            let separator = if self.path.contains('?') { '&' } else { '?' };
            self.path.push(separator);
            self.path.push_str(&format!("{name}={}", url_part(&value.to_string())));
        }
        self
    }

    pub(crate) fn each(self, name: &str, values: &[String]) -> Self {
        values.iter().fold(self, |call, value| call.query(name, Some(value)))
    }

    /// With a parameter that is `true`, or without it.
    pub(crate) fn flag(self, name: &str, is_set: bool) -> Self {
        self.query(name, is_set.then_some("true"))
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("the shapes of the API have texts for keys");
        self.body = Some(("application/json", body));
        self
    }

    pub(crate) fn component(mut self, bytes: Vec<u8>) -> Self {
        self.body = Some(("application/wasm", bytes));
        self
    }

    /// Only if the revision is still this one.
    pub(crate) fn if_match(mut self, etag: Option<String>) -> Self {
        self.if_match = etag;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_stays_in_its_place() {
        let call = Call::of_gate("GET", "a/../b?c", "settings")
            .query("actor", Some("Jö & Co"))
            .query("type", None::<&str>)
            .flag("dry_run", true)
            .flag("candidate", false)
            .each("drop", &["a".to_owned(), "b&".to_owned()]);
        let path = "/v1/gates/a%2F..%2Fb%3Fc/settings?actor=J%C3%B6%20%26%20Co&dry_run=true\
                    &drop=a&drop=b%26";
        assert_eq!(call.path, path);
    }
}
