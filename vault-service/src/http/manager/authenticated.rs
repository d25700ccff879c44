//! Who is calling: the owner of the bearer token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::super::edge;
use super::ManagerDoor;
use super::failure::Failure;
use crate::access::Caller;
use crate::accounts::AccountsError;
use crate::clock;

/// Longest token looked at, in bytes.
const MAX_TOKEN: usize = 512;

/// The caller, by its token (RFC 6750 section 2.1). Comes before anything of the body is read.
pub(super) struct Authenticated(pub(super) Caller);

impl FromRequestParts<ManagerDoor> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, door: &ManagerDoor) -> Result<Self, Response> {
        let caller = match token(&parts.headers) {
            Some(token) => door.accounts.caller(token, clock::now()).await,
            None => Err(AccountsError::Unauthorized),
        };
        let caller = caller.map_err(|error| Failure::from(error).refuse(parts))?;
        edge::name_actor(caller.id);
        Ok(Self(caller))
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN)
}
