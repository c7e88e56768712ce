//! Every schema of `docs/`: those of what `host/api` declares, and those of the files that people write.

use admit::cases::CaseFile;
use admit_api::schema::{self, Document};

use crate::config;

/// Every file of `docs/` that is made from the types, with its content.
pub fn documents() -> Vec<Document> {
    let mut documents = schema::documents();
    for (name, schema) in
        [("cases.schema.json", CaseFile::document()), ("config.schema.json", config::document())]
    {
        documents.push((name, schema::text(&schema)));
    }
    documents
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
