//! Who is who: passwords and client secrets in, tokens out, tokens in, callers out.

mod hashing;
mod lockout;
mod password;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sallyport_model::{ActorId, SecretString, Username};
use sallyport_pki::UnixTime;
use thiserror::Error;
use tracing::warn;

use self::lockout::{Identity, Lockout};
use crate::access::Caller;
use crate::audit::Entry;
use crate::store::{ActorKind, ActorRecord, Store, StoreError, TokenRecord, Write};
pub(crate) use hashing::MAX_LENGTH;
pub use hashing::{HashError, HashingRoom, new_client_secret};
pub(crate) use password::MIN_CHARACTERS;
pub use password::{NewPassword, PasswordError};
pub use token::AccessToken;

/// Seconds an access token lives.
pub const TOKEN_LIFETIME: i64 = 3600;

/// Exchanges passwords and client secrets for tokens, and tokens for callers. Clones share the
/// hashing room and what is remembered about failures.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    hashing: HashingRoom,
    lockout: Arc<Mutex<Lockout>>,
}

/// Why there is no token, or no caller for a token.
#[derive(Debug, Error)]
pub enum AccountsError {
    /// Unknown user or client, wrong secret, unknown or ended token: not told apart.
    #[error(
        "username or client id, password or client secret, or access token, is missing, wrong or has ended"
    )]
    Unauthorized,
    /// Too many failures in a row, whether there is such a user or client or not.
    #[error("too many failed attempts; try again in {retry_after} seconds")]
    LockedOut {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// The secret could not be checked.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Accounts kept in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            hashing: HashingRoom::default(),
            lockout: Arc::default(),
        }
    }

    /// Where new passwords and client secrets are hashed.
    pub const fn hashing(&self) -> &HashingRoom {
        &self.hashing
    }

    /// A token for a user.
    pub async fn login(
        &self,
        username: &str,
        password: SecretString,
        now: UnixTime,
    ) -> Result<AccessToken, AccountsError> {
        let user = self.prove_user(username, password, now).await?;
        self.issue(user, now).await
    }

    /// A token for a connected app: OAuth 2 client credentials (RFC 6749 section 4.4).
    pub async fn token(
        &self,
        client_id: &str,
        client_secret: SecretString,
        now: UnixTime,
    ) -> Result<AccessToken, AccountsError> {
        let app = self.prove_app(client_id, client_secret, now).await?;
        self.issue(app, now).await
    }

    /// A token for a user by way of a connected app, which proves itself too: OAuth 2 password
    /// credentials (RFC 6749 section 4.3).
    pub async fn token_by_password(
        &self,
        client: (&str, SecretString),
        username: &str,
        password: SecretString,
        now: UnixTime,
    ) -> Result<AccessToken, AccountsError> {
        let (client_id, client_secret) = client;
        self.prove_app(client_id, client_secret, now).await?;
        self.login(username, password, now).await
    }

    /// Whose token this is. Tokens are found by their SHA-256, so no comparison leaks their bytes.
    pub async fn caller(&self, bearer: &str, now: UnixTime) -> Result<Caller, AccountsError> {
        let token = self
            .store
            .token(AccessToken::sha256_of(bearer))
            .await?
            .filter(|token| now < token.expires_at)
            .ok_or(AccountsError::Unauthorized)?;
        let actor = self
            .store
            .actor(token.actor)
            .await?
            .ok_or(AccountsError::Unauthorized)?;
        Ok(actor.into())
    }

    /// Whether this is the caller's password. Wrong ones count as failed sign-ins; only users have one.
    pub async fn confirm(
        &self,
        caller: &Caller,
        password: SecretString,
        now: UnixTime,
    ) -> Result<bool, AccountsError> {
        if caller.kind != ActorKind::User {
            return Ok(false);
        }
        match self.prove_user(&caller.name, password, now).await {
            Ok(user) => Ok(user.id == caller.id),
            Err(AccountsError::Unauthorized) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn prove_user(
        &self,
        username: &str,
        password: SecretString,
        now: UnixTime,
    ) -> Result<ActorRecord, AccountsError> {
        let name = username.parse::<Username>().ok();
        let user = match &name {
            Some(name) => self.store.user_by_name(name).await?,
            None => None,
        };
        self.prove(name.as_ref().map(Identity::user), user, password, now)
            .await
    }

    async fn prove_app(
        &self,
        client_id: &str,
        client_secret: SecretString,
        now: UnixTime,
    ) -> Result<ActorRecord, AccountsError> {
        // Another spelling of the id is another text, not the same client.
        let id = client_id
            .parse::<ActorId>()
            .ok()
            .filter(|id| id.to_string() == client_id);
        let app = match id {
            Some(id) => self.store.actor(id).await?,
            None => None,
        };
        let app = app.filter(|actor| actor.kind == ActorKind::ConnectedApp);
        self.prove(id.map(Identity::connected_app), app, client_secret, now)
            .await
    }

    /// An unknown actor costs as much time as a wrong secret, and is locked out as soon.
    async fn prove(
        &self,
        identity: Option<Identity>,
        actor: Option<ActorRecord>,
        secret: SecretString,
        now: UnixTime,
    ) -> Result<ActorRecord, AccountsError> {
        self.may_try(identity, now)?;
        let turn = self.hashing.enter().await?;
        // Others may have failed in this name while we waited for the turn.
        self.may_try(identity, now)?;
        let hash = actor.as_ref().and_then(|actor| actor.secret_hash.clone());
        let fits = turn.fits(secret, hash).await?;
        match (actor, identity) {
            (Some(actor), Some(identity)) if fits => {
                self.lockout().succeeded(identity);
                Ok(actor)
            }
            (actor, identity) => {
                if let Some(identity) = identity {
                    self.lockout().failed(identity, now);
                }
                if let Some(actor) = actor {
                    self.note_failure(actor, now);
                }
                Err(AccountsError::Unauthorized)
            }
        }
    }

    fn may_try(&self, identity: Option<Identity>, now: UnixTime) -> Result<(), AccountsError> {
        match identity.and_then(|identity| self.lockout().wait(identity, now)) {
            Some(retry_after) => Err(AccountsError::LockedOut { retry_after }),
            None => Ok(()),
        }
    }

    async fn issue(&self, actor: ActorRecord, now: UnixTime) -> Result<AccessToken, AccountsError> {
        let token = AccessToken::generate().map_err(|_| HashError::Randomness)?;
        let record = TokenRecord {
            sha256: token.sha256(),
            actor: actor.id,
            expires_at: UnixTime(now.0.saturating_add(TOKEN_LIFETIME)),
        };
        let mut writes = Vec::new();
        // The secret may have been changed, and all tokens ended, since it was checked.
        if let Some(secret_hash) = actor.secret_hash.clone() {
            writes.push(Write::RequireSecretHash {
                actor: actor.id,
                secret_hash,
            });
        }
        writes.push(Write::CreateToken { token: record, now });
        writes.push(signing_in(actor, now).allowed());
        match self.store.commit(writes).await {
            Ok(()) => Ok(token),
            Err(StoreError::Gone { .. }) => Err(AccountsError::Unauthorized),
            Err(error) => Err(error.into()),
        }
    }

    // Beside the answer: for an unknown actor there is nothing to write, and the answer must not
    // come sooner.
    fn note_failure(&self, actor: ActorRecord, now: UnixTime) {
        let store = Arc::clone(&self.store);
        let entry = signing_in(actor, now).refused("wrong_secret");
        tokio::spawn(async move {
            if let Err(error) = store.commit(vec![entry]).await {
                warn!(%error, "a failed sign-in is not in the audit log");
            }
        });
    }

    fn lockout(&self) -> MutexGuard<'_, Lockout> {
        self.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signing_in(actor: ActorRecord, now: UnixTime) -> Entry {
    let object = format!("{} ({})", actor.name, actor.id);
    let organization = actor.organization;
    Entry::new(&actor.into(), organization, "token.create", object, now)
}
