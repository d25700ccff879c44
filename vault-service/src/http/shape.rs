//! The two shapes of an error at the public door, and which paths answer in which.

use axum::Json;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::problem::Problem;

/// How an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{name, message}`, and `errors` with a 400: what Anypoint's clients read.
    Anypoint,
    /// A problem document (RFC 9457).
    Problem,
}

impl Shape {
    /// The shape of errors at a path, whether there is a route or not.
    pub(super) fn of(path: &str) -> Self {
        let anypoint = ["/secrets-manager/", "/accounts/", "/cli/"];
        if anypoint.iter().any(|prefix| path.starts_with(prefix)) {
            Self::Anypoint
        } else {
            Self::Problem
        }
    }

    /// The shape of errors of a request, wherever its route is nested.
    pub(super) fn of_parts(parts: &Parts) -> Self {
        let original = parts.extensions.get::<OriginalUri>();
        Self::of(original.map_or(&parts.uri, |OriginalUri(uri)| uri).path())
    }

    /// An error that needs no more than a code and a sentence.
    pub(super) fn answer(self, status: StatusCode, code: &'static str, message: &str) -> Response {
        match self {
            Self::Anypoint => anypoint(status, message, Evidence::Errors(Vec::new())),
            Self::Problem => Problem::new(status, code, message).into_response(),
        }
    }
}

/// What an error in Anypoint's shape lists.
pub(super) enum Evidence {
    /// Places of the request that are not right.
    Errors(Vec<Value>),
    /// Secrets that refer to the one that was to be deleted.
    Users(Vec<Value>),
}

/// An error in Anypoint's shape. Its command line fails over a 400 without the array.
pub(super) fn anypoint(status: StatusCode, message: &str, evidence: Evidence) -> Response {
    let name = status.canonical_reason().unwrap_or("Error");
    let document = match evidence {
        Evidence::Errors(errors) if status == StatusCode::BAD_REQUEST => {
            json!({ "name": name, "message": message, "errors": errors })
        }
        Evidence::Errors(_) => json!({ "name": name, "message": message }),
        Evidence::Users(users) => json!({ "name": name, "message": message, "users": users }),
    };
    (status, Json(document)).into_response()
}
