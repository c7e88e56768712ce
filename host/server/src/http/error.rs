//! Errors of the API: a status, a stable code, a message, and what is wrong with which field.

use admit::decision::Expected;
use admit::failure::Cause;
use admit::settings::SettingRefusal;
use admit_api::activation::StepName;
use admit_api::error::{Code, Error, FieldError};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};

use super::json::Json;
use crate::access::{CreateError, RevokeError};
use crate::authority::Denied;
use crate::gates::ChangeError;
use crate::store::StoreError;

/// An answer that says why there is no other.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    header: Option<(HeaderName, &'static str)>,
    body: Box<Error>,
}

fn field(refusal: SettingRefusal) -> FieldError {
    FieldError { name: refusal.name, reason: refusal.reason }
}

/// Fields that one answer names; of more it says how many.
const MAX_ERRORS: usize = 100;

fn no_longer_counts(dropped: Expected) -> FieldError {
    let value = dropped.value.unwrap_or_default();
    let entries = dropped.entries.map(|entries| format!(" and more, {entries} entries"));
    let entries = entries.unwrap_or_default();
    let reason = format!("is configured with {value}{entries}, and would not count");
    FieldError { name: dropped.setting, reason }
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = Error { message, code, errors: Vec::new(), step: None, steps: Vec::new() };
        Self { status, header: None, body: Box::new(body) }
    }

    fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    fn with_errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        let mut errors: Vec<_> = errors.into_iter().collect();
        let more = errors.split_off(errors.len().min(MAX_ERRORS)).len();
        if more > 0 {
            self.body.message.push_str(&format!(" (and {more} more errors that are not listed)"));
        }
        self.body.errors = errors;
        self
    }

    /// The request is not what the endpoint takes.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::Malformed, message)
    }

    /// A member of the request is not what it should be.
    pub(super) fn field(name: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let message = format!("`{name}`: {reason}");
        Self::malformed(message).with_errors([FieldError { name: name.to_owned(), reason }])
    }

    pub(super) fn unknown_gate(name: &str) -> Self {
        let name = admit::text::Shown::name(name);
        Self::new(StatusCode::NOT_FOUND, Code::UnknownGate, format!("there is no gate `{name}`"))
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is too large; expected at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, message)
    }

    pub(super) fn busy() -> Self {
        let message = "too many decisions are under way; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, message)
            .with_header(RETRY_AFTER, "1")
    }

    pub(super) fn too_many_wait() -> Self {
        let message = "too many decisions wait for keys; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, message)
            .with_header(RETRY_AFTER, "1")
    }

    /// Of a change of which nothing is known but that it was asked for. Without `Retry-After`, by which clients
    /// repeat a request on their own: a roll-back would be done twice.
    pub(super) fn outcome_unknown(seconds: u64) -> Self {
        let message = format!(
            "the store has not answered for {seconds} s, so that it is not known yet whether this was \
             done: it may be done later. See `store` in `GET /v1/status`; once the store answers again, \
             the activities have what was done, and an access token that nobody was shown is revoked"
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::OutcomeUnknown, message)
    }

    pub(super) fn internal() -> Self {
        let message = "the request could not be handled; see the log of the server";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, message.clone());
        match error {
            ChangeError::NoPolicy(_) => conflict(Code::NoPolicy),
            ChangeError::Starting(_) | ChangeError::CandidateStarting(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Starting, message)
                    .with_header(RETRY_AFTER, "1")
            }
            ChangeError::Overtaken(_) => conflict(Code::Overtaken),
            ChangeError::NothingKept { .. } => conflict(Code::NothingKept),
            ChangeError::TakenBack(_) => conflict(Code::TakenBack),
            ChangeError::AlreadyActive { .. } => conflict(Code::AlreadyActive),
            ChangeError::NotKept { .. } => conflict(Code::NotKept),
            ChangeError::UnknownGeneration { .. } => {
                Self::new(StatusCode::NOT_FOUND, Code::UnknownGeneration, message)
            }
            ChangeError::Dropped { dropped, .. } => conflict(Code::SettingsDropped)
                .with_errors(dropped.into_iter().map(no_longer_counts)),
            ChangeError::NothingCompared(_) => conflict(Code::NothingCompared),
            ChangeError::TooManyDifferences { .. } => conflict(Code::TooManyDifferences),
            ChangeError::NoCandidate(_) => {
                Self::new(StatusCode::NOT_FOUND, Code::NoCandidate, message)
            }
            ChangeError::ChangedMeanwhile { .. } | ChangeError::StaleCandidate => {
                Self::new(StatusCode::PRECONDITION_FAILED, Code::ChangedMeanwhile, message)
            }
            ChangeError::Misfits(refusals) => {
                Self::malformed(message).with_errors(refusals.into_iter().map(field))
            }
            ChangeError::TooLarge(refusals) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::SettingsTooLarge, message)
                    .with_errors(refusals.into_iter().map(field))
            }
            ChangeError::Invalid(refusals) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidSettings, message)
                    .with_errors(refusals.into_iter().map(field))
            }
            ChangeError::Refused(refused) => {
                let mut error = match (refused.step, refused.cause) {
                    // The store failed, whatever was sent.
                    (StepName::Persist, _) => {
                        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Persist, message)
                    }
                    // The same may succeed in a moment.
                    (step, Cause::Host) => {
                        Self::new(StatusCode::SERVICE_UNAVAILABLE, step.into(), message)
                            .with_header(RETRY_AFTER, "5")
                    }
                    (step, _) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, step.into(), message),
                };
                error.body.step = Some(refused.step);
                error.body.steps = refused.steps();
                error
            }
            ChangeError::Denied(denied) => denied.into(),
            ChangeError::Store(error) => error.into(),
            ChangeError::Broken => Self::internal(),
        }
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        let message = denied.to_string();
        match denied {
            Denied::NoToken | Denied::Unknown => {
                Self::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message)
                    .with_header(WWW_AUTHENTICATE, "Bearer")
            }
            Denied::Role(_) => Self::new(StatusCode::FORBIDDEN, Code::Forbidden, message),
            Denied::GitOps { .. } => Self::new(StatusCode::FORBIDDEN, Code::GitopsMode, message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = admit::failure::error_chain(&error);
        tracing::error!(error = message, "the store failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Store, message)
    }
}

impl From<RevokeError> for ApiError {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::LastAdmin => {
                Self::new(StatusCode::CONFLICT, Code::LastAdmin, error.to_string())
            }
            RevokeError::Denied(denied) => denied.into(),
            RevokeError::Store(error) => error.into(),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Name(error) => Self::field("name", error.to_string()),
            CreateError::Taken { .. } => {
                let reason = error.to_string();
                let errors = [FieldError { name: "name".to_owned(), reason: reason.clone() }];
                Self::new(StatusCode::CONFLICT, Code::NameTaken, reason).with_errors(errors)
            }
            CreateError::Denied(denied) => denied.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Token(error) => {
                tracing::error!(%error, "no access token was created");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_repeated_unseen_says_when() {
        let gate = || "windows-mdm".to_owned();
        let seconds = |error: ApiError| error.into_response().headers().get(RETRY_AFTER).cloned();
        for error in [
            ApiError::busy(),
            ApiError::too_many_wait(),
            ChangeError::Starting(gate()).into(),
            ChangeError::CandidateStarting(gate()).into(),
        ] {
            assert_eq!(seconds(error.clone()).unwrap(), "1", "{error:?}");
        }
        assert_eq!(seconds(ApiError::outcome_unknown(10)), None);
    }
}
