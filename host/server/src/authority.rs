//! What a caller may do: checked when a request arrives, and again where the change is made.
//!
//! In between, an access token may be revoked or GitOps mode begin: while the body arrives, while a change
//! waits for its turn, while a release is built.
//!
//! INVARIANT: only [`Authority::grant`] makes a [`Granted`] for somebody else than the server, and what
//! writes asks for one. So nothing is written for an access token after the answer that it is revoked.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::OwnedRwLockReadGuard;

use crate::access::{Access, Alone, Holder, Right, Role};
use crate::config::ServiceAccess;
use crate::live::Live;
use admit_api::activity::Actor;

/// What requests are checked by. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Permissions {
    access: Access,
    live: Arc<ArcSwap<Live>>,
}

/// What a caller may do, checked anew each time. Cheap to clone.
#[derive(Clone)]
pub struct Authority(Kind);

#[derive(Clone)]
enum Kind {
    /// A part of the server, which may do everything.
    Server(Actor),
    /// The sender of a request.
    Caller(Arc<Caller>),
}

struct Caller {
    permissions: Permissions,
    /// What the request needed when it came.
    right: Right,
    /// Absent where the endpoint asks for no access token.
    holder: Option<Holder>,
}

/// Permission to write once, in the name of an actor. While this exists no access token is revoked, so its
/// holder writes at once, and asks for no second one meanwhile.
#[derive(Debug)]
pub struct Granted {
    actor: Actor,
    _order: Option<Order>,
}

#[derive(Debug)]
enum Order {
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: Alone },
}

/// Why a caller may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("expected the header `Authorization: Bearer` with an access token of this server")]
    NoToken,
    #[error("the access token is not one of this server, or was revoked")]
    Unknown,
    #[error("the role `{0}` may not do this")]
    Role(Role),
    #[error(
        "this server is configured from {repository}: change it there; only the role `gitops` may \
         write here"
    )]
    GitOps { repository: String },
}

impl Permissions {
    /// These access tokens, and this configuration as it changes.
    pub fn new(access: Access, live: Arc<ArcSwap<Live>>) -> Self {
        Self { access, live }
    }

    /// What a reload may have changed.
    pub fn live(&self) -> arc_swap::Guard<Arc<Live>> {
        self.live.load()
    }

    /// Takes what a reload has changed.
    pub fn reload(&self, live: Live) {
        self.live.store(Arc::new(live));
    }

    /// Whether the holder of this access token has a right.
    pub fn authority(&self, right: Right, token: Option<&str>) -> Result<Authority, Denied> {
        let holder = match token {
            _ if self.is_open(right) => None,
            None => return Err(Denied::NoToken),
            Some(token) => Some(self.access.holder(token).ok_or(Denied::Unknown)?),
        };
        let caller = Caller { permissions: self.clone(), right, holder };
        caller.check(right)?;
        Ok(Authority(Kind::Caller(Arc::new(caller))))
    }

    /// Whether the endpoint asks for no access token.
    fn is_open(&self, right: Right) -> bool {
        let open_to_all = || self.live().service_access == ServiceAccess::None;
        right == Right::Open || right == Right::Decide && open_to_all()
    }
}

impl Authority {
    pub fn server() -> Self {
        Self(Kind::Server(Actor::server()))
    }

    /// That of a watched file or directory.
    pub fn source() -> Self {
        Self(Kind::Server(Actor::source()))
    }

    /// Whether any client has it that reaches the listener.
    pub fn is_anybodys(&self) -> bool {
        matches!(&self.0, Kind::Caller(caller) if caller.holder.is_none())
    }

    /// Whether what was allowed when the request came is allowed still.
    pub fn check(&self) -> Result<(), Denied> {
        match &self.0 {
            Kind::Server(_) => Ok(()),
            Kind::Caller(caller) => caller.check(caller.right).map(drop),
        }
    }

    /// Permission to write, for a caller who has the right now. Waits while an access token is revoked.
    pub async fn grant(&self, right: Right) -> Result<Granted, Denied> {
        let caller = match &self.0 {
            Kind::Server(actor) => return Ok(Granted { actor: actor.clone(), _order: None }),
            Kind::Caller(caller) => caller,
        };
        let guard = caller.permissions.access.order().await;
        let actor = caller.actor(right)?;
        Ok(Granted { actor, _order: Some(Order::Shared { _guard: guard }) })
    }

    /// As [`Authority::grant`], for one who changes the list of access tokens.
    pub(crate) fn grant_alone(&self, right: Right, guard: Alone) -> Result<Granted, Denied> {
        let actor = match &self.0 {
            Kind::Server(actor) => actor.clone(),
            Kind::Caller(caller) => caller.actor(right)?,
        };
        Ok(Granted { actor, _order: Some(Order::Alone { _guard: guard }) })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Kind::Server(actor) => Some(&*actor.name),
            Kind::Caller(caller) => caller.holder.as_ref().map(|holder| &*holder.name),
        };
        formatter.debug_tuple("Authority").field(&name).finish()
    }
}

impl Caller {
    /// Whether the caller has a right now; the holder as it is now.
    fn check(&self, right: Right) -> Result<Option<Holder>, Denied> {
        if self.permissions.is_open(right) {
            return Ok(None);
        }
        let holder = self.holder.as_ref().ok_or(Denied::NoToken)?;
        let holder = self.permissions.access.still(holder).ok_or(Denied::Unknown)?;
        if !holder.role.may(right) {
            return Err(Denied::Role(holder.role));
        }
        match &self.permissions.live().repository {
            Some(repository) if right == Right::Write && holder.role != Role::Gitops => {
                Err(Denied::GitOps { repository: repository.clone() })
            }
            _ => Ok(Some(holder)),
        }
    }

    fn actor(&self, right: Right) -> Result<Actor, Denied> {
        self.check(right)?.as_ref().map(Holder::actor).ok_or(Denied::NoToken)
    }
}

impl Granted {
    pub fn server() -> Self {
        Self { actor: Actor::server(), _order: None }
    }

    /// Who is recorded in activities.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}
