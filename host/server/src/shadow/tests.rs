use std::sync::OnceLock;
use std::time::{Duration, Instant};

use admit::claims::Verification;
use admit::decision::sample;
use admit::gate::{Activation, Decided, Gate, Input, Request};
use admit::issuer::Issuer;
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit_api::candidate::{DifferenceKind, Found, ShortDecision};
use admit_policies::{Embedded, INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_767_225_600;
const TID: &str = "f645ad92-e38d-4d1a-b510-d1b09a74a8ca";
const CLIENT: &str = "0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01";
const SERVER: &str = "https://mdm.example.com";

/// Gives other threads the time they need; fails when that does not help.
pub(super) fn wait_until(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::yield_now();
    }
}

fn gate(policy: &Embedded, settings: Value) -> Gate {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("a runtime")).clone();
    let keys = Arc::new(Keys::fixed(KeySet::default()));
    let gate = Gate::new("windows-mdm", runtime, keys, Verification::default());
    let settings = Settings::parse(settings.to_string().as_bytes()).expect("settings");
    let activation = Activation { component: policy.component, settings, ..Activation::default() };
    gate.activate(activation).expect("the bundled policy");
    gate
}

/// Takes v1.0 tokens only.
fn active() -> &'static Gate {
    static GATE: OnceLock<Gate> = OnceLock::new();
    let settings = json!({"server_url": SERVER, "windows_entra_tenant_ids": [TID]});
    GATE.get_or_init(|| gate(&WINDOWS_MDM_1, settings))
}

/// Takes v2.0 tokens as well.
fn candidate() -> Arc<Release> {
    static GATE: OnceLock<Gate> = OnceLock::new();
    let settings = json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    });
    let gate = GATE.get_or_init(|| gate(&WINDOWS_MDM_2, settings));
    gate.release().expect("activated")
}

fn issuer() -> &'static Issuer {
    static ISSUER: OnceLock<Issuer> = OnceLock::new();
    ISSUER.get_or_init(|| Issuer::generate().expect("a key"))
}

fn v1() -> Value {
    issuer().claims_v1(TID, &format!("{SERVER}/"), NOW)
}

fn v2() -> Value {
    issuer().claims_v2(TID, CLIENT, NOW)
}

fn decided(claims: &Value) -> Decided {
    let (text, facts) = (claims.to_string(), Facts::default());
    let input = Input::Claims(text.as_bytes());
    let request = Request { id: None, input, facts: &facts, now: NOW, trace: false };
    active().decide_with_claims(&request).expect("no facts")
}

fn offer(claims: &Value) -> Offer {
    let Decided { decision, claims, .. } = decided(claims);
    let claims = claims.expect("good claims");
    Offer::new(&decision, claims, Facts::default(), NOW, 1_000).expect("decided")
}

fn tally() -> Tally {
    Tally::new(10, ["aud", "ver", "missing"].map(Into::into).into())
}

fn asked(tally: &mut Tally, offer: &Offer) {
    tally.count(offer, compare::ask(&candidate(), offer));
}

fn decision(outcome: Outcome, reason: &str) -> ShortDecision {
    ShortDecision { outcome, reason: Some(reason.to_owned()) }
}

fn json(report: &Found) -> Value {
    serde_json::to_value(report).expect("JSON")
}

#[test]
fn agreements_and_differences_are_counted_by_outcome_and_reason() {
    let mut tally = tally();
    let mut other_tenant = v1();
    other_tenant["tid"] = json!("0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a02");
    other_tenant["iss"] = json!("https://sts.windows.net/0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a02/");
    for claims in [v1(), other_tenant, v2(), v2()] {
        asked(&mut tally, &offer(&claims));
    }
    let mut report = json(&tally.report().found);
    let examples = report["examples"].take();
    assert_eq!(
        report,
        json!({
            "decided": 4, "agreed": 2, "differed": 2, "skipped": 0, "failed": 0,
            "differences": [{
                "kind": "decision",
                "old": {"outcome": "deny", "reason": "token_version_not_accepted"},
                "new": {"outcome": "allow"},
                "count": 2,
            }],
            "examples": null,
        })
    );
    assert_eq!(examples.as_array().map(Vec::len), Some(2));
    assert_eq!(tally.differed(), 2);
}

#[test]
fn an_example_shows_listed_claims_and_what_a_refusal_points_at() {
    let mut tally = tally();
    let offer = offer(&v2());
    asked(&mut tally, &offer);
    let report = json(&tally.report().found);
    assert_eq!(
        report["examples"],
        json!([{
            "at": "2026-01-01T00:00:00Z",
            "decision_id": offer.decision_id.to_string(),
            "kind": "decision",
            "old": {"outcome": "deny", "reason": "token_version_not_accepted"},
            "new": {"outcome": "allow"},
            "claims": {"aud": CLIENT, "ver": "2.0"},
            "observed": [{"claim": "ver", "value": "2.0"}, {"claim": "aud", "value": CLIENT}],
        }])
    );
}

