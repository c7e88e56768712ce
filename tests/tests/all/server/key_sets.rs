//! Key sets that are not as they should be: what the start, the status and a decision say of them.

use admit::issuer::Issuer;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, claims, issuer};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use crate::harness::server::{Home, Server, token, windows_gate, windows_settings, with_keys};
use crate::harness::shell::Shell;

const DECIDE: &str = "/v1/gates/windows-mdm/decide";

fn keys_of(server: &Server) -> Value {
    server.admin().get("/v1/status").json(200)["keys"][0].clone()
}

fn reason_of(server: &Server, token: &str) -> (Value, Value) {
    let path = "/v1/gates/windows-mdm/decide";
    let answer = server.service().post(path, &json!({"token": token})).text();
    let decision: Value = serde_json::from_str(&answer).unwrap();
    (decision["outcome"].clone(), decision["reason"].clone())
}

#[test]
fn a_set_may_begin_with_a_byte_order_mark_and_have_members_that_are_null() {
    let mut jwk = issuer().jwk();
    for name in ["use", "alg", "key_ops", "issuer", "d"] {
        jwk[name] = json!(null);
    }
    let set = format!("\u{feff}{}\n", json!({ "keys": [jwk] }));
    let home = Home::new();
    home.write("keys.json", &set);
    let server = home.start(&windows_gate());
    assert_eq!(reason_of(&server, &token(json!({}))).0, "allow");
    let keys = KeyServer::start(Answer::page("200 OK", &set));
    let address = json!({"address": keys.url("/keys")});
    let server = with_keys(address, json!({}));
    wait_until("the keys", || keys_of(&server)["usable"] == 1);
    assert_eq!(reason_of(&server, &token(json!({}))).0, "allow");
}

#[test]
fn the_start_and_the_status_name_the_keys_that_are_not_used() {
    let other = Issuer::generate().unwrap();
    let mut same_id = other.jwk();
    same_id["kid"] = json!("twice");
    let mut twice = issuer().jwk();
    twice["kid"] = json!("twice");
    let set = json!({"keys": [issuer().jwk(), twice, same_id, issuer().jwk()]});
    let home = Home::new();
    home.write("keys.json", set.to_string());
    let server = home.start(&windows_gate());
    let reason = "`kid` stands for keys that differ; expected one modulus, exponent and scope for it in \
                  the whole set";
    let unused_keys = format!("not used: key `twice` (2 times): {reason}");
    let line = format!("keys       public: 1 usable, from a file; {unused_keys}");
    assert!(server.announced.iter().any(|said| said.ends_with(&line)), "{:?}", server.announced);
    assert!(server.log().contains(reason), "{}", server.log());
    let unused = json!({"kid": "twice", "reason": reason, "count": 2});
    let keys = keys_of(&server);
    assert_eq!((&keys["skipped"], &keys["skipped_keys"]), (&json!(2), &json!([unused])));
    let status = Shell::of(&server).prints("status");
    assert_eq!(status.matches(reason).count(), 1, "{status}");
    assert!(status.contains(&format!("{unused_keys}\n")), "{status}");
    // The same key twice is one, and a key that the set spoils is not the token's fault.
    assert_eq!(reason_of(&server, &token(json!({}))).0, "allow");
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "twice"}).to_string();
    let spoilt = issuer().sign_parts(header, claims().to_string());
    assert_eq!(reason_of(&server, &spoilt), (json!("failed"), json!("keys.unavailable")));
}

#[test]
fn a_cloud_whose_address_is_dead_keeps_no_other_waiting() {
    let (dead, good) =
        (KeyServer::start(Answer::Stall(Vec::new())), Answer::json(&issuer().jwk_set()));
    let good = KeyServer::start(good);
    let at = |keys: &KeyServer| json!({"address": keys.url("/keys"), "timeout_seconds": 60});
    let mut config = windows_gate();
    config["keys"] = json!({"public": null, "china": at(&dead), "us-gov": at(&good)});
    config["gates"] = json!({"a": {"cloud": "china"}, "b": {"cloud": "us-gov"}});
    let server = Server::start(&config);
    wait_until("the keys of the other cloud", || {
        let status = server.admin().get("/v1/status").json(200);
        status["keys"].as_array().unwrap().iter().any(|keys| keys["usable"] == 1)
    });
    wait_until("the question that nobody answers", || dead.requests() == ["/keys"]);
}

