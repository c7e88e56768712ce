//! Requests through a router, and what is written down of them.

use std::future::{pending, ready};

use axum::body::Body;
use axum::http::request::Builder;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;

use super::*;
use crate::config::LogFormat;
use crate::logging::captured::Captured;
use crate::logging::log;
use crate::metrics::{Format, Metrics};
use admit_api::endpoint::Endpoint;

const DECIDE: &str = "/v1/gates/{gate}/decide";
const STATUS: &str = "/v1/status";
const NEVER: &str = "/never";
const PROVED: &str = "/proved";

async fn say_id(Extension(id): Extension<RequestId>) -> String {
    tracing::trace!("handled");
    id.as_str().to_owned()
}

async fn prove(Extension(proved): Extension<Proved>) {
    proved.note();
}

/// A router, and what it writes down.
struct Traced {
    metrics: Metrics,
    strangers: Arc<Strangers>,
    router: Router,
    captured: Captured,
    log: tracing::Dispatch,
}

impl Traced {
    fn new(listener: ListenerKind, level: LevelFilter) -> Self {
        let router = Router::new()
            .route(DECIDE, post(say_id))
            .route(STATUS, get(say_id))
            .route(NEVER, get(pending::<()>))
            .route(PROVED, get(prove));
        Self::around(router, &[DECIDE, STATUS, NEVER, PROVED], listener, level)
    }

    /// A router with these paths.
    fn around(
        router: Router,
        paths: &[&'static str],
        listener: ListenerKind,
        level: LevelFilter,
    ) -> Self {
        let metrics = Metrics::new(0);
        let requests = metrics.listener(listener, paths.iter().copied());
        let observed = Observed { metrics: requests, strangers: Arc::default() };
        let strangers = Arc::clone(&observed.strangers);
        let router = router.layer(from_fn_with_state(observed, observe));
        let captured = Captured::default();
        let log = log(level, LogFormat::Json, captured.clone());
        Self { metrics, strangers, router, captured, log }
    }

    fn run<F: Future>(&self, future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        tracing::dispatcher::with_default(&self.log, || runtime.block_on(future))
    }

    fn answer(&self, request: Builder, body: &'static str) -> Response {
        let request = request.body(Body::from(body)).expect("a request");
        let Ok(response) = self.run(self.router.clone().oneshot(request));
        response
    }

    /// The lines of the middleware and of the handlers.
    fn lines(&self) -> Vec<Value> {
        let lines = self.captured.lines();
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn line(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    fn series(&self) -> Vec<String> {
        let text = self.metrics.render(Format::OpenMetrics);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name.into()).collect()
    }
}

fn returned_id(response: &Response) -> &str {
    let id = response.headers().get("x-request-id").expect("an id");
    id.to_str().expect("an id of ASCII")
}

#[test]
fn handler_answer_and_line_have_the_callers_id() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    let request = Request::get(STATUS).header("X-Request-Id", "call-7");
    let response = traced.answer(request, "");
    assert_eq!(returned_id(&response), "call-7");
    let body = traced.run(axum::body::to_bytes(response.into_body(), 100)).expect("a body");
    assert_eq!(body, "call-7");
    assert_eq!(traced.line()["span"]["request_id"], "call-7");
}

#[test]
fn without_a_good_id_a_new_one_is_returned() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    for request in [Request::get(STATUS), Request::get(STATUS).header("X-Request-Id", "a b")] {
        let response = traced.answer(request, "");
        assert_eq!(returned_id(&response).len(), 36);
    }
}

#[test]
fn an_admin_request_has_one_line_at_info() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = Request::get(STATUS).header("X-Request-Id", "r").header("traceparent", trace);
    traced.answer(request, "");
    let line = traced.line();
    assert_eq!((&line["level"], &line["status"]), (&json!("INFO"), &json!(200)));
    assert!(line["duration_us"].is_u64(), "{line}");
    let span = json!({
        "name": "request",
        "request_id": "r",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "parent_id": "00f067aa0ba902b7",
        "method": "GET",
        "route": STATUS,
    });
    assert_eq!(line["span"], span);
}

