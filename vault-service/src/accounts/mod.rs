//! The few Anypoint accounts calls that real clients make: tokens for connected apps.

mod client_secret;
mod token;

use std::sync::Arc;

use sallyport_model::{ActorId, SecretString};
use sallyport_pki::UnixTime;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::access::Caller;
use crate::store::{ActorKind, Store, StoreError, TokenRecord, Write};
pub use client_secret::{ClientSecretError, new_client_secret};
pub use token::AccessToken;

/// Seconds an access token lives.
pub const TOKEN_LIFETIME: i64 = 3600;

/// Password hashes computed at the same time; each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

/// Exchanges client credentials for tokens, and tokens for callers.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    hashing: Arc<Semaphore>,
}

/// Why there is no token, or no caller for a token.
#[derive(Debug, Error)]
pub enum AccountsError {
    /// Unknown client, wrong secret, unknown or ended token: not told apart.
    #[error("client id or secret, or access token, is missing, wrong or has ended")]
    Unauthorized,
    /// The secret could not be checked.
    #[error(transparent)]
    Secret(#[from] ClientSecretError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    /// Accounts kept in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
        }
    }

    /// OAuth 2 client credentials (RFC 6749 section 4.4). An unknown client costs as much time as a
    /// wrong secret.
    pub async fn token(
        &self,
        client_id: &str,
        client_secret: SecretString,
        now: UnixTime,
    ) -> Result<AccessToken, AccountsError> {
        let actor = match client_id.parse::<ActorId>() {
            Ok(id) => self
                .store
                .actor(id)
                .await?
                .filter(|actor| actor.kind == ActorKind::ConnectedApp),
            Err(_) => None,
        };
        let hash = actor.as_ref().and_then(|actor| actor.secret_hash.clone());
        let fits = {
            let _turn = self.hashing.acquire().await;
            tokio::task::spawn_blocking(move || {
                client_secret::fits(&client_secret, hash.as_deref())
            })
            .await
            .map_err(|_| ClientSecretError::Hash)??
        };
        let Some(actor) = actor.filter(|_| fits) else {
            return Err(AccountsError::Unauthorized);
        };
        let token = AccessToken::generate().map_err(|_| ClientSecretError::Randomness)?;
        let record = TokenRecord {
            sha256: token.sha256(),
            actor: actor.id,
            expires_at: UnixTime(now.0.saturating_add(TOKEN_LIFETIME)),
        };
        self.store
            .commit(vec![Write::CreateToken { token: record, now }])
            .await?;
        Ok(token)
    }

    /// Whose token this is. Tokens are found by their SHA-256, so no comparison leaks their bytes.
    pub async fn caller(&self, bearer: &str, now: UnixTime) -> Result<Caller, AccountsError> {
        let token = self
            .store
            .token(token::sha256(bearer))
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
}