#[test]
fn a_key_that_vanished_counts_and_is_shown() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let address = keys.url("/keys");
    let server = with_keys(json!({"address": address, "cool_down_seconds": 1}), json!({}));
    wait_until("the first keys", || keys_of(&server)["usable"] == 1);
    let next = Issuer::generate().unwrap();
    keys.answer("/keys", Answer::json(&next.jwk_set()));
    let stranger = Issuer::generate().unwrap().sign(&claims());
    wait_until("the answer of another replica", || {
        assert_eq!(reason_of(&server, &stranger), (json!("invalid"), json!("token.key")));
        keys_of(&server)["vanished"] == 1
    });
    assert_eq!(reason_of(&server, &token(json!({}))).0, "allow");
    let vanished = &keys_of(&server)["vanished_keys"][0];
    assert_eq!(vanished["kid"], issuer().kid());
    let status = Shell::of(&server).prints("status");
    let line = format!("still used: key `{}`, gone from the set for ", issuer().kid());
    assert!(status.contains(&line), "{line}: {status}");
    let metrics = server.admin().without_token().get("/metrics").text();
    for metric in ["admit_key_set_vanished_keys", "admit_key_set_vanished_uses_total"] {
        assert!(
            metrics.contains(&format!("{metric}{{cloud=\"public\"}} 1\n")),
            "{metric}: {metrics}"
        );
    }
    assert!(server.log().contains("no longer has keys that it had"), "{}", server.log());
}

#[test]
fn gates_of_one_cloud_share_one_key_set() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let second = json!({"policy": "windows-mdm@1.0.0", "settings": {
        "server_url": "https://mdm.example.com", "windows_entra_tenant_ids": [TID],
    }});
    let gates = json!({"windows-mdm": {"settings": windows_settings()}, "second": second});
    let server = with_keys(json!({"address": keys.url("/keys")}), json!({ "gates": gates }));
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    // Its policy was asked, so that its key was found.
    assert_eq!(server.decide("second", &token(json!({})))["outcome"], "deny");
    assert_eq!(keys.requests(), ["/keys"]);
    let status = server.admin().get("/v1/status").json(200);
    let states = status["keys"].as_array().unwrap();
    assert_eq!((states.len(), &states[0]["fetches"]), (1, &json!(1)), "{status}");
}

/// Why the server is not ready for want of keys; absent when it is ready.
fn unready(server: &Server) -> Option<String> {
    let reply = server.admin().get("/health/ready");
    if reply.status == 200 {
        return None;
    }
    let body = reply.json(503);
    let [failing] = &body["failing"].as_array().unwrap()[..] else { panic!("{body}") };
    assert_eq!(failing["check"], "keys.public", "{body}");
    Some(failing["reason"].as_str().unwrap().to_owned())
}

#[test]
fn readiness_tells_keys_that_never_came_from_keys_that_are_too_old() {
    let broken = || Answer::page("500 Internal Server Error", "");
    let keys = KeyServer::start(broken());
    let options = json!({
        "address": keys.url("/keys"),
        "cool_down_seconds": 1,
        "refresh_after_seconds": 1,
        "max_age_seconds": 1,
    });
    let server = with_keys(options, json!({}));
    let said = |parts: &[&str]| {
        let reason = unready(&server).unwrap_or_default();
        parts.iter().all(|part| reason.contains(part))
    };
    let decide = || {
        let reply = server.service().post(DECIDE, &json!({"token": token(json!({}))}));
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    wait_until("the failed fetch", || said(&["no key set was fetched yet", "500"]));
    assert!(!said(&["old"]));
    assert_eq!(decide()["reason"], "keys.unavailable");

    // A decision without keys fetches them, once the cool-down is over.
    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    wait_until("keys", || decide()["outcome"] == "allow");
    keys.answer("/keys", broken());
    wait_until("the maximum age", || said(&["the key set is ", " s old, which is too old"]));
    wait_until("the failed fetch", || {
        let decision = decide();
        said(&["too old", "500"]) && decision["reason"] == "keys.unavailable"
    });
    assert!(!said(&["no key set was fetched yet"]));
    keys.answer("/keys", Answer::json(&issuer().jwk_set()));
    wait_until("keys again", || decide()["outcome"] == "allow");
}