#[test]
fn requests_of_strangers_do_not_fill_the_log() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    for index in 0..1_000 {
        assert_eq!(traced.answer(Request::get(format!("/{index}")), "").status(), 404);
        assert_eq!(traced.answer(Request::post(STATUS), "").status(), 405);
    }
    let said = || {
        let lines = traced.lines();
        let parts = |line: &Value| {
            let count = line["count"].as_u64().expect("a count");
            (line["status"].as_u64().expect("a status"), count, line["span"].clone())
        };
        lines.iter().map(parts).collect::<Vec<_>>()
    };
    let [(404, 1, first), (405, 1, second)] = &said()[..] else { panic!("{:?}", said()) };
    assert_eq!((&first["path"], &second["route"]), (&json!("/0"), &json!(STATUS)));
    traced.run(async { traced.strangers.say_counted() });
    assert_eq!(said().len(), 2, "a minute has not passed");
    traced.run(async { traced.strangers.say_all_counted() });
    let mut rest = said().split_off(2);
    rest.sort_by_key(|(status, ..)| *status);
    let [(404, 999, third), (405, 999, _)] = &rest[..] else { panic!("{rest:?}") };
    assert_eq!(third["path"], "/1", "one of them stands for all");
}

#[test]
fn each_request_of_a_stranger_has_a_line_at_debug() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::DEBUG);
    for _ in 0..3 {
        traced.answer(Request::get("/"), "");
    }
    let levels: Vec<_> = traced.lines().iter().map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["INFO", "DEBUG", "DEBUG"]);
}

#[test]
fn whoever_proved_who_it_is_has_a_line_for_each_request() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    for _ in 0..3 {
        traced.answer(Request::get(PROVED), "");
    }
    let lines = traced.lines();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.get("count").is_none()), "{lines:?}");
    assert!(lines.iter().all(|line| line["target"] == "admit_server::http::trace"), "{lines:?}");
}

#[test]
fn a_malformed_traceparent_is_ignored() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    let response = traced.answer(Request::get(STATUS).header("traceparent", "00-x-y-01"), "");
    assert_eq!(response.status(), 200);
    assert_eq!(traced.line()["span"]["trace_id"], Value::Null);
}

#[test]
fn a_service_request_has_its_line_at_debug() {
    let decide = || Request::post("/v1/gates/windows-mdm/decide");
    let silent = Traced::new(ListenerKind::Service, LevelFilter::INFO);
    silent.answer(decide(), "");
    assert_eq!(silent.lines(), [] as [Value; 0]);
    let traced = Traced::new(ListenerKind::Service, LevelFilter::DEBUG);
    traced.answer(decide(), "");
    let line = traced.line();
    assert_eq!((&line["level"], &line["span"]["route"]), (&json!("DEBUG"), &json!(DECIDE)));
}

#[test]
fn of_the_admin_listener_only_probes_and_scrapes_are_at_debug() {
    use Endpoint::{AdminGateReady, AdminLive, AdminReady, Metrics};
    let admin = |endpoint: &Endpoint| endpoint.listener() == ListenerKind::Admin;
    for endpoint in Endpoint::ALL.into_iter().filter(admin) {
        let is_routine = [AdminLive, AdminReady, AdminGateReady, Metrics].contains(&endpoint);
        let path = endpoint.path();
        let asked = path.replace("{gate}", "windows-mdm").replace("{id}", "1");
        let levels = |level| {
            let router = Router::new().route(path, any(say_id));
            let traced = Traced::around(router, &[path], ListenerKind::Admin, level);
            assert_eq!(traced.answer(Request::get(&asked), "").status(), 200);
            traced.lines().iter().map(|line| line["level"].clone()).collect::<Vec<_>>()
        };
        let (at_info, at_debug): (&[&str], _) =
            if is_routine { (&[], ["DEBUG"]) } else { (&["INFO"], ["INFO"]) };
        assert_eq!(levels(LevelFilter::INFO), at_info, "{path}");
        assert_eq!(levels(LevelFilter::DEBUG), at_debug, "{path}");
    }
}

#[test]
fn what_a_handler_says_carries_the_request() {
    let traced = Traced::new(ListenerKind::Service, LevelFilter::TRACE);
    let request = Request::post("/v1/gates/a/decide").header("X-Request-Id", "r");
    traced.answer(request, "");
    let said: Vec<_> = traced.lines().iter().map(|line| line["message"].clone()).collect();
    assert_eq!(said, ["handled", "answered"]);
    assert!(traced.lines().iter().all(|line| line["span"]["request_id"] == "r"));
}

