//! Every way in which an activation is refused through the API: the step, the code, the status, and
//! that decisions, history and settings go on as before. `persist` is in `crash.rs`, for it takes a
//! store that is full, and `overtaken` in `policies.rs`.

mod artefacts;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::artefacts::{Row, misbehaving, unread};
use crate::harness::client::{Client, Reply};
use crate::harness::server::{Server, token};

const POLICY: &str = "/v1/gates/windows-mdm/policy";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";

/// A server, and what must not change.
struct Kept {
    server: Server,
    admin: Client,
    /// Settings, revision and releases that were activated.
    before: Value,
}

impl Kept {
    fn new(server: Server) -> Self {
        let admin = server.admin();
        let before = kept(&admin);
        Self { server, admin, before }
    }

    fn upload(&self, row: &Row) -> Reply {
        let body = json!({"component": STANDARD.encode(&row.component), "settings": row.settings});
        self.admin.post(POLICY, &body)
    }

    /// Checks that all is as it was but for the attempt, if it is to be told.
    fn check(&self, name: &str, told: Option<(&str, &str)>) {
        assert_eq!(kept(&self.admin), self.before, "{name}");
        let decision = self.server.decide("windows-mdm", &token(json!({})));
        let by = (&decision["outcome"], &decision["policy"]["version"], &decision["generation"]);
        assert_eq!(by, (&json!("allow"), &json!("2.0.0"), &json!(1)), "{name}");
        let attempt = self.newest("/v1/gates/windows-mdm/releases?limit=1", "releases");
        let activity = self.newest("/v1/activities?limit=1", "activities");
        let Some((action, step)) = told else { return };
        let seen = (&attempt["result"], &attempt["action"], &attempt["step"]);
        assert_eq!(seen, (&json!("refused"), &json!(action), &json!(step)), "{name}");
        let seen = (&activity["type"], &activity["details"]["step"]);
        assert_eq!(seen, (&json!("rejected_policy"), &json!(step)), "{name}");
        assert_eq!(activity["details"]["error"], attempt["error"], "{name}");
    }

    fn newest(&self, path: &str, list: &str) -> Value {
        self.admin.get(path).json(200)[list][0].take()
    }

    /// How many attempts there were.
    fn attempts(&self) -> usize {
        let releases = self.admin.get("/v1/gates/windows-mdm/releases").json(200);
        releases["releases"].as_array().unwrap().len()
    }
}

fn kept(admin: &Client) -> Value {
    let settings = admin.get(SETTINGS).json(200);
    let releases = admin.get("/v1/gates/windows-mdm/releases?limit=100").json(200);
    let releases = releases["releases"].as_array().unwrap().iter();
    let activated: Vec<_> = releases.filter(|one| one["result"] == "activated").cloned().collect();
    json!([settings, activated])
}

#[test]
fn a_bad_artefact_is_refused_at_its_step_and_changes_nothing() {
    let kept = Kept::new(Server::serving());
    for row in unread().into_iter().chain(misbehaving()) {
        let Row { name, step, reason, .. } = row;
        let refused = kept.upload(&row).refused(422, step);
        let steps = refused["steps"].as_array().unwrap();
        let (last, before) = steps.split_last().unwrap();
        assert_eq!((&last["step"], &last["ok"]), (&json!(step), &json!(false)), "{name}");
        assert!(last["error"].as_str().unwrap().contains(reason), "{name}: {last}");
        assert!(refused["message"].as_str().unwrap().contains(reason), "{name}: {refused}");
        assert_eq!(refused["step"], step, "{name}");
        let order = ["inspect", "configure", "seal", "rehearse"];
        let order = order.iter().take_while(|one| **one != step);
        assert!(before.iter().map(|one| &one["step"]).eq(order), "{name}: {before:?}");
        assert!(before.iter().all(|one| one["ok"] == true), "{name}");
        kept.check(name, Some(("policy", step)));
        let attempt = kept.newest("/v1/gates/windows-mdm/releases?limit=1", "releases");
        assert_eq!(attempt["error"], last["error"], "{name}");
        let by = (&attempt["active"], &attempt["actor"]["role"]);
        assert_eq!(by, (&json!(false), &json!("admin")), "{name}");
        let gate = kept.newest("/v1/status", "gates");
        assert_eq!(
            (&gate["state"], &gate["last_attempt"]),
            (&json!("serving"), &attempt),
            "{name}"
        );
    }
}

#[test]
fn dry_runs_and_candidates_are_refused_alike_and_told_to_nobody_else() {
    let kept = Kept::new(Server::serving());
    let attempts = kept.attempts();
    for row in misbehaving() {
        for query in ["dry_run=true", "candidate=true"] {
            let body =
                json!({"component": STANDARD.encode(&row.component), "settings": row.settings});
            kept.admin.post(&format!("{POLICY}?{query}"), &body).refused(422, row.step);
        }
    }
    kept.check("all", None);
    assert_eq!(kept.attempts(), attempts);
    kept.admin.get("/v1/gates/windows-mdm/candidate").refused(404, "no_candidate");
}
