//! `admit replay`, and the lines of the decision log that it reads.

mod logs;

use std::path::PathBuf;
use std::sync::Arc;

use admit::claims::Verification;
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Request};
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::Format;
use admit_policies::{Embedded, INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_server::config::{DecisionLogConfig, DecisionLogTarget, WhenFull};
use admit_server::decision_log::DecisionLog;
use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, issuer, with};
use serde_json::{Value, json};

use super::run::{Folder, Run, SERVER, windows_settings};
use super::schema;

const LOGGED: [&str; 13] =
    ["aud", "iss", "tid", "oid", "ver", "scp", "azp", "appid", "idtyp", "idp", "exp", "nbf", "iat"];

/// A log with a gate that decides.
struct Logged {
    folder: Folder,
    log: DecisionLog,
    gate: Gate,
}

impl Logged {
    fn new(policy: &Embedded, settings: Value) -> Self {
        Self::with_claims(policy, settings, &LOGGED)
    }

    fn with_claims(policy: &Embedded, settings: Value, claims: &[&str]) -> Self {
        let folder = Folder::new();
        let keys = KeySet::parse(issuer().jwk_set().to_string().as_bytes()).unwrap();
        let runtime = Runtime::new().unwrap();
        let keys = Arc::new(Keys::fixed(keys));
        let gate = Gate::new(policy.name, runtime, keys, Verification::default());
        let options = DecisionLogConfig {
            to: DecisionLogTarget::File(folder.path("log.jsonl")),
            allows: 1.0,
            when_full: WhenFull::Block,
            buffer: 16,
            claims: claims.iter().map(|claim| (*claim).to_owned()).collect(),
        };
        let log = DecisionLog::start(options).unwrap();
        let logged = Self { folder, log, gate };
        logged.activate(policy, settings);
        logged
    }

    fn activate(&self, policy: &Embedded, settings: Value) {
        self.activate_keeping(policy, settings, &json!({}));
    }

    /// As [`Logged::activate`], with settings that the gate keeps although the policy does not know
    /// them.
    fn activate_keeping(&self, policy: &Embedded, settings: Value, kept: &Value) {
        let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
        let component = policy.component;
        let active = self.gate.activate(Activation { component, settings, cases: &[] }).unwrap();
        let (name, verification) = (self.gate.name(), self.gate.verification());
        self.log.release(
            name,
            active.generation,
            &active.release,
            kept.as_object().unwrap(),
            verification,
            NOW,
        );
    }

    fn decide(&self, id: &str, claims: &Value, facts: Value) {
        let token = issuer().sign(claims);
        let facts = Facts::parse(facts.to_string().as_bytes()).unwrap();
        let input = Input::Token(Format::Jwt, token.as_bytes());
        let request = Request { id: Some(id), input, facts: &facts, now: NOW, trace: false };
        self.log.record(&self.gate.decide_with_claims(&request).unwrap(), &request);
    }

    /// Ends the log; every line of it is as the schema says.
    fn end(self) -> Folder {
        drop(self.log);
        for line in std::fs::read_to_string(self.folder.path("log.jsonl")).unwrap().lines() {
            schema::decision_log_line(line);
            assert!(!line.contains("dana") && !line.contains("eyJ"), "{line}");
        }
        self.folder
    }
}

/// The log of a platform that takes v1.0 tokens and is sent others too.
fn windows() -> Folder {
    let settings = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
    let logged = Logged::new(&WINDOWS_MDM_1, settings);
    logged.decide("v1-a", &claims_v1(), json!({}));
    logged.decide("v1-b", &claims_v1(), json!({}));
    logged.decide("v2-a", &claims(), json!({}));
    logged.decide("v2-b", &with(claims(), json!({"upn": null})), json!({}));
    logged.decide("other-tenant", &tenant(claims_v1(), CLIENT), json!({}));
    logged.decide("expired", &with(claims(), json!({"exp": NOW - 3_600})), json!({}));
    logged.end()
}

/// The claims of a v1.0 token of another tenant.
fn tenant(claims: Value, tid: &str) -> Value {
    with(claims, json!({"tid": tid, "iss": format!("https://sts.windows.net/{tid}/")}))
}

fn json(run: &Run, code: i32) -> Value {
    assert_eq!(run.code, Some(code), "{run:?}");
    schema::replay(&run.out)
}

/// The ids of decisions in the log by the callers' own.
fn decision_id(folder: &Folder, id: &str) -> String {
    let text = std::fs::read_to_string(folder.path("log.jsonl")).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.find(|line| line["id"] == id).unwrap();
    line["decision_id"].as_str().unwrap().to_owned()
}

