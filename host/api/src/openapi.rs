//! The document of the API: `docs/openapi.json`, from the endpoints and the shapes.

pub(crate) mod operation;
mod parts;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use self::operation::{Media, Operation};
use self::parts::Parts;
use crate::access::{Right, Role};
use crate::endpoint::{Endpoint, ListenerKind};
use crate::error::Error;
use crate::schema::form;

/// Where schemas are in the document.
const SCHEMAS: &str = "/components/schemas";

const DESCRIPTION: &str = "Two listeners. *service* decides on tokens, for platforms. *admin* has everything else, \
     for administrators. All bodies are JSON unless said otherwise. `docs/api.md` is the same for people.";

/// The whole document.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = SCHEMAS.into();
    let mut generator = settings.into_generator();
    generator.subschema_for::<Error>();
    let paths = paths(&mut generator);
    let parts = Parts::new(&mut generator);
    let mut schemas = Value::Object(generator.take_definitions(true));
    form::definitions(&mut schemas);
    let responses = parts.responses();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Admit",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Decides on Entra access tokens for device management.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [server(ListenerKind::Service), server(ListenerKind::Admin)],
        "tags": [
            {
                "name": "service",
                "description": "The service listener: decisions. TCP or a Unix socket.",
            },
            {
                "name": "admin",
                "description": "The admin listener: everything else. Refuses Host headers that are not \
                    its own.",
            },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "An access token `admit_ID_SECRET`. `x-roles` of an operation are the \
                    roles that may call it.",
            }},
            "parameters": parts.parameters,
            "headers": parts.headers,
            "responses": responses,
            "schemas": schemas,
        },
    });
    form::without_unused(&mut document, SCHEMAS);
    document
}

fn server(listener: ListenerKind) -> Value {
    match listener {
        ListenerKind::Service => json!({
            "url": "http://127.0.0.1:7420",
            "description": "The service listener, for platforms.",
        }),
        ListenerKind::Admin => json!({
            "url": "http://127.0.0.1:7421",
            "description": "The admin listener, for administrators.",
        }),
    }
}

fn tag(listener: ListenerKind) -> &'static str {
    match listener {
        ListenerKind::Service => "service",
        ListenerKind::Admin => "admin",
    }
}

/// What a path has for all of its operations, and the operations.
fn paths(generator: &mut SchemaGenerator) -> Value {
    let mut paths = Map::new();
    for endpoint in Endpoint::ALL {
        let path = paths.entry(endpoint.path()).or_insert_with(|| path(endpoint.path()));
        let method = endpoint.method().as_str().to_ascii_lowercase();
        if let Some(path) = path.as_object_mut() {
            let operation = operation(endpoint, &endpoint.operation(), generator);
            path.insert(method, operation);
        }
    }
    Value::Object(paths)
}

fn path(path: &str) -> Value {
    let listeners = listeners(path).map(server);
    let own = match path {
        _ if path.contains("{gate}") => Some("gate"),
        _ if path.contains("{id}") => Some("access_id"),
        _ => None,
    };
    let parameters = own.into_iter().chain(["X-Request-Id", "traceparent"]);
    json!({
        "servers": listeners.collect::<Vec<_>>(),
        "parameters": parameters.map(|name| reference("parameters", name)).collect::<Vec<_>>(),
    })
}

/// Where a path is served.
fn listeners(path: &str) -> impl Iterator<Item = ListenerKind> {
    let serves = move |listener: &ListenerKind| {
        let is_there = |one: Endpoint| one.path() == path && one.listener() == *listener;
        Endpoint::ALL.into_iter().any(is_there)
    };
    [ListenerKind::Service, ListenerKind::Admin].into_iter().filter(serves)
}

fn operation(endpoint: Endpoint, operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let right = endpoint.right();
    let mut json = Map::new();
    let tags: Vec<_> = listeners(endpoint.path()).map(tag).collect();
    json.insert("tags".into(), json!(tags));
    json.insert("operationId".into(), operation.id.into());
    json.insert("summary".into(), operation.summary.into());
    if !operation.description.is_empty() {
        json.insert("description".into(), operation.description.into());
    }
    if right == Right::Open {
        json.insert("security".into(), json!([]));
    } else {
        let roles = Role::ALL.iter().filter(|role| role.may(right)).map(|role| role.as_str());
        json.insert("security".into(), json!([{"bearer": []}]));
        json.insert("x-roles".into(), json!(roles.collect::<Vec<_>>()));
    }
    if !operation.parameters.is_empty() {
        let parameters = operation.parameters.iter().map(|name| reference("parameters", name));
        json.insert("parameters".into(), json!(parameters.collect::<Vec<_>>()));
    }
    if let Some(body) = &operation.body {
        json.insert(
            "requestBody".into(),
            json!({"required": true, "content": content(body, generator)}),
        );
    }
    json.insert("responses".into(), responses(endpoint, operation, generator));
    Value::Object(json)
}

fn responses(endpoint: Endpoint, operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let headers = ["X-Request-Id"].iter().chain(answer.headers);
        let headers = headers.map(|name| ((*name).to_owned(), reference("headers", name)));
        let json = json!({
            "description": answer.description,
            "headers": headers.collect::<Map<_, _>>(),
        });
        let json = match &*answer.body {
            [] => json,
            body => with(json, "content", content(body, generator)),
        };
        responses.insert(answer.status.to_string(), json);
    }
    let errors = usual(endpoint, operation).into_iter().chain(operation.errors.iter().copied());
    for (status, name) in errors {
        responses.insert(status.to_string(), reference("responses", name));
    }
    responses.sort_keys();
    Value::Object(responses)
}

/// What can go wrong with every operation of its kind.
fn usual(endpoint: Endpoint, operation: &Operation) -> Vec<(u16, &'static str)> {
    let mut usual = vec![(500, "Internal")];
    if endpoint.right() != Right::Open {
        let forbidden = match (endpoint.listener(), endpoint.right()) {
            (ListenerKind::Service, _) => "RoleForbidden",
            (_, Right::Write) => "WriteForbidden",
            _ => "Forbidden",
        };
        usual.extend([(400, "Malformed"), (401, "Unauthenticated"), (403, forbidden)]);
    }
    if endpoint.path().contains("{gate}") {
        usual.push((404, "UnknownGate"));
    }
    if operation.body.is_some() {
        usual.extend([(408, "Timeout"), (413, "TooLarge"), (415, "MediaType")]);
    }
    usual
}

/// A body, by media type.
fn content(body: &[Media], generator: &mut SchemaGenerator) -> Value {
    let of_type = body.iter().map(|(media_type, schema, example)| {
        let json = json!({"schema": schema(generator)});
        let json = match example {
            Some(example) => with(json, "example", example()),
            None => json,
        };
        ((*media_type).to_owned(), json)
    });
    Value::Object(of_type.collect())
}

fn reference(part: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{part}/{name}")})
}

/// An object with one more member.
fn with(mut object: Value, name: &str, member: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
    object
}
