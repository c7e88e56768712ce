//! What a refusal points at is shown, whatever `decision_log.claims` names.

use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, with};
use serde_json::{Value, json};

use super::shell::Shell;
use super::start::{Server, token, windows_gate};

const POLICY: &str = "/v1/gates/windows-mdm/policy";
const CANDIDATE: &str = "/v1/gates/windows-mdm/candidate";

/// A server whose decision log names one claim.
fn server() -> Server {
    let log = json!({"to": "decisions.jsonl", "claims": ["tid"], "when_full": "block"});
    Server::start(&with(windows_gate(), json!({"decision_log": log})))
}

fn refuse(server: &Server, claims: Value, reason: &str) {
    let decision = server.decide("windows-mdm", &token(claims));
    assert_eq!(decision["reason"], reason);
}

#[test]
fn status_and_log_show_what_a_refusal_points_at_unless_it_names_a_person() {
    let server = server();
    refuse(
        &server,
        json!({"aud": "0b0b0b0b-0000-4000-8000-00000000000b"}),
        "audience_not_authorized",
    );
    refuse(&server, json!({"scp": null}), "scope_missing");
    refuse(&server, json!({"preferred_username": "dana\u{200b}"}), "user_name_invalid");
    let status = Shell::of(&server).prints("status");
    for line in [
        "  came       claim aud = \"0b0b0b0b-0000-4000-8000-00000000000b\"\n",
        "  came       claim scp = missing\n",
        "  came       claim preferred_username = not shown: it names a person (`decision_log.claims` may not name it)\n",
    ] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let (home, _) = server.stop_with("TERM");
    let log = std::fs::read_to_string(home.path("decisions.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let observed: Vec<Value> = lines
        .filter(|line| line["type"] == "decision")
        .flat_map(|line| line["observed"].as_array().unwrap().clone())
        .collect();
    for expected in [
        json!({"claim": "aud", "value": "0b0b0b0b-0000-4000-8000-00000000000b"}),
        json!({"claim": "scp"}),
        json!({"claim": "preferred_username", "withheld": "names_a_person"}),
    ] {
        assert!(observed.contains(&expected), "{expected}: {log}");
    }
    assert!(!log.contains("dana"), "{log}");
}

#[test]
fn examples_of_a_candidate_show_what_its_refusals_point_at() {
    let server = server();
    let admin = server.admin();
    let candidate = json!({"policy": "windows-mdm@1.0.0"});
    admin.post(&format!("{POLICY}?candidate=true"), &candidate).json(200);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    let found = || admin.get(CANDIDATE).json(200);
    wait_until("a decision", || found()["decided"] == 1);
    let example = &found()["examples"][0];
    let observed = json!([{"claim": "ver", "value": "2.0"}, {"claim": "aud", "value": CLIENT}]);
    assert_eq!(example["observed"], observed, "{example}");
    assert_eq!(example["claims"].as_object().unwrap().len(), 1);
    let text = Shell::of(&server).prints("policy candidate windows-mdm");
    assert!(text.contains("  came       claim ver = \"2.0\"\n"), "{text}");
}
