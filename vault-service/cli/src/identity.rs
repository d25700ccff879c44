//! Who talks to the vault, and how a token is asked for.

use sallyport_model::SecretString;
use serde::{Deserialize, Serialize};

use crate::profile::exposed;
use crate::request::{Fields, Request};

/// Where connected apps get tokens.
pub(crate) const TOKEN_PATH: &str = "/accounts/api/v2/oauth2/token";
/// Where users log in.
pub(crate) const LOGIN_PATH: &str = "/accounts/login";

/// An actor at the outer door.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Identity {
    /// A connected app; its secret is kept, so that tokens can be renewed.
    #[serde(rename_all = "camelCase")]
    App {
        client_id: String,
        #[serde(serialize_with = "exposed")]
        client_secret: SecretString,
    },
    /// A user; the password is not kept, a new token needs a new login.
    User { username: String },
}

/// What a token is asked for with.
pub(crate) enum Credentials<'a> {
    /// Client id and secret.
    App(&'a str, &'a SecretString),
    /// User name and password.
    User(&'a str, &'a SecretString),
}

/// The answer of [`TOKEN_PATH`] and [`LOGIN_PATH`].
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: SecretString,
    /// Seconds.
    pub(crate) expires_in: Option<u64>,
}

impl Identity {
    /// Whether both are the same actor.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::App { client_id: a, .. }, Self::App { client_id: b, .. })
            | (Self::User { username: a }, Self::User { username: b }) => a == b,
            _ => false,
        }
    }
}

impl Credentials<'_> {
    /// The request for a token.
    pub(crate) fn request(&self) -> Request {
        match *self {
            Self::App(id, secret) => Request::post(
                TOKEN_PATH.to_owned(),
                Fields::default()
                    .plain("client_id", id)
                    .secret("client_secret", secret.clone())
                    .plain("grant_type", "client_credentials"),
            ),
            Self::User(username, password) => Request::post(
                LOGIN_PATH.to_owned(),
                Fields::default()
                    .plain("username", username)
                    .secret("password", password.clone()),
            ),
        }
    }
}
