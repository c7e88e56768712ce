//! What was done, and by whom.

use admit_api::activity::{self, Activities};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::call::{Call, PLUS_IS_A_SPACE};
use super::error::ApiError;
use super::json::Json;
use super::releases::{next_page, page_size};
use crate::store::{Activity, ActivityFilter};
use crate::time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityQuery {
    gate: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    actor: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<u32>,
    before: Option<u64>,
}

fn activity(stored: Activity) -> activity::Activity {
    let Activity { id, at, actor, gate, kind, details } = stored;
    activity::Activity { id, at: time::rfc3339(at), actor, gate, kind, details }
}

/// `GET /v1/activities`.
pub(super) async fn get(call: Call) -> Result<Response, ApiError> {
    let query: ActivityQuery = call.query()?;
    let limit = page_size(query.limit)?;
    let filter = ActivityFilter {
        since: moment("since", query.since.as_deref())?,
        until: moment("until", query.until.as_deref())?,
        gate: query.gate,
        kind: query.kind,
        actor: query.actor,
        before: query.before,
    };
    let activities = call.app.store.activities(&filter, limit).await?;
    let has_plus = call.uri.query().is_some_and(|query| query.contains('+'));
    if activities.is_empty() && has_plus {
        let message = format!("query: nothing was found{PLUS_IS_A_SPACE}");
        return Err(ApiError::malformed(message));
    }
    let next = next_page(activities.len(), limit, activities.last().map(|activity| activity.id));
    let activities = activities.into_iter().map(activity).collect();
    Ok(Json(Activities { activities, next }).into_response())
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<u64>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    time::parse(text).map(Some).ok_or_else(|| {
        let came = admit::text::Shown::new(text);
        // An offset such as `+01:00`, written as it stands.
        let plus =
            time::parse(&text.replace(' ', "+")).map(|_| PLUS_IS_A_SPACE).unwrap_or_default();
        let expected = "expected an RFC 3339 time or seconds since 1970";
        ApiError::field(name, format!("`{came}`; {expected}{plus}"))
    })
}