#[test]
fn a_path_without_route_is_shown_short_and_escaped() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::DEBUG);
    for path in ["/setings", "/a%0d\u{202e}b", "/12345678901234567890123456789012345678901"] {
        assert_eq!(traced.answer(Request::get(path), "").status(), 404);
    }
    let spans: Vec<_> = traced.lines().iter().map(|line| line["span"].clone()).collect();
    assert!(spans.iter().all(|span| span["route"] == "other"));
    let paths: Vec<_> = spans.iter().map(|span| span["path"].clone()).collect();
    assert_eq!(paths, ["/setings", "/a%0d\\u{202e}b", "42 characters"]);
}

#[test]
fn a_method_of_the_callers_making_is_not_shown() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    let response = traced.answer(Request::builder().method("SECRET").uri(STATUS), "");
    assert_eq!(response.status(), 405);
    assert_eq!(traced.line()["span"]["method"], "other");
}

#[test]
fn a_request_that_nobody_waits_for_is_counted_and_logged() {
    let traced = Traced::new(ListenerKind::Admin, LevelFilter::INFO);
    let request = Request::get(NEVER).body(Body::empty()).expect("a request");
    traced.run(async {
        tokio::select! {
            biased;
            _ = traced.router.clone().oneshot(request) => panic!("answered"),
            () = ready(()) => {}
        }
    });
    let line = traced.line();
    assert_eq!(line["message"], "connection ended unanswered");
    assert_eq!(line.get("status"), None);
    let series = r#"admit_http_requests_total{listener="admin",endpoint="/never",status="none"}"#;
    assert!(traced.series().iter().any(|found| found == series));
}

/// Whatever is sent where: nothing of it is written down at the lowest level.
#[test]
fn no_line_and_no_metric_holds_anything_secret() {
    let secret = format!("s3cr3t{}", "x".repeat(60));
    for listener in [ListenerKind::Service, ListenerKind::Admin] {
        let traced = Traced::new(listener, LevelFilter::TRACE);
        for path in [STATUS, "/v1/gates/a/decide", "/", "/v1/x"] {
            let places = [path.to_owned(), format!("{path}/{secret}")];
            for place in places {
                let request = Request::post(format!("{place}?token={secret}"))
                    .header("Authorization", format!("Bearer admit_1_{secret}"))
                    .header("X-Request-Id", format!("admit_1_{secret}"))
                    .header("traceparent", &secret)
                    .header("tracestate", format!("admit={secret}"))
                    .header("Cookie", &secret)
                    .header("User-Agent", &secret)
                    .header("Host", &secret)
                    .header("Referer", &secret);
                traced.answer(request, "s3cr3t in the body");
            }
        }
        let gate = format!("/v1/gates/{secret}/decide");
        traced.answer(Request::post(gate), "s3cr3t in the body");
        assert!(traced.lines().len() >= 9);
        assert!(!traced.captured.lines().concat().contains("s3cr3t"));
        assert!(!traced.series().concat().contains("s3cr3t"));
    }
}

#[test]
fn bogus_gates_and_paths_add_no_series() {
    let traced = Traced::new(ListenerKind::Service, LevelFilter::OFF);
    let send = |index: u32| {
        traced.answer(Request::post(format!("/v1/gates/bogus-{index}/decide")), "");
        traced.answer(Request::get(format!("/bogus/{index}")), "");
    };
    send(0);
    let before = traced.series();
    (1..10_000).for_each(send);
    assert_eq!(traced.series().len(), before.len());
    let text = traced.metrics.render(Format::OpenMetrics);
    for (endpoint, status) in [(DECIDE, 200), ("other", 404)] {
        let labels = format!(r#"listener="service",endpoint="{endpoint}""#);
        let requests = format!("requests_total{{{labels},status=\"{status}\"}} 10000\n");
        assert!(text.contains(&requests), "{requests}");
        let durations = format!("request_duration_seconds_count{{{labels}}} 10000\n");
        assert!(text.contains(&durations), "{durations}");
    }
}
