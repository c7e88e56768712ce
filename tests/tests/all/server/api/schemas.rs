//! How strict the document is, and whether generators can read it.

use serde_json::{Value, json};

use super::document::{Document, document, file};

#[test]
fn every_schema_is_described_used_and_strict() {
    let Document(document) = document();
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(jsonschema::meta::is_valid(schema), "{name}");
        assert!(schema["description"].is_string(), "{name} is not described");
        check_objects(name, schema);
    }
    for part in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][part].as_object().unwrap().keys() {
            let used = text.contains(&format!("\"#/components/{part}/{name}\""));
            assert!(used, "{part}/{name} is not used");
        }
    }
}

fn check_objects(place: &str, schema: &Value) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let described = member["description"].is_string() || member["$ref"].is_string();
        assert!(described, "{place}/{name} is not described");
        check_objects(&format!("{place}/{name}"), member);
    }
    if schema["properties"].is_object() && schema["type"] == "object" {
        assert_eq!(schema["additionalProperties"], json!(false), "{place}");
    }
    if schema["items"].is_object() {
        check_objects(&format!("{place}[]"), &schema["items"]);
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        check_objects(&format!("{place}|"), choice);
    }
}

/// By `Retry-After` clients repeat a request on their own, a roll-back included.
#[test]
fn when_to_try_again_is_promised_unless_the_outcome_may_be_unknown() {
    let mut found = [0; 3];
    for operation in document().operations() {
        let Some(answer) = document().answer(&operation, 503) else { continue };
        let schema = &answer["content"]["application/json"]["schema"];
        let Some(codes) = schema["properties"]["code"]["enum"].as_array() else { continue };
        let header = document().resolved(&answer["headers"]["Retry-After"]);
        let is_unknown = codes.contains(&json!("outcome_unknown"));
        let (kind, expected) = match (is_unknown, codes.len()) {
            (false, _) => (0, json!(true)),
            (true, 1) => (1, Value::Null),
            (true, _) => (2, json!(false)),
        };
        assert_eq!(header["required"], expected, "{} {}", operation.method, operation.path);
        found[kind] += 1;
    }
    assert!(found.iter().all(|count| *count > 0), "{found:?}");
}

/// What the common generators of clients stumble over; `tests/clients` runs them.
#[test]
fn every_schema_has_a_form_that_generators_read() {
    let Document(document) = document();
    check_form("", document);
    let names = |part: &str| {
        let named = document["components"][part].as_object().unwrap().keys();
        named.map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    // Each is a type of the client.
    let (schemas, parameters) = (names("schemas"), names("parameters"));
    let twice: Vec<_> = parameters.iter().filter(|name| schemas.contains(name)).collect();
    assert_eq!(twice, [""; 0]);
}

fn check_form(place: &str, value: &Value) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), member)).collect()
        }
        Value::Array(items) => items.iter().map(|item| ("[]".to_owned(), item)).collect(),
        _ => return,
    };
    assert!(!value["type"].is_array(), "{place}: several types; expected `oneOf`");
    let is_schema = value["description"].is_string() && !value["properties"].is_object();
    let is_listed = value["enum"].is_array() || !value["const"].is_null();
    assert!(
        !is_schema || !is_listed || value["type"] == "string",
        "{place}: values without a type"
    );
    for (name, property) in value["properties"].as_object().into_iter().flatten() {
        assert!(!property.is_boolean(), "{place}/{name}: a boolean; expected `{{}}` or `not`");
        // A generator may make what has a default one that has to be there.
        assert!(property["default"].is_null(), "{place}/{name}: has a default");
    }
    for media_type in value["content"].as_object().into_iter().flat_map(serde_json::Map::keys) {
        let is_known = [
            "application/json",
            "application/merge-patch+json",
            "application/octet-stream",
            "application/openmetrics-text",
            "text/plain",
        ];
        assert!(is_known.contains(&&**media_type), "{place}: {media_type}");
    }
    members.iter().for_each(|(name, member)| check_form(&format!("{place}/{name}"), member));
}

#[test]
fn every_operation_says_what_can_go_wrong() {
    for operation in document().operations() {
        let json = operation.json;
        let name = json["operationId"].as_str().unwrap();
        let answers = json["responses"].as_object().unwrap();
        let has = |status: u16| answers.contains_key(&status.to_string());
        let is_open = json["security"] == json!([]);
        let takes_body = json.get("requestBody").is_some();
        assert!(json["summary"].is_string() && has(500), "{name}");
        assert!(has(401) != is_open, "{name}");
        assert_eq!((has(408), has(413), has(415)), (takes_body, takes_body, takes_body), "{name}");
        assert_eq!(has(404), operation.path.contains('{'), "{name}");
        for status in answers.keys().map(|status| status.parse().unwrap()) {
            let answer = document().answer(&operation, status).unwrap();
            assert!(answer["headers"]["X-Request-Id"].is_object(), "{name} {status}");
        }
    }
}

#[test]
fn the_document_is_of_this_version_and_is_served() {
    let Document(document) = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let server = crate::harness::server::Server::shared();
    assert_eq!(server.admin().get("/openapi.json").text(), file("openapi.json"));
}
