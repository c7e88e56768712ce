//! Access tokens: who may ask for what.
//!
//! A token is `admit_ID_SECRET`. The id is looked up, the secret's digest compared in constant time.

mod name;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use aws_lc_rs::digest::SHA256_OUTPUT_LEN;

pub use admit_api::access::{Right, Role};
use name::Name;
pub use name::NameError;
use token::NewToken;
pub use token::TokenError;
pub(crate) use token::looks_like_one as looks_like_a_token;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock as RwLockAsync};
use tracing::Instrument;

use crate::authority::{Authority, Denied, Granted};
use crate::store::{AccessRow, Store, StoreError};
use admit::lock::held;
use admit_api::activity::Actor;

/// The access tokens that count. Cheap to clone; clones share one list.
#[derive(Clone)]
pub struct Access {
    store: Store,
    /// Read for every request, replaced as a whole by every change.
    known: Arc<RwLock<Arc<Known>>>,
    /// Held alone from a change in the store to the new list, so that an older list cannot come last;
    /// held together by all requests that write on behalf of an access token.
    order: Arc<RwLockAsync<()>>,
}

/// Held while the list is changed.
pub(crate) type Alone = OwnedRwLockWriteGuard<()>;

type Known = HashMap<String, Holder>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The public part of the token.
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub role: Role,
    secret_sha256: Arc<[u8]>,
}

impl Holder {
    /// The holder as the one who changes something.
    pub fn actor(&self) -> Actor {
        Actor {
            name: self.name.to_string(),
            role: self.role.as_str().to_owned(),
            id: Some(self.id.to_string()),
        }
    }
}

/// A new access token. Its text is shown once and kept nowhere.
pub struct Created {
    pub id: String,
    pub token: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(
        "the access token {id} has the name `{name}` already; choose another name, or revoke that \
         token first"
    )]
    Taken { id: String, name: String },
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("this is the last access token of the role `admin`; create another one first")]
    LastAdmin,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Reads the tokens of the store.
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        let known = Arc::new(RwLock::new(Arc::new(read(&store).await?)));
        Ok(Self { store, known, order: Arc::default() })
    }

    /// Who holds this token; absent when it is unknown or revoked. Takes as long for a wrong secret as for the
    /// right one.
    pub fn holder(&self, token: &str) -> Option<Holder> {
        let (id, secret) = token::split(token)?;
        let known = self.known();
        let holder = known.get(id)?;
        token::matches(secret, &holder.secret_sha256).then(|| holder.clone())
    }

    /// The holder as the list has it now; absent once the token is revoked.
    pub(crate) fn still(&self, holder: &Holder) -> Option<Holder> {
        let known = self.known();
        let now = known.get(&*holder.id)?;
        (now.secret_sha256 == holder.secret_sha256).then(|| now.clone())
    }

    /// Keeps the list as it is. Waits while it is changed.
    pub(crate) async fn order(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.order).read_owned().await
    }

    /// Whether a token of the role `admin` counts; none does at the first start.
    pub fn has_admin(&self) -> bool {
        let known = self.known();
        known.values().any(|holder| holder.role == Role::Admin)
    }

    /// Creates a token.
    ///
    /// `name` has 1 to 64 visible characters. No other token that counts has it, or one that differs in
    /// letter case and spaces only; a revoked one may. What was begun is made to its end even if the caller
    /// goes away; the token is revoked then, since nobody has seen it.
    pub async fn create(
        &self,
        name: &str,
        role: Role,
        authority: &Authority,
        now: u64,
    ) -> Result<Created, CreateError> {
        let name = Name::parse(name)?;
        let new = NewToken::make()?;
        let (access, authority) = (self.clone(), authority.clone());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let creating = async move {
            let created = access.create_alone(new, name, role, &authority, now).await;
            if let Err(Ok(unseen)) = sender.send(created) {
                access.revoke_unseen(&unseen.id, now).await;
            }
        };
        tokio::spawn(creating.in_current_span());
        receiver.await.unwrap_or(Err(StoreError::Broken.into()))
    }

    /// Revokes a token whose text no client was shown: the one that asked for it had gone.
    async fn revoke_unseen(&self, id: &str, now: u64) {
        let revoked = match self.alone(&Authority::server()).await {
            Ok(by) => self.revoke_by(id, &by, now).await,
            Err(denied) => Err(denied.into()),
        };
        match revoked {
            Ok(_) => tracing::warn!(
                id,
                "a new access token was revoked: its caller had gone before it was stored"
            ),
            Err(error) => {
                let error = admit::failure::error_chain(&error);
                tracing::error!(
                    id,
                    error,
                    "a new access token was not revoked, although its caller never got it"
                );
            }
        }
    }

    async fn create_alone(
        &self,
        new: NewToken,
        name: Name,
        role: Role,
        authority: &Authority,
        now: u64,
    ) -> Result<Created, CreateError> {
        let by = self.alone(authority).await?;
        if let Some(other) = self.like(&name) {
            let (id, name) = (other.id.to_string(), other.name.to_string());
            return Err(CreateError::Taken { id, name });
        }
        let row = AccessRow {
            id: new.id.clone(),
            name: name.as_str().to_owned(),
            role: role.as_str().to_owned(),
            secret_sha256: new.secret_sha256,
            number: 0,
            created_at: now,
            created_by: by.actor().name.clone(),
            created_by_id: by.actor().id.clone(),
            revoked_at: None,
        };
        self.store.add_access(&row, &by).await?;
        let (id, holder) = holder(row)?;
        self.change(|known| known.insert(id, holder));
        Ok(Created { id: new.id, token: new.text })
    }

    /// Revokes a token; says whether there was one to revoke. What was begun with the token's leave is
    /// done by then; nothing is done with it afterwards. A revocation that was begun is made to its end
    /// even if the caller goes away.
    pub async fn revoke(
        &self,
        id: &str,
        authority: &Authority,
        now: u64,
    ) -> Result<bool, RevokeError> {
        let (access, id, authority) = (self.clone(), id.to_owned(), authority.clone());
        let revoked = async move { access.revoke_alone(&id, &authority, now).await };
        crate::blocking::to_end(revoked).await.unwrap_or(Err(StoreError::Broken.into()))
    }

    async fn revoke_alone(
        &self,
        id: &str,
        authority: &Authority,
        now: u64,
    ) -> Result<bool, RevokeError> {
        let by = self.alone(authority).await?;
        if self.is_last_admin(id) {
            return Err(RevokeError::LastAdmin);
        }
        self.revoke_by(id, &by, now).await
    }

    async fn revoke_by(&self, id: &str, by: &Granted, now: u64) -> Result<bool, RevokeError> {
        let revoked = self.store.revoke_access(id, by, now).await?;
        self.change(|known| known.remove(id));
        Ok(revoked)
    }

    /// The holder of a valid token with a name that looks like this one.
    fn like(&self, name: &Name) -> Option<Holder> {
        let known = self.known();
        known.values().find(|holder| name.is_like(&holder.name)).cloned()
    }

    fn is_last_admin(&self, id: &str) -> bool {
        let known = self.known();
        let mut admins = known.iter().filter(|(_, holder)| holder.role == Role::Admin);
        admins.next().is_some_and(|(first, _)| first == id) && admins.next().is_none()
    }

    /// At most `limit` of the tokens there were, with smaller numbers than `before`, the newest first.
    pub async fn list(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AccessRow>, StoreError> {
        self.store.access_page(before, limit).await
    }

    /// Permission to change the list, exclusively.
    async fn alone(&self, authority: &Authority) -> Result<Granted, Denied> {
        let guard = Arc::clone(&self.order).write_owned().await;
        authority.grant_alone(Right::Access, guard)
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&*held(self.known.read()))
    }

    /// Publishes another list.
    fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) {
        let mut known = held(self.known.write());
        change(Arc::make_mut(&mut known));
    }
}

