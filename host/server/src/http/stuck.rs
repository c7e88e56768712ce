//! An answer to a change, although the store does not answer.
//!
//! A disk that hangs in `fsync` keeps a change waiting for as long as it hangs. Whoever asked is told
//! then that nothing is known yet. What was begun goes on.

use std::time::Duration;

use axum::response::Response;
use tokio::time::timeout;

use super::error::ApiError;
use crate::store::Store;

/// How often it is looked whether the store is stuck.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// The answer of `work`, or that its outcome is unknown once the store is stuck.
pub(super) async fn unless_stuck(
    store: &Store,
    look: Duration,
    work: impl Future<Output = Result<Response, ApiError>>,
) -> Result<Response, ApiError> {
    tokio::pin!(work);
    loop {
        if let Ok(answer) = timeout(look, &mut work).await {
            return answer;
        }
        if let Some(seconds) = store.stuck_for() {
            return Err(ApiError::outcome_unknown(seconds));
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;
    use crate::store::Retention;

    #[tokio::test]
    async fn a_change_is_answered_although_the_store_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Retention::default()).await.unwrap();
        let done = async { Ok(StatusCode::NO_CONTENT.into_response()) };
        let answer = unless_stuck(&store, Duration::ZERO, done).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);

        // A change that only takes long is waited for.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let long = async { Ok(receiver.await.unwrap()) };
        let look = Duration::from_millis(1);
        let waiting = unless_stuck(&store, look, long);
        let ends = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            sender.send(StatusCode::CREATED.into_response()).unwrap();
        };
        let (answer, ()) = tokio::join!(waiting, ends);
        assert_eq!(answer.unwrap().status(), StatusCode::CREATED);

        store.began_before(Duration::from_secs(12));
        let hangs = std::future::pending();
        let answer = unless_stuck(&store, look, hangs).await.unwrap_err().into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers().get(axum::http::header::RETRY_AFTER), None);
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "outcome_unknown");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains("12 s") && message.contains("/v1/status"), "{message}");
    }
}
