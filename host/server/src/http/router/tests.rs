use axum::body::{Body, to_bytes};
use axum::http::Response;
use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::metrics::{Format, Metrics};

const DEFECT: &str = "/defect";
const FINE: &str = "/fine";

async fn panicking() -> &'static str {
    panic!("as a defect would, with a secret");
}

/// A router in the layers of the product, one of whose handlers panics.
fn with_a_defect(metrics: &Metrics) -> Router {
    let router =
        Router::new().route(DEFECT, get(panicking)).route(FINE, get(|| async { "served" }));
    let metrics = metrics.listener(ListenerKind::Admin, [DEFECT, FINE]);
    layered(router, trace::Observed { metrics, strangers: Arc::default() })
}

async fn ask(router: &Router, path: &str) -> Response<Body> {
    let request = Request::get(path).header("x-request-id", "mine").body(Body::empty());
    let Ok(response) = router.clone().oneshot(request.expect("a request")).await;
    response
}

#[tokio::test]
async fn a_handler_that_panics_answers_an_error_and_the_next_request_is_served() {
    let metrics = Metrics::new(0);
    let router = with_a_defect(&metrics);
    for _ in 0..2 {
        let response = ask(&router, DEFECT).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["x-request-id"], "mine");
        let body = to_bytes(response.into_body(), 1_000).await.expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("secret"), "{body}");

        let response = ask(&router, FINE).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = to_bytes(response.into_body(), 1_000).await.expect("a body");
        assert_eq!(body, "served");
    }
    let text = metrics.render(Format::Prometheus);
    let counted = r#"endpoint="/defect",status="500"} 2"#;
    assert!(text.contains(counted), "{text}");
}
