//! The published schemas of these types. The server's `schemas.rs` has those of files that people write besides.

mod choice;
pub(crate) mod form;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::decision::Decision;
use crate::diff::Diff;
use crate::explanation::Explanation;
use crate::inspection::Inspection;
use crate::log::Line;
use crate::openapi;
use crate::replay::Replayed;
use crate::test_run::TestRun;

/// A file of `docs/`: its name, and its content.
pub type Document = (&'static str, String);

/// Every file of `docs/` that is made from these types.
pub fn documents() -> Vec<Document> {
    vec![
        ("decision-log.schema.json", of::<Line>("decision-log")),
        ("decision.schema.json", of::<Decision>("decision")),
        ("diff.schema.json", of::<Diff>("diff")),
        ("explain.schema.json", of::<Explanation>("explain")),
        ("inspect.schema.json", of::<Inspection>("inspect")),
        ("replay.schema.json", of::<Replayed>("replay")),
        ("test.schema.json", of::<TestRun>("test")),
        ("openapi.json", text(&openapi::document())),
    ]
}

/// The schema of a whole document.
fn of<T: JsonSchema>(name: &str) -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    form::form(&mut schema);
    text(&with_id(schema, &format!("urn:admit:{name}")))
}

/// Puts `$id` after `$schema`, where readers look for it.
fn with_id(schema: Value, id: &str) -> Value {
    let mut whole = json!({"$schema": Value::Null, "$id": id});
    if let (Some(whole), Value::Object(members)) = (whole.as_object_mut(), schema) {
        whole.extend(members);
    }
    whole
}

/// A document as it is published.
pub fn text(document: &Value) -> String {
    format!("{document:#}\n")
}
