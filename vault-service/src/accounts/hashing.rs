//! Where passwords and client secrets are hashed (argon2id, RFC 9106): one room with few places,
//! because each hash takes 19 MiB and a core.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sallyport_model::SecretString;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Longest password or client secret that is hashed, in bytes.
pub(crate) const MAX_LENGTH: usize = 512;

/// Hashes computed at the same time.
const PLACES: usize = 2;

/// Most callers that wait for a place; who comes later is sent away.
const QUEUE: usize = 256;

/// A hash no secret is known for; checked for unknown actors so that they take as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsbHlwb3J0LW5vYm9keQ$jVTE6ZvgCzbF2wAT1WFyzCWcMSFGYqXdRvZNqnkqGs8";

/// Why a secret could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HashError {
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
    /// The hash could not be computed, or the stored one does not read.
    #[error("the secret cannot be hashed")]
    Hash,
    /// Too many wait already.
    #[error("too many sign in at the same time")]
    Busy,
}

/// The room. Clones share its places.
#[derive(Clone, Debug)]
pub struct HashingRoom {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

/// A place in the room, good for one hash.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
}

impl Default for HashingRoom {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            queue: Arc::new(Semaphore::new(QUEUE)),
        }
    }
}

impl HashingRoom {
    /// Hashes a secret for keeping; the answer is a PHC string.
    pub async fn hash(&self, secret: SecretString) -> Result<String, HashError> {
        let turn = self.enter().await?;
        turn.work(move || hash(&secret)).await
    }

    /// A new client secret of 256 random bits, and the hash to keep.
    pub async fn new_client_secret(&self) -> Result<(SecretString, String), HashError> {
        let turn = self.enter().await?;
        turn.work(new_client_secret).await
    }

    /// Waits for a place.
    pub(super) async fn enter(&self) -> Result<Turn, HashError> {
        let _waiting = self.queue.try_acquire().map_err(|_| HashError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        Ok(Turn {
            _place: place.map_err(|_| HashError::Busy)?,
        })
    }
}

impl Turn {
    /// Whether a secret fits a hash; always `false`, after the same work, without a hash.
    pub(super) async fn fits(
        self,
        secret: SecretString,
        hash: Option<String>,
    ) -> Result<bool, HashError> {
        self.work(move || fits(&secret, hash.as_deref())).await
    }

    // The place goes along: a caller that hangs up does not free it before the work is done.
    async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        tokio::task::spawn_blocking(move || {
            let _turn = self;
            work()
        })
        .await
        .map_err(|_| HashError::Hash)?
    }
}

/// A new client secret of 256 random bits, and the hash to keep. Takes a core for a while: a service
/// goes through [`HashingRoom::new_client_secret`].
pub fn new_client_secret() -> Result<(SecretString, String), HashError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| HashError::Randomness)?;
    let secret = SecretString::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
    let hash = hash(&secret)?;
    Ok((secret, hash))
}

fn hash(secret: &SecretString) -> Result<String, HashError> {
    let hash = Argon2::default()
        .hash_password(secret.expose().as_bytes())
        .map_err(|_| HashError::Hash)?;
    Ok(hash.to_string())
}

fn fits(secret: &SecretString, hash: Option<&str>) -> Result<bool, HashError> {
    if secret.expose().len() > MAX_LENGTH {
        return Ok(false);
    }
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(|_| HashError::Hash)?;
    let fits = Argon2::default()
        .verify_password(secret.expose().as_bytes(), &parsed)
        .is_ok();
    Ok(fits && hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_its_own_hash_only() {
        let (one, one_hash) = new_client_secret().unwrap();
        let (two, _) = new_client_secret().unwrap();
        assert_eq!(fits(&one, Some(&one_hash)), Ok(true));
        assert_eq!(fits(&two, Some(&one_hash)), Ok(false));
        assert!(one_hash.starts_with("$argon2id$"));
        assert!(!one_hash.contains(one.expose()));
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_a_real_one_and_fits_nothing() {
        let (secret, hash) = new_client_secret().unwrap();
        let cost = |hash: &str| {
            let parsed = PasswordHash::new(hash).unwrap();
            let output = parsed.hash.unwrap().len();
            (
                parsed.algorithm,
                parsed.version,
                parsed.params.to_string(),
                output,
            )
        };
        assert_eq!(cost(NOBODY), cost(&hash));
        assert_eq!(fits(&secret, None), Ok(false));
    }

    #[test]
    fn an_overlong_secret_is_refused_before_it_is_hashed() {
        let long = SecretString::new("x".repeat(MAX_LENGTH + 1));
        assert_eq!(fits(&long, Some("not even a hash")), Ok(false));
    }

    #[tokio::test]
    async fn who_comes_to_a_full_queue_is_sent_away() {
        let room = HashingRoom::default();
        let mut inside = Vec::new();
        for _ in 0..PLACES {
            inside.push(room.enter().await.unwrap());
        }
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..QUEUE {
            let room = room.clone();
            waiting.spawn(async move { room.enter().await.map(drop) });
        }
        while room.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(room.enter().await.err(), Some(HashError::Busy));
        drop(inside);
        while let Some(entered) = waiting.join_next().await {
            assert_eq!(entered.unwrap(), Ok(()));
        }
        assert!(room.enter().await.is_ok());
    }
}
