//! Every endpoint: method, path, listener, and the right it asks for. The routers, the
//! authorisation and the tests are made from this table; `docs/api.md` has the same.

use axum::http::Method;

use crate::access::Right;

/// Where an endpoint is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// For platforms: decisions.
    Service,
    /// For administrators: everything else.
    Admin,
}

/// An endpoint of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says what each is")]
pub enum Endpoint {
    Decide,
    DecideBatch,
    ServiceLive,
    ServiceReady,
    ServiceGateReady,
    AdminLive,
    AdminReady,
    AdminGateReady,
    Metrics,
    OpenApi,
    Status,
    GetSettings,
    PatchSettings,
    PostPolicy,
    GetCandidate,
    DeleteCandidate,
    Promote,
    RollBack,
    Releases,
    Description,
    Activities,
    ListAccess,
    CreateAccess,
    RevokeAccess,
    Backup,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 25] = [
        Self::Decide,
        Self::DecideBatch,
        Self::ServiceLive,
        Self::ServiceReady,
        Self::ServiceGateReady,
        Self::AdminLive,
        Self::AdminReady,
        Self::AdminGateReady,
        Self::Metrics,
        Self::OpenApi,
        Self::Status,
        Self::GetSettings,
        Self::PatchSettings,
        Self::PostPolicy,
        Self::GetCandidate,
        Self::DeleteCandidate,
        Self::Promote,
        Self::RollBack,
        Self::Releases,
        Self::Description,
        Self::Activities,
        Self::ListAccess,
        Self::CreateAccess,
        Self::RevokeAccess,
        Self::Backup,
    ];

    fn row(self) -> (ListenerKind, Method, &'static str, Right) {
        use ListenerKind::{Admin, Service};
        match self {
            Self::Decide => (Service, Method::POST, "/v1/gates/{gate}/decide", Right::Decide),
            Self::DecideBatch => {
                (Service, Method::POST, "/v1/gates/{gate}/decide/batch", Right::Decide)
            }
            Self::ServiceLive => (Service, Method::GET, "/health/live", Right::Open),
            Self::ServiceReady => (Service, Method::GET, "/health/ready", Right::Open),
            Self::ServiceGateReady => (Service, Method::GET, "/health/ready/{gate}", Right::Open),
            Self::AdminLive => (Admin, Method::GET, "/health/live", Right::Open),
            Self::AdminReady => (Admin, Method::GET, "/health/ready", Right::Open),
            Self::AdminGateReady => (Admin, Method::GET, "/health/ready/{gate}", Right::Open),
            Self::Metrics => (Admin, Method::GET, "/metrics", Right::Open),
            Self::OpenApi => (Admin, Method::GET, "/openapi.json", Right::Open),
            Self::Status => (Admin, Method::GET, "/v1/status", Right::Read),
            Self::GetSettings => (Admin, Method::GET, "/v1/gates/{gate}/settings", Right::Read),
            Self::PatchSettings => {
                (Admin, Method::PATCH, "/v1/gates/{gate}/settings", Right::Write)
            }
            Self::PostPolicy => (Admin, Method::POST, "/v1/gates/{gate}/policy", Right::Write),
            Self::GetCandidate => (Admin, Method::GET, "/v1/gates/{gate}/candidate", Right::Read),
            Self::DeleteCandidate => {
                (Admin, Method::DELETE, "/v1/gates/{gate}/candidate", Right::Write)
            }
            Self::Promote => (Admin, Method::POST, "/v1/gates/{gate}/promote", Right::Write),
            Self::RollBack => (Admin, Method::POST, "/v1/gates/{gate}/rollback", Right::Write),
            Self::Releases => (Admin, Method::GET, "/v1/gates/{gate}/releases", Right::Read),
            Self::Description => (Admin, Method::GET, "/v1/gates/{gate}/description", Right::Read),
            Self::Activities => (Admin, Method::GET, "/v1/activities", Right::Read),
            Self::ListAccess => (Admin, Method::GET, "/v1/access", Right::Access),
            Self::CreateAccess => (Admin, Method::POST, "/v1/access", Right::Access),
            Self::RevokeAccess => (Admin, Method::DELETE, "/v1/access/{id}", Right::Access),
            Self::Backup => (Admin, Method::GET, "/v1/store/backup", Right::Access),
        }
    }

    /// Where it is served.
    pub fn listener(self) -> ListenerKind {
        self.row().0
    }

    /// Its method.
    pub fn method(self) -> Method {
        self.row().1
    }

    /// Its path, with `{gate}` or `{id}` for what varies.
    pub fn path(self) -> &'static str {
        self.row().2
    }

    /// Whether it takes a query. Those that anybody may call ignore one.
    pub fn takes_query(self) -> bool {
        let read = matches!(self, Self::Releases | Self::Activities | Self::ListAccess);
        let write =
            matches!(self, Self::PatchSettings | Self::PostPolicy | Self::Promote | Self::RollBack);
        read || write || self.right() == Right::Open
    }

    /// Whether it changes something besides what is counted and logged.
    pub fn changes(self) -> bool {
        self.listener() == ListenerKind::Admin && self.method() != Method::GET
    }

    /// What it asks of its caller.
    pub fn right(self) -> Right {
        self.row().3
    }
}
