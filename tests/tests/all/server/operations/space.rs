//! A server whose address space is limited: it says how many decisions it takes, and blames no policy.

use std::process::{Command, Stdio};

use admit_tests::fixture::with;
use serde_json::{Value, json};

use super::DECIDE;
use crate::harness::server::{Home, token, windows_gate};

#[test]
fn a_lack_of_address_space_is_not_the_policys_fault() {
    let home = Home::new();
    home.configure(&with(windows_gate(), json!({"fault_revert": {"faults": 1}})));
    let whole = home.command();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 6000000; exec \"$0\" \"$@\""]).arg(whole.get_program());
    limited.args(whole.get_args()).current_dir(whole.get_current_dir().unwrap());
    limited.stdin(Stdio::null()).env_remove("ADMIT_LOG");
    let server = home.start_with(&mut limited);
    assert!(server.log().contains("the address space of this process is limited"));
    let changed = json!({"windows_entra_client_ids": []});
    let body = json!({"token": token(json!({}))});
    assert_eq!(server.service().post(DECIDE, &body).json(200)["outcome"], "allow");
    server.admin().patch("/v1/gates/windows-mdm/settings", &changed).json(200);

    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (service, body) = (server.service(), &body);
            scope.spawn(move || {
                for _ in 0..25 {
                    let reply = service.post(DECIDE, body);
                    let later = reply.header("retry-after").is_some();
                    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
                    let fine = match reply.status {
                        200 => answer["outcome"] == "deny",
                        503 => later && (answer["blame"] == "host" || answer["code"] == "busy"),
                        _ => false,
                    };
                    assert!(fine, "{}: {answer}", reply.status);
                }
            });
        }
    });
    // The accepted change is still there.
    assert_eq!(server.service().post(DECIDE, &body).json(200)["outcome"], "deny");
    assert!(!server.log().contains("kept failing"), "{}", server.log());
}
