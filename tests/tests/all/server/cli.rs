//! Verbs against something else than a server, and tokens from elsewhere; `tests/http/verbs.yaml` has the rest.

use serde_json::json;

use crate::harness::server::{Server, token};
use crate::harness::shell::Shell;
use crate::harness::stub::{Stub, answer};

/// Of the form of an access token; nobody has it.
const UNKNOWN: &str = "admit_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn the_access_token_comes_from_a_file_standard_input_or_the_environment() {
    let server = Server::shared();
    let shell = Shell::of(&server);
    let nobody = shell.with_token(UNKNOWN);
    nobody.write("token", format!("{}\r\n", server.token()));
    let first = nobody.prints("access list --access-token-file token");
    let mut command = nobody.command("access list --access-token-file -");
    command.env_remove("ADMIT_ACCESS_TOKEN");
    assert_eq!(nobody.run_with(command, server.token()).printed(), first);

    let revoked = "the access token is not one of this server, or was revoked";
    assert_eq!(nobody.refuses("access list", 3), revoked);
    let missing = shell.with_token("").refuses("access list", 2);
    assert!(missing.starts_with("an access token is needed; expected it in the environment "));
    // A token of a user is sent nowhere.
    nobody.write("user", token(json!({})));
    let other = "`user` holds no access token; expected `admit_...`";
    assert_eq!(nobody.refuses("access list --access-token-file user", 3), other);
    let other =
        "the environment variable `ADMIT_ACCESS_TOKEN` holds no access token; expected `admit_...`";
    assert_eq!(shell.with_token("two words").refuses("access list", 3), other);
}

#[test]
fn the_example_in_the_help_of_apply_is_a_file_of_gates() {
    let server = Server::shared();
    let shell = Shell::of(&server);
    let help = shell.prints("apply --help");
    let (_, example) = help.split_once("\n  gates:\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    assert!(example.lines().all(|line| line.len() < 80), "{example}");
    shell.write("example.yaml", format!("  gates:\n{example}\n"));
    let applied = shell.prints("apply -f example.yaml --dry-run");
    assert!(applied.starts_with("windows-mdm:\n"), "{applied}");
}

#[test]
fn an_access_token_is_not_sent_in_the_clear_to_another_machine_nor_after_a_redirect() {
    let elsewhere = Stub::start(vec![("GET /v1/status", answer("200 OK", "", "{}"))]);
    let location = format!("location: {}/v1/status\r\n", elsewhere.url());
    let stub = Stub::start(vec![("GET /v1/status", answer("302 Found", &location, ""))]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let text = format!("the answer of {}, with status 302, is not one of Admit", stub.url());
    assert_eq!(shell.refuses("status", 3), text);
    assert_eq!(stub.requests(), ["GET /v1/status"]);
    assert_eq!(elsewhere.requests(), [""; 0]);

    let clear = shell.refuses("status --server http://admit.example.com:7421", 2);
    assert!(
        clear.starts_with("`http://admit.example.com:7421` would have the access token travel")
    );
    let bad = shell.refuses("status --server 127.0.0.1:7421", 2);
    assert!(bad.starts_with("`127.0.0.1:7421` is not the address of a server; expected "), "{bad}");
}

#[test]
fn what_is_not_admit_and_what_is_not_there_is_told() {
    let page = answer("200 OK", "content-type: text/html\r\n", "<html>\u{1b}[2J</html>");
    let stub = Stub::start(vec![
        ("GET /v1/status", page),
        ("POST /v1/gates/g/rollback", answer("502 Bad Gateway", "", "bad gateway")),
    ]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let not_admit =
        |status| format!("the answer of {}, with status {status}, is not one of Admit", stub.url());
    assert_eq!(shell.refuses("status", 3), not_admit(200));
    assert_eq!(shell.refuses("status --output json", 3), not_admit(200));
    assert_eq!(shell.refuses("policy rollback g", 3), not_admit(502));
    let closed = shell.refuses("activities", 3);
    assert!(closed.starts_with(&format!("no answer from {}: ", stub.url())), "{closed}");

    let gone = stub.url();
    drop(stub);
    let refused = Shell::at(&gone, UNKNOWN).refuses("status", 3);
    assert!(refused.starts_with(&format!("no answer from {gone}: ")), "{refused}");
}

#[test]
fn what_a_server_says_is_printed_without_what_a_terminal_obeys() {
    let body = json!({
        "gate": "g\u{7}", "result": "activated", "release": "r", "generation": 1, "revision": 1,
        "policy": {"name": "p\u{1b}[2J", "version": "1\r", "digest": "d\u{202e}"},
        "steps": [{"step": "inspect", "ok": true}], "unknown": {"x\u{9b}": 1},
        "rehearsed": {"component": 1, "operator": 0},
    });
    let stub =
        Stub::start(vec![("POST /v1/gates/g/rollback", answer("200 OK", "", &body.to_string()))]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let printed = shell.prints("policy rollback g");
    assert!(printed.contains("p\\u{1b}[2J 1\\r (d\\u{202e})"), "{printed}");
    assert!(
        !printed.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')),
        "{printed}"
    );
    assert_eq!(shell.prints("policy rollback g --output json"), format!("{body}\n"), "unchanged");
}
