//! Routers, made from the table of endpoints.

use std::sync::Arc;

use admit_api::error::Code;
use axum::Router;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use tower_http::catch_panic::CatchPanicLayer;

use super::authorise::authorise;
use super::call::Call;
use super::error::ApiError;
use super::{
    access, activities, backup, candidate, decide, documents, health, policy, releases, settings,
    status, stuck, trace,
};
use crate::app::App;
use admit_api::endpoint::{Endpoint, ListenerKind, Method};

/// The endpoints of a listener.
pub fn router(app: &Arc<App>, listener: ListenerKind) -> Router {
    let mine = || Endpoint::ALL.into_iter().filter(|endpoint| endpoint.listener() == listener);
    let metrics = app.metrics.listener(listener, mine().map(Endpoint::path));
    let router = mine().fold(Router::new(), |router, endpoint| {
        let app = Arc::clone(app);
        let method = filter(endpoint.method());
        let handler = move |request: Request| run(Arc::clone(&app), endpoint, request);
        router.route(endpoint.path(), on(method, handler))
    });
    let router = router
        .fallback(async move || {
            ApiError::new(StatusCode::NOT_FOUND, Code::NotFound, no_such_path(listener))
        })
        .method_not_allowed_fallback(async || {
            let message = "the path does not take this method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed, message)
        });
    layered(router, trace::Observed { metrics, strangers: Arc::clone(&app.strangers) })
}

fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}

/// Puts around a router what every answer goes through, those of a handler that panics included.
fn layered(router: Router, observed: trace::Observed) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_| ApiError::internal().into_response()))
        .layer(axum::middleware::from_fn_with_state(observed, trace::observe))
}

/// Says where a path may be that is not here.
fn no_such_path(listener: ListenerKind) -> &'static str {
    match listener {
        ListenerKind::Service => {
            "there is no such path: this is the listener for decisions, the admin listener has the rest"
        }
        ListenerKind::Admin => {
            "there is no such path: this is the admin listener, the service listener takes decisions"
        }
    }
}

async fn run(app: Arc<App>, endpoint: Endpoint, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let authority = match authorise(&app, endpoint, &parts) {
        Ok(authority) => authority,
        Err(error) => return error.into_response(),
    };
    if parts.uri.query().is_some_and(|query| !query.is_empty()) && !endpoint.takes_query() {
        return ApiError::malformed("query: there is one; expected none").into_response();
    }
    let parameter = match Path::<String>::from_request_parts(&mut parts, &()).await {
        Ok(Path(parameter)) => parameter,
        Err(_) => String::new(),
    };
    let store = app.store.clone();
    let call = Call::new(app, authority.clone(), parameter, parts, body);
    let work = dispatch(endpoint, call);
    let answer = match endpoint.changes() {
        true => stuck::unless_stuck(&store, stuck::LOOK, work).await,
        false => work.await,
    };
    let answer = answer.unwrap_or_else(IntoResponse::into_response);
    // What changes something asks where it does, and has done it by now.
    match authority.check() {
        Err(denied) if !endpoint.changes() => ApiError::from(denied).into_response(),
        _ => answer,
    }
}

async fn dispatch(endpoint: Endpoint, call: Call) -> Result<Response, ApiError> {
    match endpoint {
        Endpoint::Decide => decide::one(call).await,
        Endpoint::DecideBatch => decide::batch(call).await,
        Endpoint::ServiceLive | Endpoint::AdminLive => Ok(health::live()),
        Endpoint::ServiceReady | Endpoint::AdminReady => Ok(health::ready(&call.app)),
        Endpoint::ServiceGateReady | Endpoint::AdminGateReady => health::gate_ready(&call),
        Endpoint::Metrics => Ok(documents::metrics(&call.app, &call.headers).await),
        Endpoint::OpenApi => Ok(documents::openapi()),
        Endpoint::Status => status::get(call).await,
        Endpoint::GetSettings => settings::get(&call),
        Endpoint::PatchSettings => settings::patch(call).await,
        Endpoint::PostPolicy => policy::post(call).await,
        Endpoint::GetCandidate => candidate::get(&call),
        Endpoint::DeleteCandidate => candidate::delete(call).await,
        Endpoint::Promote => candidate::promote(call).await,
        Endpoint::RollBack => releases::roll_back(call).await,
        Endpoint::Releases => releases::get(call).await,
        Endpoint::Description => releases::description(&call),
        Endpoint::Activities => activities::get(call).await,
        Endpoint::ListAccess => access::list(call).await,
        Endpoint::CreateAccess => access::create(call).await,
        Endpoint::RevokeAccess => access::revoke(call).await,
        Endpoint::Backup => backup::get(call).await,
    }
}

#[cfg(test)]
mod tests;
