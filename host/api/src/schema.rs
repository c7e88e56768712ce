//! The published schemas, made from the types.

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

/// Every file of `docs/` that is made from the types.
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

fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_made_from_these_types() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for (name, content) in documents() {
            let published = std::fs::read_to_string(folder.join(name)).expect("a document");
            assert!(published == content, "docs/{name} is not up to date; run `make schemas`");
        }
    }
}
