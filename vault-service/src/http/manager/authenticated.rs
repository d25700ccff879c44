//! Who is calling: the owner of the bearer token.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use sallyport_model::ENROLMENT_PATH;

use super::super::edge;
use super::ManagerDoor;
use super::failure::Failure;
use crate::access::Caller;
use crate::accounts::AccountsError;
use crate::clock;

/// Routes that need no token, whole paths. Every other route needs one, whether its handler asks who
/// is calling or not.
pub const OPEN: [&str; 6] = [
    "/accounts/api/v2/oauth2/token",
    "/accounts/login",
    ENROLMENT_PATH,
    "/livez",
    "/openapi.json",
    "/readyz",
];

/// Longest token looked at, in bytes.
const MAX_TOKEN: usize = 512;

/// The caller, by its token (RFC 6750 section 2.1).
pub(super) struct Authenticated(pub(super) Caller);

/// Stands before every route: no token, no handler; and nothing of the body was read.
pub(super) async fn require(
    State(door): State<ManagerDoor>,
    request: Request,
    next: Next,
) -> Response {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body): (Parts, Body) = request.into_parts();
    let caller = match token(&parts.headers) {
        Some(token) => door.accounts.caller(token, clock::now()).await,
        None => Err(AccountsError::Unauthorized),
    };
    match caller {
        Ok(caller) => {
            edge::name_actor(caller.id);
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => Failure::from(error).refuse(&parts),
    }
}

/// The token of the one `authorization` that there is. Of two, a proxy before us may have looked at the other.
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    lines
        .next()
        .filter(|_| lines.next().is_none())
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN)
}

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        match parts.extensions.get::<Caller>() {
            Some(caller) => Ok(Self(caller.clone())),
            None => Err(Failure::from(AccountsError::Unauthorized).refuse(parts)),
        }
    }
}
