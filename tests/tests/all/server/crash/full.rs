//! A store that is full. Linux only: the size of files is limited as its shells do it.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use admit_tests::clock::wait_until;
use admit_tests::guests;
use serde_json::{Value, json};

use super::{POLICY, SETTINGS};
use crate::harness::server::{Home, Server, token, windows_gate};

/// A server none of whose files may grow beyond a mebibyte. Less would not do for the memory that
/// policies start with, which is a file to the system.
fn start_with_small_files(home: &Home) -> Server {
    const LIMIT: &str = "ulimit -f 2048; exec \"$0\" \"$@\"";
    home.configure(&windows_gate());
    let serve = home.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", LIMIT]).arg(serve.get_program()).args(serve.get_args());
    shell.current_dir(serve.get_current_dir().unwrap());
    shell.stdin(Stdio::null()).env_remove("ADMIT_LOG");
    home.start_with(&mut shell)
}

/// A policy that takes more room: with a section that means nothing.
fn roomy(component: &[u8]) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    /// 1.25 MiB in LEB128.
    const SIZE: [u8; 3] = [0x80, 0x80, 0x50];
    let content = [&[4], &b"room"[..], &[0; (5 << 18) - 5]].concat();
    [component, &[CUSTOM], &SIZE, &content].concat()
}

#[test]
fn a_store_that_is_full_fails_the_activation_and_nothing_else() {
    let (home, _) = Server::serving().stop_with("TERM");
    let server = start_with_small_files(&home);
    let admin = server.admin();
    let other = guests::patched(admit_policies::WINDOWS_MDM_2.component, "2.0.0", "2.0.1");
    let large = roomy(&other);
    let upload = |query: &str| {
        admin.send("POST", &format!("{POLICY}{query}"), Some(("application/wasm", &large)))
    };
    let decides_by = |generation: u64| {
        let decision = server.decide("windows-mdm", &token(json!({})));
        let seen = (&decision["outcome"], &decision["generation"]);
        assert_eq!(seen, (&json!("allow"), &json!(generation)));
    };
    let is_persist = |error: &Value| {
        let last = error["steps"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["step"], &last["ok"]), (&json!("persist"), &json!(false)), "{error}");
        assert!(last["error"].as_str().unwrap().starts_with("the store failed: "), "{error}");
    };
    assert_eq!(upload("?dry_run=true").json(200)["result"], "checked");
    is_persist(&upload("").refused(500, "persist"));
    let newest =
        admin.get("/v1/gates/windows-mdm/releases?limit=1").json(200)["releases"][0].take();
    assert_eq!((&newest["result"], &newest["step"]), (&json!("refused"), &json!("persist")));
    let told = admin.get("/v1/activities?limit=1").json(200)["activities"][0].take();
    assert_eq!(
        (&told["type"], &told["details"]["step"]),
        (&json!("rejected_policy"), &json!("persist"))
    );
    decides_by(1);

    let changed = admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation", "x"]})).json(200);
    assert_eq!(changed["activation"]["generation"], 2, "there is room for that");
    decides_by(2);
    is_persist(&upload("").refused(500, "persist"));
    decides_by(2);
    let state = admin.get("/v1/status").json(200)["gates"][0].take();
    let seen = (&state["state"], &state["revision"], &state["generation"]);
    assert_eq!(seen, (&json!("serving"), &json!(2), &json!(2)));
    assert_eq!(state["last_attempt"]["step"], "persist");

    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["generation"], 2);
    let given = server.admin().send("POST", POLICY, Some(("application/wasm", &large))).json(200);
    assert_eq!((&given["result"], &given["generation"]), (&json!("activated"), &json!(3)));
}

/// Lets no file of a server grow beyond so many bytes from now on.
fn limit_files(server: &Server, bytes: &str) {
    let (pid, limit) = (server.pid().to_string(), format!("--fsize={bytes}:"));
    let set = Command::new("prlimit").args(["--pid", &*pid, &*limit]).status().unwrap();
    assert!(set.success());
}

#[test]
fn what_a_full_disk_refused_is_gone_and_what_came_after_is_there() {
    const HELD: &str = "/v1/access";
    let home = Home::new();
    let server = home.start(&windows_gate());
    let admin = server.admin();
    let scopes = |last: &str| json!({"scopes": ["mdm_delegation", last]});
    let other = server.create_access("maintainer");
    let revoke = format!("{HELD}/{}", &other["admit_".len()..][..8]);
    let as_other = |server: &Server| server.admin().clone().with_token(&other).get("/v1/status");
    admin.patch(SETTINGS, &scopes("before")).json(200);

    // Room for what a policy starts with, not for the policy.
    let newer = guests::patched(admit_policies::WINDOWS_MDM_2.component, "2.0.0", "2.0.1");
    let newer = roomy(&newer);
    limit_files(&server, "1048576");
    for _ in 0..3 {
        admin.send("POST", POLICY, Some(("application/wasm", &newer))).refused(500, "persist");
    }
    // Room for nothing: each COMMIT fails.
    limit_files(&server, "4096");
    for _ in 0..3 {
        admin.delete(&revoke).refused(500, "store");
        admin.post(HELD, &json!({"name": "refused", "role": "admin"})).refused(500, "store");
        let ready = server.service().get("/health/ready").json(503);
        assert_eq!(ready["failing"][0]["check"], "store", "{ready}");
        // The gate decides all the same.
        let gate = server.service().get("/health/ready/windows-mdm").json(200);
        assert_eq!(gate, json!({"status": "ready"}));
        let metrics = admin.get("/metrics").text();
        assert!(metrics.contains("admit_check_failing{check=\"store\"} 1\n"), "{metrics}");
        let status = as_other(&server).json(200);
        assert_eq!(status["store"]["state"], "failing", "{status}");
        assert!(status["store"]["problem"].as_str().unwrap().starts_with("the store failed: "));
        assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    }
    let second = home.command().output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("is in use by another process"), "{said}");

    limit_files(&server, "unlimited");
    wait_until("ready", || server.service().get("/health/ready").status == 200);
    assert_eq!(admin.get(SETTINGS).json(200)["settings"]["scopes"], scopes("before")["scopes"]);
    admin.patch(SETTINGS, &scopes("after")).json(200);
    admin.delete(&revoke).empty(204);
    // Sends SIGKILL.
    drop(server);
    let server = home.start(&windows_gate());
    let admin = server.admin();
    assert_eq!(admin.get(SETTINGS).json(200)["settings"]["scopes"], scopes("after")["scopes"]);
    as_other(&server).refused(401, "unauthenticated");
    let held = admin.get(HELD).json(200);
    assert_eq!(held["access"].as_array().unwrap().len(), 2, "{held}");
    let gate = admin.get("/v1/status").json(200)["gates"][0].take();
    assert_eq!(gate["policy"]["version"], "2.0.0", "{gate}");
}
