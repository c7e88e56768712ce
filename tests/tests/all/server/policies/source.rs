//! A watched file, and a watched directory as Kubernetes makes it.

use std::os::unix::fs::symlink;
use std::path::Path;

use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_server::store::{Retention, Store, Trying};
use admit_tests::clock::wait_until;
use admit_tests::fixture::with;
use admit_tests::guests;
use serde_json::{Value, json};

use crate::harness::server::{Home, Server, windows_settings};

/// The gate's entry in the status once its source is in this state; all sources are polled once a
/// second, and twice before something is taken.
fn once(server: &Server, gate: usize, source: &str) -> Value {
    let admin = server.admin();
    let state = || admin.get("/v1/status").json(200)["gates"][gate].clone();
    wait_until(source, || state()["source"]["state"] == source);
    state()
}

fn version(state: &Value) -> &Value {
    &state["policy"]["version"]
}

/// Writes beside and renames, as careful writers do.
fn replace(file: &Path, content: &[u8]) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, file).unwrap();
}

/// Lets `..data` lead to another folder, in one step.
fn publish(folder: &Path, name: &str, component: &[u8]) {
    std::fs::create_dir(folder.join(name)).unwrap();
    std::fs::write(folder.join(name).join("policy.wasm"), component).unwrap();
    symlink(name, folder.join("..next")).unwrap();
    std::fs::rename(folder.join("..next"), folder.join("..data")).unwrap();
}

fn watching(path: &str) -> Value {
    let settings = with(windows_settings(), json!({"windows_entra_client_ids": null}));
    json!({
        "policy": "windows-mdm@1.0.0",
        "settings": settings,
        "source": {"path": path, "interval_seconds": 1},
    })
}

#[test]
fn what_a_watched_file_or_directory_holds_is_activated_and_the_last_good_kept() {
    let home = Home::new();
    let (file, folder) = (home.path("policy.wasm"), home.path("folder"));
    std::fs::create_dir(&folder).unwrap();
    publish(&folder, "..1", WINDOWS_MDM_1.component);
    symlink("..data/policy.wasm", folder.join("policy.wasm")).unwrap();
    let config = json!({"gates": {"a": watching("policy.wasm"), "b": watching("folder")}});
    let server = home.start(&config);
    assert_eq!(version(&once(&server, 0, "unreadable")), "1.0.0");
    assert_eq!(version(&once(&server, 1, "applied")), "1.0.0");

    replace(&file, WINDOWS_MDM_2.component);
    publish(&folder, "..2", WINDOWS_MDM_2.component);
    let applied = once(&server, 0, "applied");
    assert_eq!((version(&applied), &applied["generation"]), (&json!("2.0.0"), &json!(2)));
    assert_eq!(applied["source"]["digest"], applied["policy"]["digest"]);
    assert_eq!(applied["last_attempt"]["action"], "source");
    assert_eq!(applied["last_attempt"]["actor"], json!({"name": "source", "role": "system"}));
    wait_until("the other links", || version(&once(&server, 1, "applied")) == "2.0.0");

    // Gone, and there again as it was.
    std::fs::rename(&file, home.path("aside")).unwrap();
    publish(&folder, "..3", b"\0asm\x0d\0\x01\0 and the rest is missing");
    assert_eq!(version(&once(&server, 0, "unreadable")), "2.0.0");
    std::fs::rename(home.path("aside"), &file).unwrap();
    assert_eq!(once(&server, 0, "applied")["generation"], 2);
    let refused = once(&server, 1, "refused");
    assert_eq!((version(&refused), &refused["state"]), (&json!("2.0.0"), &json!("serving")));
    assert_eq!(refused["last_attempt"]["step"], "inspect");
    assert_eq!(refused["source"]["error"], refused["last_attempt"]["error"]);
    let newest = &server.admin().get("/v1/activities?gate=b&limit=1").json(200)["activities"][0];
    assert_eq!(newest["type"], "rejected_policy");

    // An older version has to be asked for.
    replace(&file, WINDOWS_MDM_1.component);
    let older = once(&server, 0, "refused");
    assert_eq!(version(&older), "2.0.0");
    let error = older["source"]["error"].as_str().unwrap().to_owned();
    assert!(error.contains("is older than 2.0.0"), "{error}");
    let attempts = |server: &Server, gate: &str| {
        let page = server.admin().get(&format!("/v1/gates/{gate}/releases")).json(200);
        page["releases"].as_array().unwrap().len()
    };
    let before = (attempts(&server, "a"), attempts(&server, "b"));

    // After a restart it is known what came of it, and it is not tried again.
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&config);
    let again = once(&server, 0, "refused");
    assert_eq!(again["source"]["error"], json!(error));
    assert_eq!((version(&again), &again["generation"]), (&json!("2.0.0"), &json!(2)));
    publish(&folder, "..4", WINDOWS_MDM_2.component);
    wait_until("the next", || {
        version(&once(&server, 1, "applied")) == "2.0.0" && attempts(&server, "a") == before.0
    });
}