#[test]
fn text_shows_what_agrees_what_changes_and_what_was_left_out() {
    let folder = windows();
    let run = folder.admit("replay log.jsonl --policy windows-mdm --settings windows.json");
    let digest = admit::release::component_digest(WINDOWS_MDM_2.component);
    let [first, second] = ["v2-a", "v2-b"].map(|id| decision_id(&folder, id));
    let expected = format!(
        "  policy     windows-mdm 2.0.0 ({})
  replayed   5 of 6
  left out   1 without claims: no token verified, or nothing could be decided (from line 7)
  stand-ins  values of the same kind for preferred_username, upn
  equal      3
             2 allow
             1 deny tenant_not_authorized
  changed    2
             0 narrowing: less is admitted
             2 widening: more is admitted
             0 other: as much is admitted, with another reason or question

WIDENING 2: deny token_version_not_accepted -> allow
  example    line 4, {first}, v2-a
  example    line 5, {second}, v2-b
",
        &digest[..19]
    );
    assert_eq!(run.text(0), expected);
}

#[test]
fn settings_that_the_policy_did_not_know_count_for_one_that_does() {
    let settings = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
    for (kept, expected) in [
        (json!({}), "deny token_version_not_accepted -> deny audience_not_authorized"),
        (json!({"windows_entra_client_ids": [CLIENT]}), "deny token_version_not_accepted -> allow"),
    ] {
        let logged = Logged::new(&WINDOWS_MDM_1, with(settings.clone(), json!({"scopes": ["x"]})));
        logged.activate_keeping(&WINDOWS_MDM_1, settings.clone(), &kept);
        logged.decide("v2", &claims(), json!({}));
        let run = logged.end().admit("replay log.jsonl --policy windows-mdm@2.0.0");
        assert!(run.text(0).contains(expected), "{run:?}");
    }
}

#[test]
fn a_policy_agrees_with_its_own_log_and_another_need_not() {
    let folder = windows();
    for (policy, changed) in [("windows-mdm@1.0.0", 0), ("windows-mdm@2.0.0", 2)] {
        let run = folder.admit(&format!("replay log.jsonl --policy {policy} --format json"));
        let replay = json(&run, 0);
        assert_eq!((&replay["replayed"], &replay["changed"]), (&json!(5), &json!(changed)));
    }
}

#[test]
fn each_decision_is_replayed_with_the_settings_that_it_was_made_with() {
    let logged = Logged::new(&WINDOWS_MDM_2, windows_settings());
    logged.decide("a", &claims(), json!({}));
    logged
        .activate(&WINDOWS_MDM_2, json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]}));
    logged.decide("b", &claims(), json!({}));
    logged.activate(&WINDOWS_MDM_2, windows_settings());
    logged.decide("c", &claims(), json!({}));
    let folder = logged.end();
    let own = json(&folder.admit("replay log.jsonl --policy windows-mdm --format json"), 0);
    let agreements = json!([
        {"count": 2, "decision": {"outcome": "allow"}},
        {"count": 1, "decision": {"outcome": "deny", "reason": "audience_not_authorized"}},
    ]);
    assert_eq!(own["agreements"], agreements);

    // A decision may be logged before the release that made it.
    let text = std::fs::read_to_string(folder.path("log.jsonl")).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.swap(0, 1);
    folder.write("log.jsonl", lines.join("\n"));
    let swapped = folder.admit("replay log.jsonl --policy windows-mdm --format json");
    assert_eq!(json(&swapped, 0)["agreements"], own["agreements"]);

    let down = folder.admit("replay log.jsonl --policy windows-mdm@1.0.0 --format json");
    let down = json(&down, 0);
    assert_eq!(down["kinds"], json!({"narrowing": 2, "widening": 0, "other": 1}));
    assert_eq!(down["settings_left_out"], json!(["windows_entra_client_ids"]));
}

#[test]
fn facts_and_questions_are_replayed() {
    let settings = json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "saml"});
    let logged = Logged::new(&INTUNE_MAM, settings);
    let claims = with(claims(), json!({"scp": "login.mattermost"}));
    logged.decide("asks", &claims, json!({}));
    let known = json!({"account.exists": true, "account.bot": false, "account.deactivated": false});
    logged.decide("knows", &claims, known.clone());
    logged.decide("bot", &claims, with(known, json!({"account.bot": true})));
    let folder = logged.end();
    let replay = json(&folder.admit("replay log.jsonl --policy intune-mam --format json"), 0);
    assert_eq!((&replay["equal"], &replay["changed"]), (&json!(3), &json!(0)));
    let outcomes: Vec<_> = replay["agreements"].as_array().unwrap().iter().collect();
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
}

#[test]
fn a_user_name_is_replayed_by_its_kind_alone() {
    let logged = Logged::new(&WINDOWS_MDM_2, windows_settings());
    for upn in [json!("dana@example.com"), json!(""), json!("da\u{200b}na"), json!(null)] {
        let claims = with(claims(), json!({"upn": upn, "preferred_username": null}));
        logged.decide("names", &claims, json!({}));
    }
    let folder = logged.end();
    let replay = json(&folder.admit("replay log.jsonl --policy windows-mdm --format json"), 0);
    let agreements = json!([
        {"count": 3, "decision": {"outcome": "allow"}},
        {"count": 1, "decision": {"outcome": "deny", "reason": "user_name_invalid"}},
    ]);
    assert_eq!(replay["agreements"], agreements);
    assert_eq!(replay["stand_ins"], json!(["upn"]));
}

