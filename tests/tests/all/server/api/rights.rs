//! Who may do what: in the code, in the document, on the page, and in a running server.

use std::collections::{BTreeMap, BTreeSet};

use admit_api::endpoint::{Endpoint, ListenerKind};
use admit_server::access::{Right, Role};
use serde_json::{Value, json};

use super::document::{document, file};
use crate::harness::server::{Server, windows_gate};

/// The name of a listener in the document and on the page.
fn listener(endpoint: Endpoint) -> &'static str {
    match endpoint.listener() {
        ListenerKind::Service => "service",
        ListenerKind::Admin => "admin",
    }
}

/// Method, path and listener.
type Key = (String, String, String);

fn key(endpoint: Endpoint) -> Key {
    (endpoint.method().to_string(), endpoint.path().to_owned(), listener(endpoint).to_owned())
}

#[test]
fn the_document_has_the_endpoints_of_the_code_on_their_listeners() {
    let code: BTreeSet<Key> = Endpoint::ALL.into_iter().map(key).collect();
    assert_eq!(code.len(), Endpoint::ALL.len());
    let mut documented = BTreeSet::new();
    for operation in document().operations() {
        for tag in operation.json["tags"].as_array().unwrap() {
            let (method, path) = (operation.method.to_ascii_uppercase(), operation.path);
            documented.insert((method, path.to_owned(), tag.as_str().unwrap().to_owned()));
        }
        let servers = document().0["paths"][operation.path]["servers"].as_array().unwrap();
        assert_eq!(servers.len(), operation.json["tags"].as_array().unwrap().len());
    }
    assert_eq!(documented, code);
}

#[test]
fn the_document_has_the_rights_of_the_code() {
    for endpoint in Endpoint::ALL {
        let (method, path, right) = (endpoint.method(), endpoint.path(), endpoint.right());
        let operation = document().operation(method.as_str(), path);
        let (security, roles) = match right {
            Right::Open => (json!([]), Value::Null),
            _ => (json!([{"bearer": []}]), json!(roles(right))),
        };
        assert_eq!(operation.json["security"], security, "{method} {path}");
        assert_eq!(operation.json["x-roles"], roles, "{method} {path}");
    }
}

fn roles(right: Right) -> Vec<&'static str> {
    Role::ALL.iter().filter(|role| role.may(right)).map(|role| role.as_str()).collect()
}

/// What the page says of somebody at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    Yes,
    No,
    /// Only while the server is not in GitOps mode.
    Here,
}

/// The page's table: by endpoint, what may be done without a token and with one of each role.
fn page() -> BTreeMap<Key, Vec<May>> {
    let page = file("api.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let rows = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    let mut table = BTreeMap::new();
    for row in rows.filter(|row| row.len() == 2 + 1 + Role::ALL.len()) {
        let (method, path) = row[0].strip_suffix('`').unwrap().split_once(' ').unwrap();
        let rights = row[2..].iter().map(|cell| match *cell {
            "yes" => May::Yes,
            "no" => May::No,
            "here" => May::Here,
            other => panic!("{other}: {row:?}"),
        });
        let key = (method.to_owned(), path.to_owned(), row[1].to_owned());
        assert_eq!(table.insert(key, rights.collect()), None, "{row:?}");
    }
    table
}

#[test]
fn the_page_has_the_rights_of_the_code() {
    let code = Endpoint::ALL.into_iter().map(|endpoint| {
        let right = endpoint.right();
        let nobody = if right == Right::Open { May::Yes } else { May::No };
        let of_role = |role: Role| match role.may(right) {
            true if right == Right::Write && role != Role::Gitops => May::Here,
            true => May::Yes,
            false => May::No,
        };
        (
            key(endpoint),
            [nobody].into_iter().chain(Role::ALL.iter().copied().map(of_role)).collect(),
        )
    });
    assert_eq!(page(), code.collect());
}

/// The access tokens of the columns of the table.
fn callers(server: &Server) -> Vec<Option<String>> {
    let of_role = |role: Role| Some(server.create_access(role.as_str()));
    [None].into_iter().chain(Role::ALL.iter().copied().map(of_role)).collect()
}

#[test]
fn the_server_has_the_rights_of_the_page() {
    let server = Server::serving();
    let callers = callers(&server);
    walk(&server, &callers, None);
    let (home, _) = server.stop_with("TERM");
    let mut config = windows_gate();
    config["gitops"] = json!({"repository": "https://git.example.com/mdm"});
    walk(&home.start(&config), &callers, Some("https://git.example.com/mdm"));
}

/// Asks for everything as everybody, with requests that change nothing if they are taken.
fn walk(server: &Server, callers: &[Option<String>], repository: Option<&str>) {
    let (page, mut refused) = (page(), 0);
    for ((method, path, listener), rights) in &page {
        for (caller, may) in callers.iter().zip(rights) {
            let client = if listener == "admin" { server.admin() } else { server.service() };
            let client = match caller {
                Some(token) => client.with_token(token),
                None => client.without_token(),
            };
            let path = path.replace("{gate}", "none").replace("{id}", "AAAAAAAA");
            let reply = if ["POST", "PATCH"].contains(&method.as_str()) {
                client.send(method, &path, Some(("application/json", b"{}")))
            } else {
                client.send(method, &path, None)
            };
            document().check(method, &path, &reply);
            let code = match (may, caller, repository) {
                (May::Yes, ..) | (May::Here, _, None) => None,
                (May::Here, ..) => Some((403, "gitops_mode")),
                (May::No, None, _) => Some((401, "unauthenticated")),
                (May::No, Some(_), _) => Some((403, "forbidden")),
            };
            match code {
                None => assert!(![401, 403].contains(&reply.status), "{method} {path}: {reply:?}"),
                Some((status, code)) => {
                    let body = reply.refused(status, code);
                    let message = body["message"].as_str().unwrap();
                    let names = repository.filter(|_| code == "gitops_mode");
                    assert!(names.is_none_or(|name| message.contains(name)), "{message}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 50, "{refused}");
}
