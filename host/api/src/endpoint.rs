//! Every endpoint: method, path, listener, and the right it asks for. The routers, the
//! authorisation and the tests are made from this table; `docs/api.md` has the same.

use crate::access::Right;
use crate::names::names;

/// Where an endpoint is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// For platforms: decisions.
    Service,
    /// For administrators: everything else.
    Admin,
}

names! {
    /// The method of a request (RFC 9110 9.3, RFC 5789).
    pub enum Method {
        /// Reads.
        Get = "GET",
        /// Does something.
        Post = "POST",
        /// Changes a part.
        Patch = "PATCH",
        /// Removes.
        Delete = "DELETE",
    }
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
            Self::Decide => (Service, Method::Post, "/v1/gates/{gate}/decide", Right::Decide),
            Self::DecideBatch => {
                (Service, Method::Post, "/v1/gates/{gate}/decide/batch", Right::Decide)
            }
            Self::ServiceLive => (Service, Method::Get, "/health/live", Right::Open),
            Self::ServiceReady => (Service, Method::Get, "/health/ready", Right::Open),
            Self::ServiceGateReady => (Service, Method::Get, "/health/ready/{gate}", Right::Open),
            Self::AdminLive => (Admin, Method::Get, "/health/live", Right::Open),
            Self::AdminReady => (Admin, Method::Get, "/health/ready", Right::Open),
            Self::AdminGateReady => (Admin, Method::Get, "/health/ready/{gate}", Right::Open),
            Self::Metrics => (Admin, Method::Get, "/metrics", Right::Open),
            Self::OpenApi => (Admin, Method::Get, "/openapi.json", Right::Open),
            Self::Status => (Admin, Method::Get, "/v1/status", Right::Read),
            Self::GetSettings => (Admin, Method::Get, "/v1/gates/{gate}/settings", Right::Read),
            Self::PatchSettings => {
                (Admin, Method::Patch, "/v1/gates/{gate}/settings", Right::Write)
            }
            Self::PostPolicy => (Admin, Method::Post, "/v1/gates/{gate}/policy", Right::Write),
            Self::GetCandidate => (Admin, Method::Get, "/v1/gates/{gate}/candidate", Right::Read),
            Self::DeleteCandidate => {
                (Admin, Method::Delete, "/v1/gates/{gate}/candidate", Right::Write)
            }
            Self::Promote => (Admin, Method::Post, "/v1/gates/{gate}/promote", Right::Write),
            Self::RollBack => (Admin, Method::Post, "/v1/gates/{gate}/rollback", Right::Write),
            Self::Releases => (Admin, Method::Get, "/v1/gates/{gate}/releases", Right::Read),
            Self::Description => (Admin, Method::Get, "/v1/gates/{gate}/description", Right::Read),
            Self::Activities => (Admin, Method::Get, "/v1/activities", Right::Read),
            Self::ListAccess => (Admin, Method::Get, "/v1/access", Right::Access),
            Self::CreateAccess => (Admin, Method::Post, "/v1/access", Right::Access),
            Self::RevokeAccess => (Admin, Method::Delete, "/v1/access/{id}", Right::Access),
            Self::Backup => (Admin, Method::Get, "/v1/store/backup", Right::Access),
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
        self.listener() == ListenerKind::Admin && self.method() != Method::Get
    }

    /// What it asks of its caller.
    pub fn right(self) -> Right {
        self.row().3
    }
}
