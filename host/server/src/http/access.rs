//! Access tokens.

use admit_api::access::{Access, AccessList, CreatedAccess, Role};
use admit_api::error::Code;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::body;
use super::call::Call;
use super::error::ApiError;
use super::json::Json;
use super::releases::{PageQuery, next_page, page_size};
use crate::store::AccessRow;
use crate::time::rfc3339;

fn access(row: AccessRow) -> Access {
    Access {
        id: row.id,
        name: row.name,
        role: row.role,
        created_at: rfc3339(row.created_at),
        created_by: row.created_by,
        created_by_id: row.created_by_id,
        revoked_at: row.revoked_at.map(rfc3339),
    }
}

/// `GET /v1/access`.
pub(super) async fn list(call: Call) -> Result<Response, ApiError> {
    let PageQuery { limit, before } = call.query()?;
    let limit = page_size(limit)?;
    let access = call.app.access.list(before, limit).await?;
    let next = next_page(access.len(), limit, access.last().map(|row| row.number));
    let access = access.into_iter().map(self::access).collect();
    Ok(Json(AccessList { access, next }).into_response())
}

/// `POST /v1/access`.
pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let (access, authority, now) = (call.app.access.clone(), call.authority.clone(), call.now);
    let object = call.object().await?;
    body::expect_members(&object, &["name", "role"], "")?;
    let text = |name: &str| {
        let text = object.get(name).and_then(Value::as_str);
        text.ok_or_else(|| ApiError::field(name, "missing, or no text; expected a text"))
    };
    let name = text("name")?;
    let role = Role::named(text("role")?).ok_or_else(|| ApiError::field("role", no_such_role()))?;
    let created = access.create(name, role, &authority, now).await?;
    let body = CreatedAccess { id: created.id, name: name.to_owned(), role, token: created.token };
    Ok((StatusCode::CREATED, [("cache-control", "no-store")], Json(body)).into_response())
}

fn no_such_role() -> String {
    let names: Vec<_> = Role::ALL.iter().map(|role| format!("`{role}`")).collect();
    match &*names {
        [first @ .., last] => format!("no such role; expected {} or {last}", first.join(", ")),
        [] => String::new(),
    }
}

/// `DELETE /v1/access/{id}`.
pub(super) async fn revoke(call: Call) -> Result<Response, ApiError> {
    if call.app.access.revoke(&call.parameter, &call.authority, call.now).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let message = "there is no access token with this id that counts";
    Err(ApiError::new(StatusCode::NOT_FOUND, Code::NotFound, message))
}
