//! A candidate beside the active release, and the way back that the server takes by itself.

use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, with};
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use super::client::Client;
use super::policies::damaged;
use super::start::{DROP, Server, token, token_v1, windows_gate};

const CANDIDATE: &str = "/v1/gates/windows-mdm/candidate";
const AS_CANDIDATE: &str = "/v1/gates/windows-mdm/policy?candidate=true";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const PROMOTE: &str = "/v1/gates/windows-mdm/promote";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

fn make_candidate(client: &Client, policy: &str) -> Value {
    client.post(AS_CANDIDATE, &json!({ "policy": policy })).json(200)
}

/// The candidate's report once it has decided so many; it decides after the answers went out.
fn once_decided(client: &Client, count: u64) -> Value {
    let report = || client.get(CANDIDATE).json(200);
    wait_until("the candidate's decisions", || report()["decided"] == count);
    report()
}

fn newest_activity(client: &Client) -> Value {
    client.get("/v1/activities?limit=1").json(200)["activities"][0].clone()
}

fn gate(client: &Client) -> Value {
    client.get("/v1/status").json(200)["gates"][0].clone()
}

#[test]
fn a_candidate_is_compared_shown_guarded_and_promoted() {
    let server = Server::serving();
    let admin = server.admin();
    admin.get(CANDIDATE).refused(404, "no_candidate");
    admin.post_nothing(PROMOTE).refused(404, "no_candidate");
    let report = make_candidate(&admin, "windows-mdm@1.0.0");
    assert_eq!((&report["result"], &report["generation"]), (&json!("candidate"), &json!(1)));
    assert_eq!(gate(&admin)["policy"]["version"], "2.0.0");

    let other_tenant = json!({
        "tid": "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53",
        "iss": "https://sts.windows.net/3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53/",
    });
    let decide = |token: &str| server.decide("windows-mdm", token);
    for _ in 0..3 {
        assert_eq!(decide(&token_v1(json!({})))["outcome"], "allow");
    }
    assert_eq!(decide(&token_v1(other_tenant))["reason"], "tenant_not_authorized");
    let differed: Vec<_> = (0..2).map(|_| decide(&token(json!({})))).collect();
    assert_eq!(decide("no.token.x")["outcome"], "invalid", "which no policy sees");

    let found = once_decided(&admin, 6);
    let count = |name: &str| found[name].as_u64().unwrap();
    assert_eq!(["agreed", "differed", "skipped", "failed"].map(count), [4, 2, 0, 0], "{found}");
    assert_eq!(found["policy"]["version"], "1.0.0");
    let [difference] = &found["differences"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(
        (&difference["old"], &difference["count"]),
        (&json!({"outcome": "allow"}), &json!(2))
    );
    assert_eq!(difference["new"]["outcome"], "deny");
    assert!(difference["new"]["reason"].is_string(), "{difference}");

    let examples = found["examples"].as_array().unwrap();
    let ids: Vec<_> = examples.iter().map(|example| &example["decision_id"]).collect();
    assert_eq!(ids, [&differed[0]["decision_id"], &differed[1]["decision_id"]]);
    assert_eq!(examples[0]["claims"]["aud"], CLIENT);
    let text = found.to_string().to_lowercase();
    for name in ["adele", "vance", "contoso", "preferred_username", "192.0.2.10"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let counts = &gate(&admin)["candidate"];
    assert_eq!((&counts["agreed"], &counts["differed"]), (&json!(4), &json!(2)));
    let metrics = admit_metric(&server, "candidate_decisions_total", "result=\"differed\"");
    assert_eq!(metrics, 2);
    let changed = "gate=\"windows-mdm\",kind=\"decision\",old=\"allow\",new=\"deny\"";
    assert_eq!(admit_metric(&server, "candidate_differences_total", changed), 2);

    let guarded =
        |most: u64| admin.post_nothing(&format!("{PROMOTE}?max_differences={most}&{DROP}"));
    let refused = guarded(1).refused(409, "too_many_differences");
    assert!(refused["message"].as_str().unwrap().contains("decisions, 2 differed"), "{refused}");
    assert_eq!(gate(&admin)["generation"], 1);
    let promoted = guarded(2).json(200);
    assert_eq!((&promoted["result"], &promoted["generation"]), (&json!("activated"), &json!(2)));
    assert_eq!(promoted["policy"]["version"], "1.0.0");
    assert_eq!(decide(&token(json!({})))["policy"]["version"], "1.0.0");
    let activity = newest_activity(&admin);
    assert_eq!(
        (&activity["type"], &activity["details"]["version"]),
        (&json!("promoted_candidate"), &json!("1.0.0"))
    );
    let newest = &admin.get("/v1/gates/windows-mdm/releases").json(200)["releases"][0];
    assert_eq!((&newest["action"], &newest["active"]), (&json!("promote"), &json!(true)));
    admin.get(CANDIDATE).refused(404, "no_candidate");
    admin.post_nothing("/v1/gates/windows-mdm/rollback").json(200);
    assert_eq!(gate(&admin)["policy"]["version"], "2.0.0");
}

/// The value of the one sample with this name and label.
fn admit_metric(server: &Server, name: &str, label: &str) -> u64 {
    let text = server.admin().without_token().get("/metrics").text();
    let mut samples = text
        .lines()
        .filter(|line| line.starts_with(&format!("admit_{name}{{")) && line.contains(label));
    let sample = samples.next().unwrap_or_else(|| panic!("no {name}: {text}"));
    assert_eq!(samples.next(), None);
    sample.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_candidate_does_not_outlive_what_it_was_made_from() {
    let server = Server::serving();
    let admin = server.admin();
    make_candidate(&admin, "windows-mdm@1.0.0");
    admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation", "more"]})).json(200);
    let refused = admin.post_nothing(PROMOTE).refused(412, "changed_meanwhile");
    let expected = "settings or policy changed since the candidate was made; make it again";
    assert_eq!(refused["message"], expected);
    assert_eq!(admin.get(CANDIDATE).json(200)["stale"], true);
    assert_eq!(gate(&admin)["policy"]["version"], "2.0.0");
    admin.delete(CANDIDATE).empty(204);
    admin.delete(CANDIDATE).refused(404, "no_candidate");

    // One that is refused takes no place, and neither does a dry run.
    make_candidate(&admin, "windows-mdm@1.0.0");
    let wasm = Some(("application/wasm", &b"(component)"[..]));
    admin.send("POST", AS_CANDIDATE, wasm).refused(422, "inspect");
    let misfit = json!({"policy": "windows-mdm@1.0.0", "settings": {"server_url": 1}});
    admin.post(AS_CANDIDATE, &misfit).refused(400, "malformed");
    let dry = AS_CANDIDATE.replace("candidate", "dry_run");
    let dry = admin.post(&dry, &json!({"policy": "windows-mdm@2.0.0"})).json(200);
    assert_eq!(dry["result"], "checked");
    assert_eq!(admin.get(CANDIDATE).json(200)["policy"]["version"], "1.0.0");
    // The next one does, and the one before has ended.
    let body = json!({"policy": "windows-mdm@2.0.0", "settings": {"windows_entra_client_ids": []}});
    admin.post(AS_CANDIDATE, &body).json(200);
    let report = admin.get(CANDIDATE).json(200);
    assert_eq!((&report["policy"]["version"], &report["decided"]), (&json!("2.0.0"), &json!(0)));
    let told = admin.get("/v1/activities?limit=2").json(200)["activities"].clone();
    let told = [0, 1].map(|place| [&told[place]["type"], &told[place]["details"]["version"]]);
    assert_eq!(told[0], ["started_candidate", "2.0.0"]);
    assert_eq!(told[1], ["ended_candidate", "1.0.0"]);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    assert_eq!(once_decided(&admin, 1)["differed"], 1);
    admin.post_nothing(PROMOTE).json(200);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "deny");
    assert_eq!(newest_activity(&admin)["type"], "deleted_microsoft_entra_client_id");
}

#[test]
fn a_candidate_that_traps_harms_nobody() {
    let server = Server::serving();
    let admin = server.admin();
    let component = CoreModule::misbehave().component();
    admin.send("POST", AS_CANDIDATE, Some(("application/wasm", &component))).json(200);
    for mode in ["panic", "loop", "recurse"] {
        let decision = server.decide("windows-mdm", &token(json!({"mode": mode})));
        assert_eq!(decision["outcome"], "allow", "{mode}");
    }
    let found = once_decided(&admin, 3);
    assert_eq!((&found["failed"], &found["differed"]), (&json!(3), &json!(3)), "{found}");
    let guarded = admin.post_nothing(&format!("{PROMOTE}?max_differences=0"));
    guarded.refused(409, "too_many_differences");
}

#[test]
fn a_policy_that_keeps_failing_is_taken_back_and_one_that_refuses_much_is_not() {
    let revert = json!({"fault_revert": {"faults": 3, "within_seconds": 3600}});
    let server = Server::start(&with(windows_gate(), revert));
    let admin = server.admin();
    let component = CoreModule::misbehave().component();
    let path = format!("{POLICY}?{DROP}");
    admin.send("POST", &path, Some(("application/wasm", &component))).json(200);

    for _ in 0..50 {
        assert_eq!(
            server.decide("windows-mdm", &token(json!({"mode": "deny"})))["outcome"],
            "deny"
        );
        assert_eq!(server.decide("windows-mdm", "no.token.x")["outcome"], "invalid");
    }
    let failing = json!({"token": token(json!({"mode": "panic"}))});
    let fail = || {
        let reply = server.service().post("/v1/gates/windows-mdm/decide", &failing);
        assert_eq!(reply.header("retry-after"), Some("1"));
        reply.json(503)
    };
    for _ in 0..2 {
        let decision = fail();
        assert_eq!(
            (&decision["outcome"], &decision["blame"]),
            (&json!("failed"), &json!("policy"))
        );
        assert_eq!(decision["generation"], 2);
    }
    assert_eq!(gate(&admin)["generation"], 2);
    fail();
    wait_until("the way back", || gate(&admin)["generation"] == 3);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["policy"]["name"], "windows-mdm");

    let activity = newest_activity(&admin);
    assert_eq!(activity["type"], "reverted_policy");
    assert_eq!(activity["actor"], json!({"name": "admit", "role": "system"}));
    let newest = &admin.get("/v1/gates/windows-mdm/releases").json(200)["releases"][0];
    assert_eq!((&newest["action"], &newest["result"]), (&json!("revert"), &json!("activated")));
    server.wait_for_log("the policy kept failing: went back to the release before");
}

#[test]
fn a_candidate_outlives_a_restart_and_is_told_of() {
    let server = Server::serving();
    let admin = server.admin();
    let body = json!({"policy": "windows-mdm@1.0.0", "settings": {"scopes": ["mdm_delegation"]}});
    admin.post(AS_CANDIDATE, &body).json(200);
    let told = newest_activity(&admin);
    assert_eq!(
        (&told["type"], &told["actor"]["name"]),
        (&json!("started_candidate"), &json!("first"))
    );
    assert_eq!(told["details"]["version"], "1.0.0");
    let release = admin.get(CANDIDATE).json(200)["release"].clone();
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    once_decided(&admin, 1);

    let home = server.stop_with("KILL").0;
    let server = home.start(&windows_gate());
    let admin = server.admin();
    let found = admin.get(CANDIDATE).json(200);
    assert_eq!((&found["release"], &found["decided"]), (&release, &json!(0)));
    assert_eq!(newest_activity(&admin)["type"], "started_candidate", "a start tells nothing");
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    assert_eq!(once_decided(&admin, 1)["differed"], 1);
    let promoted = admin.post_nothing(&format!("{PROMOTE}?{DROP}")).json(200);
    assert_eq!(promoted["generation"], 2);

    // Neither one that was promoted nor one that was ended comes back.
    let server = server.stop_with("KILL").0.start(&windows_gate());
    let admin = server.admin();
    admin.get(CANDIDATE).refused(404, "no_candidate");
    make_candidate(&admin, "windows-mdm@2.0.0");
    admin.delete(CANDIDATE).empty(204);
    let told = newest_activity(&admin);
    assert_eq!(
        (&told["type"], &told["details"]["version"]),
        (&json!("ended_candidate"), &json!("2.0.0"))
    );
    let server = server.stop_with("KILL").0.start(&windows_gate());
    server.admin().get(CANDIDATE).refused(404, "no_candidate");
}

#[test]
fn a_candidate_is_a_way_out_when_no_release_starts_and_keeps_none_from_starting() {
    let server = Server::serving();
    let admin = server.admin();
    let scopes = json!(["mdm_delegation", "tried"]);
    let body = json!({"policy": "windows-mdm@1.0.0", "settings": {"scopes": scopes}});
    admin.post(AS_CANDIDATE, &body).json(200);
    let home = server.stop_with("TERM").0;
    let database = home.path("data/admit.db");
    // In the row of the release's component: its name, its version, and the start of its bytes.
    let whole = std::fs::read(&database).unwrap();
    let release = damaged(whole.clone(), b"windows-mdm2.0.0\0asm", b"windows-mdm2.0.0\0bsm");
    std::fs::write(&database, release).unwrap();
    let server = home.start(&windows_gate());
    let admin = server.admin();
    assert_eq!(gate(&admin)["state"], "failed");
    admin.post_nothing(&format!("{PROMOTE}?{DROP}")).json(200);
    assert_eq!(server.decide("windows-mdm", &token_v1(json!({})))["outcome"], "allow");

    let home = server.stop_with("TERM").0;
    // In the row of the candidate: its settings.
    let candidate = damaged(whole, b"\"tried\"]}", b"\"tried\"]]");
    std::fs::write(&database, candidate).unwrap();
    let server = home.start(&windows_gate());
    assert_eq!(gate(&server.admin())["state"], "serving");
    server.admin().get(CANDIDATE).refused(404, "no_candidate");
    server.wait_for_log("the candidate could not be started again");
}