/// A gate that watches `policy.wasm` and plays the operator's cases.
fn with_cases(policy: &str, home: &Home) -> Value {
    home.write("cases.yaml", cases("tenant_not_authorized"));
    json!({
        "policy": policy,
        "settings": with(windows_settings(), json!({"windows_entra_client_ids": null})),
        "cases": "cases.yaml",
        "source": {"path": "policy.wasm", "interval_seconds": 1},
    })
}

/// Cases of the operator: a token of another tenant is refused for this reason.
fn cases(reason: &str) -> String {
    format!(
        "policy: windows-mdm\nbase: entra-v2\ncases:\n  - name: another tenant\n    \
         claims: {{tid: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}}\n    expect: {{deny: {reason}}}\n"
    )
}

/// So many cases that a component is tried for longer than a test takes to kill the server.
fn many_cases() -> String {
    let case = |number| {
        format!(
            "  - {{name: '{number}', claims: {{tid: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}}, \
             expect: {{deny: tenant_not_authorized}}}}\n"
        )
    };
    cases("tenant_not_authorized") + &(0..8_000).map(case).collect::<String>()
}

#[test]
fn a_component_that_was_tried_when_the_server_was_killed_is_set_aside() {
    let home = Home::new();
    let gate = with_cases("windows-mdm@1.0.0", &home);
    let gates = json!({"windows-mdm": gate, "other": watching("other.wasm")});
    let config = json!({"gates": gates, "log": {"level": "debug"}});
    let server = home.start(&config);
    home.write("cases.yaml", many_cases());
    let begun = || server.log().matches("a step of an activation begins step=\"inspect\"").count();
    let before = begun();
    replace(&home.path("policy.wasm"), WINDOWS_MDM_2.component);
    wait_until("the try", || begun() > before);
    let home = server.stop_with("KILL").0;
    home.write("cases.yaml", cases("tenant_not_authorized"));

    let set_aside = |server: &Server| {
        let state = once(server, 0, "refused");
        let source = &state["source"];
        let error = source["error"].as_str().unwrap();
        assert!(error.starts_with("the server ended while it tried this component"), "{source}");
        assert!(source["waits_for"].as_str().unwrap().contains("SIGHUP"), "{source}");
        assert_eq!(source.get("retry_at"), None);
        let path = "/v1/activities?type=set_aside_source";
        let told = server.admin().get(path).json(200)["activities"].take();
        assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
        assert_eq!(told[0]["details"]["digest"], source["digest"]);
        assert_eq!(version(&state), "1.0.0");
    };
    let server = home.start(&config);
    set_aside(&server);
    server.wait_for_log("it may be what ended it");
    // The other gate's source was looked at twice by then, and so was this one.
    replace(&server.home.path("other.wasm"), WINDOWS_MDM_2.component);
    assert_eq!(version(&once(&server, 1, "applied")), "2.0.0");
    set_aside(&server);
    let server = server.stop_with("TERM").0.start(&config);
    set_aside(&server);

    server.signal("HUP");
    assert_eq!(version(&once(&server, 0, "applied")), "2.0.0");
}

#[test]
fn what_an_administrator_uploads_is_no_longer_set_aside() {
    let home = Home::new();
    home.write("policy.wasm", WINDOWS_MDM_2.component);
    let config = json!({"gates": {"windows-mdm": watching("policy.wasm")}});
    let server = home.start(&config);
    once(&server, 0, "applied");
    // As if it was killed after the release was written down, and before that was.
    let leave = |home: &Home, component: &[u8]| {
        let digest = admit::release::component_digest(component).to_string();
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio.block_on(async {
            let store = Store::open(&home.path("data"), Retention::default()).await.unwrap();
            store.begin_trying("windows-mdm", &Trying { digest, since: 1 }).await.unwrap();
            store.close().await;
        });
    };
    let (home, _) = server.stop_with("TERM");
    leave(&home, WINDOWS_MDM_2.component);
    let server = home.start(&config);
    assert_eq!(version(&once(&server, 0, "applied")), "2.0.0");

    let (home, _) = server.stop_with("TERM");
    let newer = guests::patched(WINDOWS_MDM_2.component, "2.0.0", "2.0.1");
    replace(&home.path("policy.wasm"), &newer);
    leave(&home, &newer);
    let server = home.start(&config);
    assert_eq!(version(&once(&server, 0, "refused")), "2.0.0");
    let path = "/v1/gates/windows-mdm/policy";
    server.admin().send("POST", path, Some(("application/wasm", &newer))).json(200);
    assert_eq!(version(&once(&server, 0, "applied")), "2.0.1");
}