/// The tokens that count. One that is damaged does not, whatever is left of it.
async fn read(store: &Store) -> Result<Known, StoreError> {
    let rows = store.access().await?;
    let counting = rows.into_iter().filter(|row| row.revoked_at.is_none());
    let holders = counting.filter_map(|row| {
        let (id, name) = (row.id.clone(), row.name.clone());
        let holder = holder(row);
        if let Err(error) = &holder {
            tracing::error!(
                id,
                name,
                %error,
                "an access token is damaged and does not count: revoke it and create another"
            );
        }
        holder.ok()
    });
    Ok(holders.collect())
}

fn holder(row: AccessRow) -> Result<(String, Holder), StoreError> {
    let role = Role::named(&row.role).ok_or(StoreError::Row { what: "a role" })?;
    if row.secret_sha256.len() != SHA256_OUTPUT_LEN {
        return Err(StoreError::Row { what: "a digest of another length" });
    }
    let holder = Holder {
        id: row.id.as_str().into(),
        name: row.name.into(),
        role,
        secret_sha256: row.secret_sha256.into(),
    };
    Ok((row.id, holder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Retention;

    #[tokio::test]
    async fn a_token_that_nobody_waited_for_is_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Retention::default()).await.unwrap();
        let access = Access::open(store).await.unwrap();
        let held = access.order().await;
        let server = Authority::server();
        let mut creating = Box::pin(access.create("ci", Role::Admin, &server, 1));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(creating.as_mut().poll(&mut context).is_pending());
        drop((creating, held));
        // Also the last one of its role, and its name is free again.
        let gone = loop {
            tokio::task::yield_now().await;
            let all = access.list(None, 10).await.unwrap();
            if let Some(gone) = all.into_iter().find(|row| row.revoked_at.is_some()) {
                break gone;
            }
        };
        assert_eq!((&*gone.name, access.has_admin()), ("ci", false));
        access.create("ci", Role::Admin, &server, 2).await.unwrap();
        assert!(access.has_admin());
    }
}
