//! The one conversion of errors to answers at the public door, in two shapes.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use thiserror::Error;
use tracing::error;

use super::super::body::BodyError;
use super::super::problem::Problem;
use super::super::shape::{Evidence, Shape, anypoint};
use super::parameter::Parameter;
use super::where_used::shown_user;
use crate::accounts::{AccountsError, HashError};
use crate::manager::{ManagerError, Violation};
use crate::store::StoreError;

/// Everything that can go wrong at the public door.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Manager(#[from] ManagerError),
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the lists of this distributor are being fetched; ask again in a moment")]
    Fetching,
    #[error("the work was interrupted")]
    Interrupted,
    #[error("there is nothing at this path")]
    NoSuchPath,
    #[error("grant_type is none that is supported; there are client_credentials, password")]
    GrantType,
    #[error("a query parameter does not read: {parameters}")]
    Query { parameters: &'static str },
    #[error("the query parameter {} is {}", .0.name, .0.wanted)]
    Parameter(Parameter),
    #[error("If-Match is the ETag of the version you have seen (\"3\"), several of them, or *")]
    IfMatch,
}

/// An answer in Anypoint's shape: `{name, message}`, and `errors` where places are known.
pub(super) struct AnypointFailure(Failure);

/// An answer as a problem document.
pub(super) struct OwnFailure(Failure);

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Manager(ManagerError::Invalid(_)) => StatusCode::BAD_REQUEST,
            Self::Manager(ManagerError::NoSuch { .. }) | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Manager(ManagerError::Forbidden { .. } | ManagerError::JoinToken) => {
                StatusCode::FORBIDDEN
            }
            Self::Manager(
                ManagerError::Taken { .. }
                | ManagerError::Changed { .. }
                | ManagerError::Locked { .. }
                | ManagerError::SessionOpen
                | ManagerError::SessionFull { .. }
                | ManagerError::InUse { .. }
                | ManagerError::RefersToDeleted { .. }
                | ManagerError::LastAdministrator,
            ) => StatusCode::CONFLICT,
            Self::Manager(ManagerError::PreconditionFailed { .. }) => {
                StatusCode::PRECONDITION_FAILED
            }
            Self::Manager(ManagerError::Hash(error))
            | Self::Accounts(AccountsError::Hash(error)) => match error {
                HashError::Busy => StatusCode::SERVICE_UNAVAILABLE,
                HashError::Hash | HashError::Randomness => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Manager(
                ManagerError::Copy { .. }
                | ManagerError::Key(_)
                | ManagerError::Encode(_)
                | ManagerError::Issue
                | ManagerError::Randomness,
            ) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Manager(ManagerError::Store(error))
            | Self::Store(error)
            | Self::Accounts(AccountsError::Store(error)) => match error {
                StoreError::Engine(_) => StatusCode::SERVICE_UNAVAILABLE,
                StoreError::Gone { .. } => StatusCode::NOT_FOUND,
                StoreError::Taken { .. }
                | StoreError::Stale { .. }
                | StoreError::Locked { .. }
                | StoreError::InUse { .. } => StatusCode::CONFLICT,
                StoreError::Damaged { .. } | StoreError::TooNew { .. } => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            },
            Self::Fetching => StatusCode::CONFLICT,
            Self::Accounts(AccountsError::Unauthorized) => StatusCode::UNAUTHORIZED,
            Self::Accounts(AccountsError::LockedOut { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Interrupted => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Body(error) => error.status(),
            Self::GrantType | Self::Query { .. } | Self::Parameter(_) | Self::IfMatch => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Manager(ManagerError::Invalid(violations)) => violations
                .first()
                .map_or("invalid", |violation| violation.problem.code()),
            Self::Body(error) => error.code(),
            Self::GrantType => "unsupported_grant_type",
            Self::IfMatch => "invalid_if_match",
            Self::Fetching => "fetching",
            Self::Manager(ManagerError::JoinToken) => "invalid_join_token",
            Self::Manager(ManagerError::PreconditionFailed { .. }) => "precondition_failed",
            Self::Manager(ManagerError::Locked { .. } | ManagerError::SessionOpen) => "locked",
            Self::Manager(ManagerError::InUse { .. }) => "in_use",
            Self::Manager(ManagerError::RefersToDeleted { .. }) => "refers_to_deleted",
            Self::Query { .. } | Self::Parameter(_) => "invalid_query",
            Self::Manager(ManagerError::LastAdministrator) => "last_administrator",
            _ => match self.status() {
                StatusCode::UNAUTHORIZED => "unauthorized",
                StatusCode::FORBIDDEN => "forbidden",
                StatusCode::TOO_MANY_REQUESTS => "locked_out",
                StatusCode::NOT_FOUND => "not_found",
                StatusCode::CONFLICT => "conflict",
                StatusCode::SERVICE_UNAVAILABLE => "unavailable",
                _ => "internal",
            },
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Manager(ManagerError::Invalid(violations)) => violations,
            Self::Body(BodyError::Invalid(violation)) => std::slice::from_ref(violation),
            _ => &[],
        }
    }

    /// The answer of an extractor, which knows no handler: in the shape of the request's path.
    pub(super) fn refuse(self, parts: &Parts) -> Response {
        match Shape::of_parts(parts) {
            Shape::Anypoint => AnypointFailure(self).into_response(),
            Shape::Problem => OwnFailure(self).into_response(),
        }
    }

    /// What some clients act on: how to sign in, and when to come again.
    fn with_headers(&self, mut response: Response) -> Response {
        if self.status() == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::Accounts(AccountsError::LockedOut { retry_after }) = self {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        response
    }

    /// What the client reads. Causes of server errors go to the log only.
    fn message(&self) -> String {
        if self.status().is_server_error() {
            error!(error = %self, source = ?std::error::Error::source(self), "request failed");
            return "the vault cannot do this now; its log says why".to_owned();
        }
        self.to_string()
    }
}

impl<E: Into<Failure>> From<E> for AnypointFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<E: Into<Failure>> From<E> for OwnFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self::Manager(violation.into())
    }
}

impl IntoResponse for AnypointFailure {
    fn into_response(self) -> Response {
        let Self(failure) = self;
        let status = failure.status();
        let evidence = match &failure {
            Failure::Manager(ManagerError::InUse { users, .. }) => {
                Evidence::Users(users.iter().map(|user| json!(shown_user(user))).collect())
            }
            _ => Evidence::Errors(failure.violations().iter().map(violation_json).collect()),
        };
        failure.with_headers(anypoint(status, &failure.message(), evidence))
    }
}

impl IntoResponse for OwnFailure {
    fn into_response(self) -> Response {
        let Self(failure) = self;
        let status = failure.status();
        let mut problem = Problem::new(status, failure.code(), failure.message());
        if let Some(violation) = failure.violations().first() {
            problem = problem.at(violation.place.clone());
        }
        failure.with_headers(problem.into_response())
    }
}

fn violation_json(violation: &Violation) -> serde_json::Value {
    json!({
        "code": violation.problem.code(),
        "message": violation.to_string(),
        "dataPath": violation.place,
        "keyword": violation.problem.code(),
    })
}
