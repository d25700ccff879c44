//! API keys: one value, several of which may be accepted.

use sallyport_model::SecretString;
use thiserror::Error;

use crate::key::MAX_KEYS;
use crate::presented::{Digest, digest, position};
use crate::request::Request;

/// Longest key that is looked at, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// Why a caller is not let in, or nobody could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ApiKeyError {
    /// The request has no such header.
    #[error("no API key")]
    Absent,
    /// More than one: which one other hops look at cannot be known.
    #[error("{0} headers with an API key")]
    Repeated(usize),
    /// Longer than [`MAX_BYTES`].
    #[error("an API key of {0} bytes, at most {MAX_BYTES} are looked at")]
    TooLong(usize),
    /// None of the accepted ones.
    #[error("the API key is none of the accepted ones")]
    Wrong,
    /// Nothing is accepted, an empty value, or more than [`MAX_KEYS`].
    #[error("1 to {MAX_KEYS} API keys can be accepted, none of them empty")]
    Accepted,
}

/// The keys that are accepted, as digests.
#[derive(Clone)]
pub struct ApiKeys(Vec<Digest>);

impl ApiKeys {
    /// Takes the digests of `keys`, for example of the current and the previous version.
    ///
    /// # Errors
    /// [`ApiKeyError::Accepted`].
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a SecretString>) -> Result<Self, ApiKeyError> {
        let mut digests = Vec::new();
        for key in keys {
            if key.is_empty() || digests.len() == MAX_KEYS {
                return Err(ApiKeyError::Accepted);
            }
            digests.push(digest(&[key.expose().as_bytes()]));
        }
        match digests.is_empty() {
            true => Err(ApiKeyError::Accepted),
            false => Ok(Self(digests)),
        }
    }

    /// Which of the keys the header `name` of the request holds.
    ///
    /// # Errors
    /// See [`ApiKeyError`].
    pub fn check(&self, request: &Request<'_>, name: &str) -> Result<usize, ApiKeyError> {
        let mut values = request.values(name);
        let value = values.next().ok_or(ApiKeyError::Absent)?;
        match values.count() {
            0 => self.check_value(value),
            more => Err(ApiKeyError::Repeated(more + 1)),
        }
    }

    /// Which of the keys `value` is: for keys from a query or another place.
    ///
    /// # Errors
    /// [`ApiKeyError::TooLong`], [`ApiKeyError::Wrong`].
    pub fn check_value(&self, value: &[u8]) -> Result<usize, ApiKeyError> {
        if value.len() > MAX_BYTES {
            return Err(ApiKeyError::TooLong(value.len()));
        }
        position(&self.0, &digest(&[value])).ok_or(ApiKeyError::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Header;

    fn keys(keys: &[&str]) -> Result<ApiKeys, ApiKeyError> {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| SecretString::new((*key).to_owned()))
            .collect();
        ApiKeys::new(&keys)
    }

    fn check(keys: &ApiKeys, values: &[&[u8]]) -> Result<usize, ApiKeyError> {
        let headers: Vec<_> = values
            .iter()
            .map(|value| Header {
                name: "X-Api-Key",
                value,
            })
            .collect();
        let request = Request {
            method: "GET",
            scheme: "https",
            authority: "a.test",
            target: "/",
            headers: &headers,
        };
        keys.check(&request, "x-api-key")
    }

    #[test]
    fn current_and_previous_keys_are_told_apart() {
        let keys = keys(&["current", "previous", "current"]).unwrap();
        assert_eq!(check(&keys, &[b"current"]), Ok(0));
        assert_eq!(check(&keys, &[b" previous "]), Ok(1));
    }

    #[test]
    fn other_keys_parts_of_keys_and_two_at_once_are_refused() {
        let keys = keys(&["current"]).unwrap();
        for wrong in [&b""[..], b"curren", b"currentt", b"CURRENT", b"cur\0ent"] {
            assert_eq!(check(&keys, &[wrong]), Err(ApiKeyError::Wrong));
        }
        assert_eq!(check(&keys, &[]), Err(ApiKeyError::Absent));
        assert_eq!(
            check(&keys, &[b"current", b"current"]),
            Err(ApiKeyError::Repeated(2))
        );
        assert_eq!(
            check(&keys, &[&[b'a'; MAX_BYTES + 1]]),
            Err(ApiKeyError::TooLong(MAX_BYTES + 1))
        );
    }

    #[test]
    fn nobody_is_let_in_by_an_empty_secret() {
        for accepted in [&[][..], &[""], &["a", ""], &["a"; MAX_KEYS + 1]] {
            assert_eq!(keys(accepted).err(), Some(ApiKeyError::Accepted));
        }
    }
}
