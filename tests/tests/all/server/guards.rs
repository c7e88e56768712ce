//! Corners of the server in which two rules meet: a reload and a listener that is bound, a start and
//! a gate without a release, a candidate and settings its policy does not know.

use std::io::Write;
use std::os::unix::net::UnixStream;

use admit_api::endpoint::{Endpoint, ListenerKind};
use admit_policies::WINDOWS_MDM_2;
use admit_server::access::Right;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, with};
use serde_json::{Value, json};

use super::limits::only_answer;
use crate::harness::client::{Client, Reply};
use crate::harness::server::{Home, Server, token, windows_gate, windows_settings};

const DECIDE: &str = "/v1/gates/windows-mdm/decide";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const REPOSITORY: &str = "https://git.example.com/mdm";

/// Has the server read its configuration again; waits until its log has `said` once more.
fn reload(server: &Server, config: &Value, said: &str) {
    let count = || server.log().matches(said).count();
    let before = count();
    server.home.configure(&with(windows_gate(), config.clone()));
    server.signal("HUP");
    wait_until(said, || count() > before);
}

const RELOADED: &str = "reloaded: ";
const NOT_RELOADED: &str = "was not reloaded";

#[test]
fn a_reload_opens_no_listener_to_everybody() {
    let wide = json!({"service": {"listen": "0.0.0.0:0"}});
    let server = Server::start(&with(windows_gate(), wide));
    let anybody = Client::new(&server.service_address().replace("0.0.0.0", "127.0.0.1"));
    let decide = || anybody.post(DECIDE, &json!({"token": token(json!({}))}));
    decide().refused(401, "unauthenticated");
    // What is configured is local, but not what is bound.
    for listen in ["127.0.0.1:0", "[::1]:0", "unix:service.sock"] {
        let config = json!({
            "service": {"listen": listen, "access": "none"},
            "gitops": {"repository": REPOSITORY},
        });
        reload(&server, &config, NOT_RELOADED);
        let log = server.log();
        let line = log.lines().rfind(|line| line.contains(NOT_RELOADED)).unwrap();
        assert!(line.contains("ERROR") && line.contains("service.access"), "{line}");
        decide().refused(401, "unauthenticated");
        let status = server.admin().get("/v1/status").json(200);
        assert_eq!(status.get("gitops"), None, "refused as a whole");
    }
    reload(&server, &json!({"gitops": {"repository": REPOSITORY}}), RELOADED);
    assert_eq!(server.admin().get("/v1/status").json(200)["gitops"], REPOSITORY);
    decide().refused(401, "unauthenticated");
}

#[test]
fn a_reload_opens_a_unix_socket_that_is_bound() {
    let home = Home::new();
    let socket = home.path("service.sock");
    let listen = format!("unix:{}", socket.display());
    let server = home.start(&with(windows_gate(), json!({"service": {"listen": listen}})));
    let decide = || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let body = json!({"token": token(json!({}))}).to_string();
        let length = body.len();
        let request = format!(
            "POST {DECIDE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        only_answer(stream)
    };
    decide().refused(401, "unauthenticated");
    let open = json!({"service": {"listen": "127.0.0.1:0", "access": "none"}});
    reload(&server, &open, RELOADED);
    assert_eq!(decide().json(200)["outcome"], "allow");
}

/// The state of a gate.
fn state(server: &Server, gate: &str) -> Value {
    let status = server.admin().get("/v1/status").json(200);
    let mut gates = status["gates"].as_array().unwrap().iter();
    gates.find(|one| one["gate"] == gate).unwrap()["state"].clone()
}

fn settings(server: &Server, gate: &str) -> Reply {
    server.admin().get(&format!("/v1/gates/{gate}/settings"))
}

#[test]
fn until_a_gate_had_a_release_each_start_goes_by_the_configuration() {
    let home = Home::new();
    home.write("policy.wasm", "no component");
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@1.0.0", "settings": {"scopes": ["left"]}},
        "broken": {"policy": "./policy.wasm", "settings": windows_settings()},
        "dropped": {"policy": "windows-mdm"},
    }}));
    let states = ["unfinished", "broken", "dropped"].map(|gate| state(&server, gate));
    assert_eq!(states, ["failed", "failed", "unconfigured"]);
    let path = "/v1/gates/unfinished/settings";
    let patch = json!({"windows_entra_tenant_ids": [TID]});
    server.admin().patch(path, &patch).refused(422, "invalid_settings");
    settings(&server, "dropped").json(200);

    let (home, _) = server.stop_with("TERM");
    home.write("policy.wasm", WINDOWS_MDM_2.component);
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@2.0.0", "settings": windows_settings()},
        "broken": {"policy": "./policy.wasm", "settings": windows_settings()},
        "dropped": {},
    }}));
    let states = ["unfinished", "broken", "dropped"].map(|gate| state(&server, gate));
    assert_eq!(states, ["serving", "serving", "unconfigured"]);
    for gate in ["unfinished", "broken"] {
        let decision = server.decide(gate, &token(json!({})));
        let by = (&decision["outcome"], &decision["policy"]["version"], &decision["generation"]);
        assert_eq!(by, (&json!("allow"), &json!("2.0.0"), &json!(1)), "{gate}");
        assert_eq!(settings(&server, gate).json(200)["settings"], windows_settings(), "{gate}");
    }
    settings(&server, "dropped").refused(409, "no_policy");

    // From then on, what was activated counts.
    let (home, _) = server.stop_with("TERM");
    home.write("policy.wasm", "no component");
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@1.0.0", "settings": {}},
        "broken": {"policy": "./policy.wasm", "settings": {}},
    }}));
    for gate in ["unfinished", "broken"] {
        assert_eq!(server.decide(gate, &token(json!({})))["policy"]["version"], "2.0.0", "{gate}");
        assert_eq!(settings(&server, gate).json(200)["settings"], windows_settings(), "{gate}");
    }
}

/// The path of the access token with this text.
fn path_of(token: &str) -> String {
    let id = token.strip_prefix("admit_").and_then(|rest| rest.split('_').next());
    format!("/v1/access/{}", id.unwrap())
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

#[test]
fn a_query_that_is_not_known_is_refused_everywhere_and_nothing_is_done() {
    let server = Server::serving();
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
        let ask = |query: &str| {
            let body = body.as_ref().map(|body| ("application/json", body.as_bytes()));
            client.send(endpoint.method().as_str(), &format!("{path}?{query}"), body)
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