#[test]
fn a_kind_of_change_is_forbidden_only_when_named() {
    let folder = windows();
    for (forbid, settings, code) in [
        ("", " --settings windows.json", 0),
        (" --forbid narrowing", " --settings windows.json", 0),
        (" --forbid widening", " --settings windows.json", 4),
        (" --forbid narrowing --forbid widening", "", 0),
    ] {
        let run = folder.admit(&format!("replay log.jsonl --policy windows-mdm{settings}{forbid}"));
        assert_eq!(run.text(code).ends_with("\n\nFORBIDDEN widening\n"), code == 4, "{forbid}");
    }
    let run = folder.admit("replay log.jsonl --policy windows-mdm --forbid identity");
    assert_eq!(run.code, Some(2));
}

#[test]
fn gates_and_times_can_be_picked() {
    let folder = windows();
    let replay = |more: &str| folder.admit(&format!("replay log.jsonl --format json {more}"));
    let at = |id: &str| {
        let text = std::fs::read_to_string(folder.path("log.jsonl")).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.find(|line| line["id"] == id).unwrap()["at"].as_str().unwrap().to_owned()
    };
    let (first, far) = (at("v1-a"), "2100-01-01T00:00:00Z");
    let own = "--policy windows-mdm@1.0.0";
    let of = |run: Run, code| json(&run, code)["replayed"].clone();
    assert_eq!(of(replay(&format!("{own} --since {first} --until {far}")), 0), 5);
    assert_eq!(of(replay(&format!("{own} --since {far}")), 3), 0);
    assert_eq!(of(replay(&format!("{own} --until {first}")), 3), 0);
    assert_eq!(of(replay(&format!("{own} --gate windows-mdm")), 0), 5);
    assert_eq!(of(replay(&format!("{own} --gate other")), 3), 0);

    let other = json(&replay("--policy intune-mam"), 3);
    assert_eq!(other["left_out"], json!([{"why": "other_policy", "count": 6, "first_line": 2}]));
    let named = json(&replay("--policy intune-mam --gate windows-mdm"), 3);
    assert_eq!(
        (&named["left_out"][1]["why"], &named["left_out"][1]["count"]),
        (&json!("settings"), &json!(5))
    );
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let logged = Logged::with_claims(&WINDOWS_MDM_2, windows_settings(), &["aud", "tid"]);
    logged.decide("lacks", &claims(), json!({}));
    let folder = logged.end();
    let why = |path: PathBuf, lines: &str| {
        std::fs::write(path, lines).unwrap();
        let run = folder.admit("replay log.jsonl --policy windows-mdm --format json");
        let said = "admit: nothing was replayed: no line of the log holds a decision that";
        assert!(run.err.starts_with(said), "{run:?}");
        json(&run, 3)["left_out"][0]["why"].as_str().unwrap().to_owned()
    };
    let text = std::fs::read_to_string(folder.path("log.jsonl")).unwrap();
    let (release, decision) = text.trim_end().split_once('\n').unwrap();
    let changed = |member: &str, value: Value| {
        let mut line: Value = serde_json::from_str(decision).unwrap();
        line[member] = value;
        format!("{release}\n{line}\n")
    };
    let policy = |name: &str| json!({"name": name, "version": "1.0.0", "digest": "sha256:0"});
    for (lines, expected) in [
        (text.clone(), "refused"),
        (decision.to_owned(), "no_release"),
        (changed("generation", json!(2)), "no_release"),
        (changed("gate", json!("other")), "no_release"),
        (changed("cut", json!(["aud"])), "cut"),
        (changed("withheld", json!({"upn": "secret"})), "unreadable"),
        (changed("claims", json!(null)), "no_claims"),
        (changed("outcome", json!("maybe")), "unreadable"),
        (changed("policy", policy("intune-mam")), "other_policy"),
        (
            text.replace("\"windows_entra_tenant_ids\":[", "\"windows_entra_tenant_ids\":[\"x\","),
            "settings",
        ),
        (format!("{text}{}", "x".repeat(5_000_000)).replace(decision, ""), "unreadable"),
        ("no log\n".to_owned(), "unreadable"),
    ] {
        assert_eq!(why(folder.path("log.jsonl"), &lines), expected);
    }
}

#[test]
fn bad_arguments_are_named() {
    let folder = windows();
    let none = "No such file or directory (os error 2)";
    let run = folder.admit("replay none.jsonl --policy windows-mdm");
    assert_eq!(run.refusal(3), format!("failed to read `none.jsonl`: {none}"));
    let run = folder.admit("replay log.jsonl --policy none");
    assert!(run.refusal(3).starts_with("policy `none` is neither a file nor"), "{run:?}");
    let run = folder.admit("replay log.jsonl --policy windows-mdm --settings none.json");
    assert_eq!(run.refusal(3), format!("failed to read `none.json`: {none}"));
    assert_eq!(folder.admit("replay log.jsonl").code, Some(2));
    folder.write("empty.jsonl", "");
    let run = folder.admit("replay empty.jsonl --policy windows-mdm");
    assert_eq!(run.code, Some(3));
}