#[test]
fn claims_of_an_example_are_cut_and_escaped() {
    let mut claims = v2();
    claims["text"] = json!("x".repeat(1_000));
    claims["list"] = json!(vec!["y".repeat(100); 10]);
    claims["object"] = json!({"a": "\u{202e}"});
    claims["line"] = json!("a\nb");
    claims["number"] = json!(7);
    let shown = ["text", "list", "object", "line", "number"];
    let mut tally = Tally::new(1, shown.map(Into::into).into());
    asked(&mut tally, &offer(&claims));
    let report = json(&tally.report().found);
    let claims = &report["examples"][0]["claims"];
    assert_eq!(claims["text"], format!("{}…", "x".repeat(256)));
    assert_eq!(claims["list"].as_str().map(|text| text.chars().count()), Some(257));
    assert_eq!(claims["object"], r#"{"a":"\u{202e}"}"#);
    assert_eq!(claims["line"], "a\\nb");
    assert_eq!(claims["number"], 7);
}

#[test]
fn another_identity_is_a_difference_that_names_nobody() {
    let mut tally = tally();
    let mut offer = offer(&v1());
    let identity = offer.old.identity.as_mut().expect("an allow names somebody");
    let known = [identity.object_id.clone(), identity.user_name.clone().expect("a name")];
    "another-person".clone_into(&mut identity.object_id);
    asked(&mut tally, &offer);
    let report = json(&tally.report().found);
    let allow = json!({"outcome": "allow"});
    assert_eq!(
        report["differences"],
        json!([{"kind": "identity", "old": allow, "new": allow, "count": 1}])
    );
    assert_eq!(report["examples"][0]["kind"], "identity");
    let text = format!("{report}{offer:?}{tally:?}");
    for name in known.iter().map(String::as_str).chain(["another-person"]) {
        assert!(!text.contains(name), "{text}");
    }
}

#[test]
fn a_candidate_that_comes_to_no_decision_differs_and_is_counted() {
    let settings = json!({"tenant_id": TID, "client_id": CLIENT, "auth_service": "saml"});
    let release = gate(&INTUNE_MAM, settings).release().expect("activated");
    let mut offer = offer(&v1());
    let facts = serde_json::Map::from_iter([("account.bot".to_owned(), json!(7))]);
    offer.facts = Facts::from_json(facts).expect("facts");
    let mut tally = tally();
    tally.count(&offer, compare::ask(&release, &offer));
    let report = tally.report().found;
    assert_eq!((report.decided, report.differed, report.failed), (1, 1, 1));
    let new = report.differences[0].new.as_ref();
    assert_eq!(new, Some(&decision(Outcome::Failed, "request.facts")));
}

#[test]
fn a_candidate_that_was_not_asked_is_skipped() {
    let mut tally = tally();
    tally.count(&offer(&v1()), None);
    assert_eq!(tally.report().found, Found { skipped: 1, ..Found::default() });
}

#[test]
fn failures_of_the_host_are_not_compared() {
    let Decided { mut decision, claims, .. } = decided(&v1());
    let claims = claims.expect("good claims");
    let mut is_offered = |outcome, blame| {
        decision.ruling = sample::ruling(outcome, "", blame);
        Offer::new(&decision, claims.clone(), Facts::default(), NOW, 1).is_some()
    };
    assert!(!is_offered(Outcome::Failed, Blame::Host));
    assert!(is_offered(Outcome::Failed, Blame::Policy));
    assert!(is_offered(Outcome::Deny, Blame::Caller));
    assert!(is_offered(Outcome::Allow, Blame::Host));
}

#[test]
fn differences_and_examples_are_bounded() {
    let mut tally = tally();
    let offer = offer(&v1());
    let mut differ = |reason: &str| {
        let decision = decision(Outcome::Deny, reason);
        let new = Answer { decision, identity: None, observed: Vec::new() };
        tally.count(&offer, Some(new));
    };
    (0..5).for_each(|_| differ("0"));
    (1..300).for_each(|n| differ(&n.to_string()));
    let report = tally.report().found;
    assert_eq!((report.differed, report.differences.len()), (304, 257));
    let most = &report.differences[..2];
    assert_eq!((most[0].kind, most[0].count, &most[0].new), (DifferenceKind::Other, 44, &None));
    assert_eq!((most[1].kind, most[1].count), (DifferenceKind::Decision, 5));
    assert_eq!(report.differences.iter().map(|difference| difference.count).sum::<u64>(), 304);

    let reasons: Vec<_> = report.examples.iter().map(|e| e.new.reason.as_deref()).collect();
    let expected = ["0", "0", "0", "1", "2", "3", "4", "5", "6", "7"].map(Some);
    assert_eq!(reasons, expected);
}

#[test]
fn a_shadow_decides_what_it_is_offered_and_ends_its_thread() {
    let release = candidate();
    let options = ShadowOptions {
        queue_entries: 100,
        queue_bytes: 5_000,
        examples: 3,
        claims: vec!["aud".to_owned()],
    };
    let shadow = Shadow::start(Arc::clone(&release), options).expect("a thread");
    assert_eq!(shadow.release().digest(), release.digest());
    for claims in [v1(), v2(), v1()] {
        shadow.offer(offer(&claims));
    }
    let mut large = offer(&v1());
    large.bytes = 5_001;
    shadow.offer(large);
    wait_until(|| shadow.report().found.decided == 3);
    let report = shadow.report().found;
    assert_eq!((report.agreed, report.differed, report.skipped), (2, 1, 1));
    assert_eq!(shadow.differed(), 1);
    assert_eq!(report.examples.len(), 1);
    let tally = Arc::downgrade(&shadow.tally);
    drop(shadow);
    assert_eq!(tally.strong_count(), 0, "the thread has ended");
}
