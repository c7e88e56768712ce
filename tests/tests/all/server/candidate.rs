//! A candidate over damaged rows; `tests/http/candidates.yaml` has the rest.

use serde_json::{Value, json};

use super::policies::damaged;
use crate::harness::client::Client;
use crate::harness::server::{DROP, Server, token_v1, windows_gate};

const CANDIDATE: &str = "/v1/gates/windows-mdm/candidate";
const AS_CANDIDATE: &str = "/v1/gates/windows-mdm/policy?candidate=true";
const PROMOTE: &str = "/v1/gates/windows-mdm/promote";

fn gate(client: &Client) -> Value {
    client.get("/v1/status").json(200)["gates"][0].clone()
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
