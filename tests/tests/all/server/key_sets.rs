//! Key sets that are not as they should be: what the start, the status and a decision say of them.

use admit::issuer::Issuer;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{claims, issuer};
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::operations::with_keys;
use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::shell::Shell;

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
