//! `docs/openapi.json`, and what it says of an answer.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::harness::client::Reply;

/// The document.
pub(in super::super) struct Document(pub(in super::super) Value);

/// An operation of the document.
#[derive(Clone, Copy)]
pub(in super::super) struct Operation<'a> {
    pub(in super::super) method: &'a str,
    pub(in super::super) path: &'a str,
    pub(in super::super) json: &'a Value,
}

/// The document, read once.
pub(in super::super) fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| Document(serde_json::from_str(&file("openapi.json")).unwrap()))
}

/// A file of `docs/`.
pub(in super::super) fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

impl Document {
    /// Every operation.
    pub(in super::super) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            let methods = item.as_object().unwrap().iter().filter(|(name, _)| is_method(name));
            operations.extend(methods.map(|(method, json)| Operation { method, path, json }));
        }
        operations
    }

    /// The operation that a request is for.
    pub(in super::super) fn operation(&self, method: &str, path: &str) -> Operation<'_> {
        self.find(method, path).unwrap_or_else(|| panic!("{method} {path} is not in the document"))
    }

    fn find(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let path = path.split('?').next().unwrap();
        self.operations().into_iter().find(|operation| {
            operation.method == method.to_ascii_lowercase() && fits(path, operation.path)
        })
    }

    /// As [`Document::check`], with the operation and the status; nothing for a request that no operation
    /// is for.
    pub(in super::super) fn checked(
        &self,
        method: &str,
        path: &str,
        reply: &Reply,
    ) -> Option<(String, u16)> {
        self.find(method, path)?;
        // Of the other listener.
        let is_elsewhere = reply.status == 404 && !path.starts_with("/v1/access/");
        if is_elsewhere && reply.json(404)["code"] == "not_found" {
            return None;
        }
        Some((self.check(method, path, reply), reply.status))
    }

    /// Checks that an answer is one that the document has for the request; names the operation.
    pub(in super::super) fn check(&self, method: &str, path: &str, reply: &Reply) -> String {
        let operation = self.operation(method, path);
        let said = format!("{method} {path}: {} {}", reply.status, reply.text());
        let answer = self.answer(&operation, reply.status);
        let answer = answer.unwrap_or_else(|| panic!("no such status in the document: {said}"));
        for (name, header) in answer["headers"].as_object().unwrap() {
            let header = self.resolved(header);
            match reply.header(name) {
                Some(value) => self.check_value(&header["schema"], &json!(value), &said),
                None => assert_eq!(header["required"], false, "no {name}: {said}"),
            }
        }
        match answer.get("content").and_then(Value::as_object) {
            None => assert_eq!(reply.text(), "", "{said}"),
            Some(content) => self.check_content(content, reply, &said),
        }
        operation.json["operationId"].as_str().unwrap().to_owned()
    }

    fn check_content(&self, content: &Map<String, Value>, reply: &Reply, said: &str) {
        let media_type = reply.header("content-type").unwrap().split(';').next().unwrap();
        let schema =
            &content.get(media_type).unwrap_or_else(|| panic!("{media_type}: {said}"))["schema"];
        let body = match media_type {
            "application/json" => serde_json::from_slice(&reply.body).unwrap(),
            _ => json!(reply.text()),
        };
        self.check_value(schema, &body, said);
    }

    /// Checks a value against a schema of the document.
    pub(in super::super) fn check_value(&self, schema: &Value, value: &Value, said: &str) {
        let whole = json!({"components": self.0["components"], "allOf": [schema]});
        let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
        let errors = validator.iter_errors(value);
        let errors: Vec<_> =
            errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{said}");
    }

    /// What an operation answers with this status.
    pub(in super::super) fn answer<'a>(
        &'a self,
        operation: &Operation<'a>,
        status: u16,
    ) -> Option<&'a Value> {
        let answer = operation.json["responses"].get(status.to_string());
        answer.map(|answer| self.resolved(answer))
    }

    /// Every operation with every status that it answers.
    pub(in super::super) fn answers(&self) -> BTreeSet<(String, u16)> {
        let of = |operation: Operation<'_>| {
            let id = operation.json["operationId"].as_str().unwrap().to_owned();
            let answers = operation.json["responses"].as_object().unwrap();
            let statuses = answers.keys().map(|status| status.parse().unwrap());
            statuses.map(|status| (id.clone(), status)).collect::<Vec<_>>()
        };
        self.operations().into_iter().flat_map(of).collect()
    }

    /// What a reference refers to; anything else is itself.
    pub(in super::super) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
            None => value,
        }
    }
}

fn is_method(name: &str) -> bool {
    ["get", "post", "put", "patch", "delete", "head", "options", "trace"].contains(&name)
}

/// Whether a path is one of a template, with `{name}` for one part.
fn fits(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path.zip(template).all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
}
