//! What a scraper sees.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use admit::decision::{Blame, Decision, Outcome, PolicyRef, sample};
use admit::issuer::Issuer;
use admit::keys::{Clock, KeySet, RemoteKeys, RemoteOptions};
use admit::reason::HOST_REASONS;
use admit_api::candidate::{DifferenceKind, Found};
use admit_api::status::{GateState, SourceState};
use axum::http::StatusCode;

use super::exposition::Exposition;
use super::*;
use crate::shadow::{Change, Report};

const GATE: &str = "windows-mdm";
const CODES: [&str; 3] = ["audience_not_authorized", "tenant_not_authorized", "token.expired"];

fn scrape(metrics: &Metrics) -> Exposition {
    Exposition::read(&metrics.render(Format::OpenMetrics))
}

fn policy(version: &str) -> PolicyRef {
    let digest = format!("sha256:{version}");
    PolicyRef { name: GATE.into(), version: version.into(), digest: digest.into() }
}

fn decision(outcome: Outcome, reason: Option<&str>) -> Decision {
    let ruling = sample::ruling(outcome, reason.unwrap_or_default(), Blame::Caller);
    Decision { duration_us: 30, ..sample::decision(GATE, uuid::Uuid::nil(), ruling) }
}

fn decisions(outcome: &str, reason: &str) -> String {
    format!(r#"admit_decisions_total{{gate="{GATE}",outcome="{outcome}",reason="{reason}"}}"#)
}

/// Everything there is, each counted at least once.
fn all() -> Metrics {
    let metrics = Metrics::new(1_700_000_000);
    let gate = metrics.gate(GATE);
    gate.activated(&policy("2.0.0"), 3, CODES);
    gate.refused("configure");
    gate.changed_nothing("checked");
    gate.decided(&decision(Outcome::Allow, None));
    let requests = metrics.listener(ListenerKind::Service, ["/v1/gates/{gate}/decide"]);
    requests.endpoint(None).count(Some(StatusCode::NOT_FOUND), Duration::from_micros(70));
    metrics.watch_keys(Cloud::Public, Arc::new(Keys::fixed(key_set())));
    let change = Change {
        kind: DifferenceKind::Decision,
        old: Outcome::Deny,
        new: Outcome::Allow,
        count: 2,
    };
    metrics.watch_candidate(GATE, move || {
        Some(Report { found: Found { agreed: 4, ..Found::default() }, changes: vec![change] })
    });
    metrics.watch_server(|| Some(now()));
    metrics.watch_decision_log(|| LogLines { written: 5, dropped: 6, failed: 7, waiting: 8 });
    metrics
}

/// A server with a gate that decides, while its source cannot be read.
fn now() -> ServerNow {
    let gate = GateNow {
        gate: GATE.to_owned(),
        state: GateState::Serving,
        is_ready: true,
        not_counting: 1,
        taken_back: 2,
        source: Some(SourceState::Unreadable),
    };
    let checks = vec![("store".to_owned(), true), ("draining".to_owned(), false)];
    ServerNow { is_ready: false, checks, gates: vec![gate] }
}

fn issuer() -> Issuer {
    Issuer::generate().expect("a key")
}

fn key_set() -> KeySet {
    KeySet::parse(issuer().jwk_set().to_string().as_bytes()).expect("a key set")
}

#[test]
fn the_text_is_of_the_format_and_complete() {
    let metrics = all();
    let _open = metrics.connections(ListenerKind::Admin).open.hold();
    let scrape = scrape(&metrics);
    for (series, value) in [
        ("process_start_time_seconds", 1_700_000_000.0),
        (&*format!(r#"admit_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")), 1.0),
        (r#"admit_connections{listener="admin"}"#, 1.0),
        ("admit_decisions_in_flight", 0.0),
        (&*decisions("allow", ""), 1.0),
        (&*decisions("ask", ""), 0.0),
        (r#"admit_decision_duration_seconds_sum{gate="windows-mdm"}"#, 0.000_03),
        (r#"admit_decision_duration_seconds_count{gate="windows-mdm"}"#, 1.0),
        (r#"admit_decision_duration_seconds_bucket{le="0.00002",gate="windows-mdm"}"#, 0.0),
        (r#"admit_decision_duration_seconds_bucket{le="0.00003",gate="windows-mdm"}"#, 1.0),
        (r#"admit_decision_duration_seconds_bucket{le="1.0",gate="windows-mdm"}"#, 1.0),
        (r#"admit_decision_duration_seconds_bucket{le="+Inf",gate="windows-mdm"}"#, 1.0),
        (r#"admit_activations_total{gate="windows-mdm",result="refused",step="configure"}"#, 1.0),
        (r#"admit_activations_total{gate="windows-mdm",result="activated",step=""}"#, 1.0),
        (r#"admit_activations_total{gate="windows-mdm",result="checked",step=""}"#, 1.0),
        (r#"admit_gate_generation{gate="windows-mdm"}"#, 3.0),
        (
            r#"admit_gate_release_info{gate="windows-mdm",policy="windows-mdm",version="2.0.0",digest="sha256:2.0.0"}"#,
            1.0,
        ),
        (r#"admit_http_requests_total{listener="service",endpoint="other",status="404"}"#, 1.0),
        (r#"admit_http_request_duration_seconds_count{listener="service",endpoint="other"}"#, 1.0),
        (
            r#"admit_http_request_duration_seconds_count{listener="service",endpoint="/v1/gates/{gate}/decide"}"#,
            0.0,
        ),
        (r#"admit_key_set_keys{cloud="public"}"#, 1.0),
        (r#"admit_candidate_decisions_total{gate="windows-mdm",result="agreed"}"#, 4.0),
        (r#"admit_candidate_decisions_total{gate="windows-mdm",result="skipped"}"#, 0.0),
        (
            r#"admit_candidate_differences_total{gate="windows-mdm",kind="decision",old="deny",new="allow"}"#,
            2.0,
        ),
        ("admit_ready", 0.0),
        (r#"admit_check_failing{check="store"}"#, 1.0),
        (r#"admit_check_failing{check="draining"}"#, 0.0),
        (r#"admit_gate_state{gate="windows-mdm",state="serving"}"#, 1.0),
        (r#"admit_gate_state{gate="windows-mdm",state="failed"}"#, 0.0),
        (r#"admit_gate_ready{gate="windows-mdm"}"#, 1.0),
        (r#"admit_gate_settings_not_counting{gate="windows-mdm"}"#, 1.0),
        (r#"admit_gate_releases_taken_back{gate="windows-mdm"}"#, 2.0),
        (r#"admit_source_state{gate="windows-mdm",state="unreadable"}"#, 1.0),
        (r#"admit_source_state{gate="windows-mdm",state="applied"}"#, 0.0),
        (r#"admit_decision_log_lines_total{result="written"}"#, 5.0),
        (r#"admit_decision_log_lines_total{result="dropped"}"#, 6.0),
        ("admit_decision_log_waiting", 8.0),
        (r#"admit_decision_log_lines_total{result="failed"}"#, 7.0),
    ] {
        assert_eq!(scrape.value(series), Some(value), "{series}");
    }
}

#[test]
fn a_process_without_gates_has_a_readable_scrape() {
    assert_eq!(scrape(&Metrics::new(0)).series("admit_gate"), [] as [&str; 0]);
}

#[test]
fn every_described_reason_has_a_series_from_the_start() {
    let scrape = scrape(&all());
    for code in ["audience_not_authorized", "tenant_not_authorized", "other"] {
        assert_eq!(scrape.value(&decisions("deny", code)), Some(0.0), "{code}");
    }
    for reason in HOST_REASONS {
        let outcome = if reason.code.starts_with("token.") { "invalid" } else { "failed" };
        assert_eq!(scrape.value(&decisions(outcome, reason.code)), Some(0.0), "{}", reason.code);
    }
    assert_eq!(scrape.value(&decisions("deny", "token.expired")), None);
}

#[test]
fn a_decision_is_counted_by_outcome_and_reason() {
    let metrics = all();
    let gate = metrics.gate(GATE);
    for (outcome, reason, counted_as) in [
        (Outcome::Ask, None, ""),
        (Outcome::Deny, Some("tenant_not_authorized"), "tenant_not_authorized"),
        (Outcome::Invalid, Some("token.expired"), "token.expired"),
        (Outcome::Failed, Some("policy.limit.fuel"), "policy.limit.fuel"),
        (Outcome::Deny, Some("token.expired"), "other"),
        (Outcome::Invalid, Some("policy.limit.fuel"), "other"),
        (Outcome::Failed, None, "other"),
    ] {
        let series = decisions(outcome.as_str(), counted_as);
        let before = scrape(&metrics).value(&series);
        gate.activated(&policy("2.0.0"), 3, CODES);
        gate.decided(&decision(outcome, reason));
        assert_eq!(scrape(&metrics).value(&series), before.map(|count| count + 1.0), "{series}");
    }
}

#[test]
fn bogus_reasons_and_gates_add_no_series() {
    let metrics = all();
    let gate = metrics.gate(GATE);
    gate.activated(&policy("2.0.0"), 3, CODES);
    let before = scrape(&metrics).series("").len();
    for index in 0..10_000 {
        let bogus = format!("bogus-{index}");
        for outcome in [Outcome::Deny, Outcome::Invalid, Outcome::Failed] {
            let mut decision = decision(outcome, Some(&bogus));
            decision.gate = bogus.as_str().into();
            gate.decided(&decision);
        }
    }
    let scrape = scrape(&metrics);
    assert_eq!(scrape.series("").len(), before);
    for outcome in ["deny", "invalid", "failed"] {
        assert_eq!(scrape.value(&decisions(outcome, "other")), Some(10_000.0), "{outcome}");
    }
}

#[test]
fn a_new_release_replaces_the_series_of_the_old_one() {
    let metrics = all();
    metrics.gate(GATE).activated(&policy("2.1.0"), 4, CODES);
    let scrape = scrape(&metrics);
    let releases = scrape.series("admit_gate_release_info");
    assert_eq!(releases.len(), 1);
    assert!(releases.concat().contains(r#"version="2.1.0""#), "{releases:?}");
    assert_eq!(scrape.value(r#"admit_gate_generation{gate="windows-mdm"}"#), Some(4.0));
}

#[test]
fn reasons_of_many_policies_stay_bounded() {
    let metrics = Metrics::new(0);
    let gate = metrics.gate(GATE);
    let mut most = 0;
    for policy_number in 0..20 {
        let codes: Vec<String> = (0..128).map(|code| format!("p{policy_number}.c{code}")).collect();
        gate.activated(&policy("1.0.0"), 1, codes.iter().map(String::as_str).chain(["kept"]));
        gate.decided(&decision(Outcome::Deny, Some(&codes[0])));
        gate.decided(&decision(Outcome::Deny, Some("kept")));
        let scrape = scrape(&metrics);
        assert_eq!(scrape.value(&decisions("deny", &codes[0])), Some(1.0), "{policy_number}");
        let kept = scrape.value(&decisions("deny", "kept"));
        assert_eq!(kept, Some(f64::from(policy_number + 1)));
        let prefix = r#"admit_decisions_total{gate="windows-mdm",outcome="deny""#;
        most = most.max(scrape.series(prefix).len());
    }
    // 256 codes and `other`.
    assert!(most <= 257, "{most} series");
}

#[test]
fn unusual_statuses_share_a_series() {
    let metrics = Metrics::new(0);
    let requests = metrics.listener(ListenerKind::Admin, ["/v1/status"]);
    for status in 100..1000 {
        let status = StatusCode::from_u16(status).expect("a status");
        requests.endpoint(Some("/v1/status")).count(Some(status), Duration::ZERO);
    }
    let scrape = scrape(&metrics);
    let series = |status| {
        format!(
            r#"admit_http_requests_total{{listener="admin",endpoint="/v1/status",status="{status}"}}"#
        )
    };
    assert_eq!(scrape.value(&series("503")), Some(1.0));
    assert_eq!(scrape.value(&series("other")), Some(878.0));
    assert_eq!(scrape.series("admit_http_requests_total").len(), 23);
}

#[test]
fn remote_keys_show_age_and_fetches() {
    let (address, answering) = answer_once(issuer().jwk_set().to_string());
    let address = format!("http://{address}/keys");
    let clock = TestClock::default();
    let remote = RemoteKeys::with_clock(&address, RemoteOptions::default(), clock.clone());
    let remote = remote.expect("an address");
    let metrics = Metrics::new(0);
    metrics.watch_keys(Cloud::UsGov, Arc::new(Keys::fixed(key_set())));
    metrics.watch_keys(Cloud::China, Arc::new(Keys::remote(remote.clone())));
    let value = |metric| {
        let scrape = scrape(&metrics);
        ["us-gov", "china"].map(|cloud| scrape.value(&format!("{metric}{{cloud=\"{cloud}\"}}")))
    };
    assert_eq!(value("admit_key_set_keys"), [Some(1.0), Some(0.0)]);
    clock.0.store(30, Ordering::Relaxed);
    assert_eq!(value("admit_key_set_age_seconds"), [None, Some(30.0)]);
    clock.0.store(0, Ordering::Relaxed);
    assert_eq!(value("admit_key_set_fetch_failures_total"), [None, Some(0.0)]);
    assert_eq!(value("admit_key_set_fetches_total"), [None, Some(0.0)]);
    assert_eq!(value("admit_key_set_skipped_keys"), [Some(0.0), Some(0.0)]);
    assert_eq!(value("admit_key_set_vanished_keys"), [None, Some(0.0)]);
    assert_eq!(value("admit_key_set_vanished_uses_total"), [None, Some(0.0)]);

    remote.prefetch().expect("keys");
    answering.join().expect("an answered request");
    clock.0.store(90, Ordering::Relaxed);
    assert_eq!(value("admit_key_set_keys"), [Some(1.0), Some(1.0)]);
    assert_eq!(value("admit_key_set_age_seconds"), [None, Some(90.0)]);
    assert_eq!(value("admit_key_set_fetches_total"), [None, Some(1.0)]);
}

#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn answer_once(json: String) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let request = BufReader::new(stream.try_clone().expect("a stream"));
        request.lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
        let length = json.len();
        let head = format!("Content-Type: application/json\r\nContent-Length: {length}");
        let answer = format!("HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n{json}");
        stream.write_all(answer.as_bytes()).expect("an answer sent");
    });
    (address, answering)
}

#[test]
fn a_level_falls_when_what_was_held_is_dropped() {
    let metrics = Metrics::new(0);
    let level = metrics.decisions_in_flight();
    let first = level.hold();
    let second = metrics.decisions_in_flight().hold();
    assert_eq!(scrape(&metrics).value("admit_decisions_in_flight"), Some(2.0));
    drop((first, second));
    assert_eq!(scrape(&metrics).value("admit_decisions_in_flight"), Some(0.0));
}

#[test]
fn a_candidate_that_ended_has_no_series() {
    let metrics = all();
    metrics.watch_candidate(GATE, || None);
    assert_eq!(scrape(&metrics).series("admit_candidate"), [] as [&str; 0]);
}
