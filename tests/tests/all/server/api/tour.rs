//! Each answer that the document has is given: by `tests/http/tour.yaml`, and here to strangers, to unknown
//! queries and to bodies that do not come.

use std::collections::BTreeSet;

use admit_api::endpoint::{Endpoint, ListenerKind};
use admit_server::access::{Right, Role};
use serde_json::{Value, json};

use super::super::http::run;
use super::document::document;
use crate::harness::client::{Client, Reply};
use crate::harness::server::{Server, token};
use crate::harness::wire::Unfinished;

const POLICY: &str = "/v1/gates/windows-mdm/policy";

/// Answers that the tour does not have: for each the server would have to be asked by several at the
/// same moment, or in the moment of its start, or while its store hangs, or an old release would have to
/// fail that was good before.
const NOT_SEEN: [(&str, u16); 12] = [
    ("create_access", 503),
    ("decide_batch", 503),
    ("delete_candidate", 503),
    ("description", 503),
    ("get_candidate", 503),
    ("get_settings", 503),
    ("patch_settings", 503),
    ("post_policy", 503),
    ("promote", 503),
    ("revoke_access", 503),
    ("roll_back", 422),
    ("roll_back", 503),
];

/// Of no endpoint: the server breaks.
const NEVER_SEEN: u16 = 500;

/// Every endpoint that takes a body.
const WITH_BODY: [(ListenerKind, &str, &str); 5] = [
    (ListenerKind::Service, "POST", "/v1/gates/windows-mdm/decide"),
    (ListenerKind::Service, "POST", "/v1/gates/windows-mdm/decide/batch"),
    (ListenerKind::Admin, "PATCH", "/v1/gates/windows-mdm/settings"),
    (ListenerKind::Admin, "POST", "/v1/gates/windows-mdm/policy"),
    (ListenerKind::Admin, "POST", "/v1/access"),
];

/// Asks, checks every answer against the document, and remembers which ones there were.
struct Tour {
    seen: BTreeSet<(String, u16)>,
}

/// Method, path, and the status that is expected.
type Stop<'a> = (&'a str, &'a str, u16);

impl Tour {
    fn note(&mut self, method: &str, path: &str, reply: &Reply) {
        let operation = document().check(method, path, reply);
        self.seen.insert((operation, reply.status));
    }

    /// A request without a body; returns the body of its answer.
    fn ask(&mut self, client: &Client, (method, path, status): Stop<'_>) -> Value {
        let reply = client.send(method, path, None);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        self.note(method, path, &reply);
        reply.json(status)
    }
}

