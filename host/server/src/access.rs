//! Access tokens: who may ask for what.
//!
//! A token is `admit_ID_SECRET`. The id is looked up, the secret's digest compared in constant time.

mod role;
mod token;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::SHA256_OUTPUT_LEN;

pub use role::{Right, Role, UnknownRole};
use token::NewToken;
pub use token::TokenError;

use crate::actor::Actor;
use crate::store::{AccessRow, Store, StoreError};

/// The access tokens that count. Cheap to clone; clones share one list.
#[derive(Clone)]
pub struct Access {
    store: Store,
    /// Read for every request, replaced as a whole by every change.
    known: Arc<RwLock<Arc<Known>>>,
    /// Held from a change in the store to the new list, so that an older list cannot come last.
    changing: Arc<tokio::sync::Mutex<()>>,
}

type Known = HashMap<String, Holder>;

/// Who holds an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The name of the token.
    pub name: Arc<str>,
    /// What it may do.
    pub role: Role,
    secret_sha256: Arc<[u8]>,
}

impl Holder {
    /// The holder as the one who changes something.
    pub fn actor(&self) -> Actor {
        Actor { name: self.name.to_string(), role: self.role.as_str().to_owned() }
    }
}

/// A new access token. Its text is shown once and kept nowhere.
pub struct Created {
    /// The public part.
    pub id: String,
    /// The whole token.
    pub token: String,
}

/// Why an access token was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The name is empty, long, or holds control characters.
    #[error("{length} characters; expected 1 to 64 printable characters, not only spaces")]
    Name {
        /// Its characters.
        length: usize,
    },
    /// No random bytes could be had.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an access token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Nobody could create another one then.
    #[error("this is the last access token of the role `admin`; create another one first")]
    LastAdmin,
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Reads the tokens of the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        let known = Arc::new(RwLock::new(Arc::new(read(&store).await?)));
        Ok(Self { store, known, changing: Arc::default() })
    }

    /// Who holds this token; absent when nobody does. Takes as long for a wrong secret as for the
    /// right one.
    pub fn holder(&self, token: &str) -> Option<Holder> {
        let (id, secret) = token::split(token)?;
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let holder = known.get(id)?;
        token::matches(secret, &holder.secret_sha256).then(|| holder.clone())
    }

    /// Whether a token of the role `admin` counts; none does at the first start.
    pub fn has_admin(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().any(|holder| holder.role == Role::Admin)
    }

    /// Creates a token.
    ///
    /// `name` has 1 to 64 printable characters, not only spaces; it need not be the only one of its kind.
    ///
    /// # Errors
    ///
    /// [`CreateError`].
    pub async fn create(
        &self,
        name: &str,
        role: Role,
        actor: &Actor,
        now: u64,
    ) -> Result<Created, CreateError> {
        let length = name.chars().count();
        if !(1..=64).contains(&length)
            || name.trim().is_empty()
            || name.chars().any(char::is_control)
        {
            return Err(CreateError::Name { length });
        }
        let new = NewToken::make()?;
        let row = AccessRow {
            id: new.id.clone(),
            name: name.to_owned(),
            role: role.as_str().to_owned(),
            secret_sha256: new.secret_sha256,
            created_at: now,
            created_by: actor.name.clone(),
            revoked_at: None,
        };
        let (access, actor) = (self.clone(), actor.clone());
        let added = tokio::spawn(async move { access.add(row, &actor).await });
        added.await.unwrap_or(Err(StoreError::Broken))?;
        Ok(Created { id: new.id, token: new.text })
    }

    /// Adds a token to the store, then to those that count. Runs to its end even if the caller goes away.
    async fn add(self, row: AccessRow, actor: &Actor) -> Result<(), StoreError> {
        let _one = self.changing.lock().await;
        self.store.add_access(&row, actor).await?;
        let (id, holder) = holder(row)?;
        self.change(|known| drop(known.insert(id, holder)));
        Ok(())
    }

    /// Revokes a token; says whether there was one to revoke.
    ///
    /// # Errors
    ///
    /// [`RevokeError`].
    pub async fn revoke(&self, id: &str, actor: &Actor, now: u64) -> Result<bool, RevokeError> {
        let (access, actor, id) = (self.clone(), actor.clone(), id.to_owned());
        let revoked = tokio::spawn(async move { access.revoke_alone(&id, &actor, now).await });
        revoked.await.unwrap_or(Err(StoreError::Broken.into()))
    }

    /// Revokes a token in the store, then among those that count. Runs to its end even if the caller
    /// goes away: the store and the list agree.
    async fn revoke_alone(self, id: &str, actor: &Actor, now: u64) -> Result<bool, RevokeError> {
        let _one = self.changing.lock().await;
        if self.is_last_admin(id) {
            return Err(RevokeError::LastAdmin);
        }
        let revoked = self.store.revoke_access(id, actor, now).await?;
        self.change(|known| drop(known.remove(id)));
        Ok(revoked)
    }

    fn is_last_admin(&self, id: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut admins = known.iter().filter(|(_, holder)| holder.role == Role::Admin);
        admins.next().is_some_and(|(first, _)| first == id) && admins.next().is_none()
    }

    /// Every token there was, the oldest first, without secrets.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<AccessRow>, StoreError> {
        self.store.access().await
    }

    /// Replaces the list as a whole, so that a request reads one or the other.
    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
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
    let role = row.role.parse().map_err(|_| StoreError::Row { what: "a role" })?;
    if row.secret_sha256.len() != SHA256_OUTPUT_LEN {
        return Err(StoreError::Row { what: "a digest of another length" });
    }
    let holder = Holder { name: row.name.into(), role, secret_sha256: row.secret_sha256.into() };
    Ok((row.id, holder))
}
