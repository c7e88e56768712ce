//! `admit store backup`, and a server that starts with what it wrote.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::harness::server::{Home, Server, token, windows_gate};
use crate::harness::shell::Shell;

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

fn scopes(server: &Server) -> Value {
    server.admin().get(SETTINGS).json(200)["settings"]["scopes"].clone()
}

/// Ends what goes on beside a test, even if the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn a_copy_made_under_load_starts_with_what_was_acknowledged() {
    let server = Server::serving();
    let (shell, ends) = (Shell::of(&server), AtomicBool::new(false));
    let revoked = server.create_access("maintainer");
    server.admin().delete(&format!("/v1/access/{}", &revoked["admit_".len()..][..8])).empty(204);
    let observer = server.create_access("observer");
    let set = |last: &str| json!({"scopes": ["mdm_delegation", last]});
    server.admin().patch(SETTINGS, &set("0")).json(200);
    let admin = server.admin();
    std::thread::scope(|threads| {
        let _ends = Ends(&ends);
        threads.spawn(|| {
            for count in 1.. {
                admin.patch(SETTINGS, &set(&count.to_string())).json(200);
                if ends.load(Ordering::Acquire) {
                    return;
                }
            }
        });
        for count in 0..3 {
            let said = shell.prints(&format!("store backup copy-{count}.db"));
            assert!(said.starts_with(&format!("copy-{count}.db: ")), "{said}");
        }
    });
    shell.prints("store backup last.db");

    let home = Home::new();
    std::fs::create_dir(home.path("data")).unwrap();
    std::fs::copy(shell.path("last.db"), home.path("data/admit.db")).unwrap();
    let restored = home.start_again(&server, &windows_gate());
    assert_eq!(scopes(&restored), scopes(&server));
    for path in ["/v1/activities?limit=200", "/v1/access", "/v1/gates/windows-mdm/releases"] {
        assert_eq!(restored.admin().get(path).json(200), server.admin().get(path).json(200));
    }
    let as_holder = |token: &str| restored.admin().clone().with_token(token).get("/v1/status");
    as_holder(&observer).json(200);
    as_holder(&revoked).refused(401, "unauthenticated");
    assert_eq!(restored.decide("windows-mdm", &token(json!({})))["outcome"], "allow");

    let said = shell.refuses("store backup last.db", 3);
    assert!(said.starts_with("failed to write `last.db`: "), "{said}");
    let said = shell.with_token(&observer).refuses("store backup other.db", 3);
    assert!(said.contains("may not"), "{said}");
    assert!(!shell.path("other.db").exists());
}
