//! Shared secrets, the four types of the API.

use serde::{Deserialize, Serialize};

use crate::reference::Field;

/// A shared secret whose secret parts are of type `S`.
///
/// `S` is [`crate::SecretString`] wherever a value is held; only the Provider has a type that can
/// also be written to the wire.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum SharedSecret<S> {
    /// User name and password.
    UsernamePassword {
        /// Not secret: the API returns it.
        username: String,
        /// Secret.
        password: S,
    },
    /// A symmetric key.
    SymmetricKey {
        /// Base64, secret.
        key: S,
    },
    /// Credentials of an S3-compatible store.
    S3Credential {
        /// Not secret: the API returns it.
        access_key_id: String,
        /// Secret.
        secret_access_key: S,
        /// Secret, of temporary credentials: it belongs to this key and no other one.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_token: Option<S>,
    },
    /// Anything else, kept as given.
    Blob {
        /// Secret.
        content: S,
    },
}

impl<S> SharedSecret<S> {
    /// The type word of the API.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::UsernamePassword { .. } => "UsernamePassword",
            Self::SymmetricKey { .. } => "SymmetricKey",
            Self::S3Credential { .. } => "S3Credential",
            Self::Blob { .. } => "Blob",
        }
    }

    /// The fields a reference may name with `#field`.
    pub const fn field_names(&self) -> &'static [&'static str] {
        match self {
            Self::UsernamePassword { .. } => &["username", "password"],
            Self::SymmetricKey { .. } => &["key"],
            Self::S3Credential { .. } => &["accessKeyId", "secretAccessKey", "sessionToken"],
            Self::Blob { .. } => &["content"],
        }
    }

    /// One field as a secret; `plain` wraps those that are not secret themselves. `None` if the
    /// type has no such field, or this secret has none.
    pub fn into_field(self, field: &Field, plain: impl FnOnce(String) -> S) -> Option<S> {
        match (self, field.as_str()) {
            (Self::UsernamePassword { username, .. }, "username") => Some(plain(username)),
            (Self::UsernamePassword { password, .. }, "password") => Some(password),
            (Self::SymmetricKey { key }, "key") => Some(key),
            (Self::S3Credential { access_key_id, .. }, "accessKeyId") => Some(plain(access_key_id)),
            (
                Self::S3Credential {
                    secret_access_key, ..
                },
                "secretAccessKey",
            ) => Some(secret_access_key),
            (Self::S3Credential { session_token, .. }, "sessionToken") => session_token,
            (Self::Blob { content }, "content") => Some(content),
            _ => None,
        }
    }

    /// The same secret with its secret parts converted.
    pub fn map<T>(self, mut convert: impl FnMut(S) -> T) -> SharedSecret<T> {
        match self {
            Self::UsernamePassword { username, password } => SharedSecret::UsernamePassword {
                username,
                password: convert(password),
            },
            Self::SymmetricKey { key } => SharedSecret::SymmetricKey { key: convert(key) },
            Self::S3Credential {
                access_key_id,
                secret_access_key,
                session_token,
            } => SharedSecret::S3Credential {
                access_key_id,
                secret_access_key: convert(secret_access_key),
                session_token: session_token.map(convert),
            },
            Self::Blob { content } => SharedSecret::Blob {
                content: convert(content),
            },
        }
    }
}