#[test]
fn every_answer_is_in_the_document_and_every_one_of_the_document_is_given() {
    let mut tour = Tour { seen: run("tour.yaml") };
    let server = Server::serving();
    strangers(&mut tour, &server);
    queries(&mut tour, &server);
    slow_bodies(&mut tour);

    let unseen = document().answers().into_iter().filter(|answer| !tour.seen.contains(answer));
    let unseen = unseen.filter(|(_, status)| *status != NEVER_SEEN);
    let expected = NOT_SEEN.map(|(operation, status)| (operation.to_owned(), status));
    assert_eq!(unseen.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
}

/// Nobody, somebody without the right, and somebody whose page comes from elsewhere.
fn strangers(tour: &mut Tour, server: &Server) {
    for endpoint in Endpoint::ALL {
        let (method, right) = (endpoint.method(), endpoint.right());
        let path = endpoint.path().replace("{gate}", "windows-mdm").replace("{id}", "AAAAAAAA");
        let is_admin = endpoint.listener() == ListenerKind::Admin;
        let client = if is_admin { server.admin() } else { server.service() };
        let stop = |status| (method.as_str(), &*path, status);
        if right != Right::Open {
            tour.ask(&client.clone().without_token(), stop(401));
            let role = *Role::ALL.iter().find(|role| !role.may(right)).unwrap();
            let token = server.create_access(role.as_str());
            tour.ask(&client.clone().with_token(&token), stop(403));
        }
        if is_admin && right != Right::Open {
            let elsewhere = client.clone().with("host", "evil.example");
            assert_eq!(tour.ask(&elsewhere, stop(403))["code"], "host_not_allowed");
            let elsewhere = client.with("origin", "https://evil.example");
            assert_eq!(tour.ask(&elsewhere, stop(403))["code"], "host_not_allowed");
        }
    }
}

/// Bodies that do not come.
fn slow_bodies(tour: &mut Tour) {
    let server = Server::start(&json!({"limits": {"body_seconds": 1}}));
    let slow = WITH_BODY.map(|(listener, method, path)| {
        let is_admin = listener == ListenerKind::Admin;
        let address = if is_admin { server.admin_address() } else { server.service_address() };
        (method, path, Unfinished::send(address, server.token(), method, path))
    });
    for (method, path, unfinished) in slow {
        let reply = unfinished.answer();
        assert_eq!(reply.status, 408, "{method} {path}: {}", reply.text());
        tour.note(method, path, &reply);
    }
}

/// What a good request to an endpoint has for a body.
fn good_body(endpoint: Endpoint) -> Option<Value> {
    match endpoint {
        Endpoint::Decide => Some(json!({"token": token(json!({}))})),
        Endpoint::DecideBatch => Some(json!({"requests": []})),
        Endpoint::PatchSettings => Some(json!({"scopes": ["other"]})),
        Endpoint::PostPolicy => Some(json!({"policy": "windows-mdm@1.0.0"})),
        Endpoint::CreateAccess => Some(json!({"name": "other", "role": "admin"})),
        _ => None,
    }
}

/// Everything that a request could have changed.
fn everything(admin: &Client) -> Vec<Value> {
    let gate = "/v1/gates/windows-mdm";
    let places = ["settings", "releases", "candidate"].map(|place| format!("{gate}/{place}"));
    let others = ["/v1/access", "/v1/activities"].map(str::to_owned);
    places.iter().chain(&others).map(|path| admin.get(path).json(200)).collect()
}

/// The path of the access token with this text.
fn path_of(token: &str) -> String {
    let id = token.strip_prefix("admit_").and_then(|rest| rest.split('_').next());
    format!("/v1/access/{}", id.unwrap())
}

/// A query that is not known is refused everywhere, and nothing is done.
fn queries(tour: &mut Tour, server: &Server) {
    let admin = server.admin();
    admin.patch("/v1/gates/windows-mdm/settings", &json!({"scopes": ["mdm_delegation"]})).json(200);
    admin.post(&format!("{POLICY}?candidate=true"), &json!({"policy": "windows-mdm@1.0.0"}));
    let revocable = path_of(&server.create_access("platform"));
    let before = everything(&admin);
    for endpoint in Endpoint::ALL {
        let path =
            endpoint.path().replace("{gate}", "windows-mdm").replace("/v1/access/{id}", &revocable);
        let is_admin = endpoint.listener() == ListenerKind::Admin;
        let client = if is_admin { server.admin() } else { server.service() };
        let body = good_body(endpoint).map(|body| body.to_string());
        let (method, body) = (endpoint.method().as_str(), body.as_deref());
        let mut ask = |query: &str| {
            let body = body.map(|body| ("application/json", body.as_bytes()));
            let reply = client.send(method, &format!("{path}?{query}"), body);
            tour.note(method, &path, &reply);
            reply
        };
        for query in ["nothing=1", "nothing", "dryrun=true", "dry_run=maybe", "limit=1&page=2"] {
            // Probes and scrapers may add what they like, for example against caches.
            if endpoint.right() == Right::Open {
                assert_eq!(ask(query).status, 200, "{path}?{query}");
                continue;
            }
            let refused = ask(query).refused(400, "malformed");
            let message = refused["message"].as_str().unwrap();
            let is_value = message == "`dry_run`: `maybe`; expected `true` or `false`";
            assert!(is_value || message.starts_with("query: "), "{path}?{query}: {message}");
        }
    }
    assert_eq!(everything(&admin), before);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["generation"], 2);
}
