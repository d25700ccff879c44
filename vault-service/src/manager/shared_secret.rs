//! Shared secrets. `UsernamePassword` in this version.

use sallyport_model::{SecretName, SecretString, SharedSecret};
use serde::Deserialize;
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::metadata::Metadata;
use crate::clock;
use crate::payload::Payload;

/// Longest user name or password, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// The JSON body of a create or replace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SharedSecretUpload {
    name: SecretName,
    #[serde(rename = "type")]
    kind: SharedSecretType,
    expiration_date: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
}

#[derive(Clone, Copy, Deserialize)]
enum SharedSecretType {
    UsernamePassword,
    SymmetricKey,
    S3Credential,
    Blob,
}

impl Manager {
    /// Checks an uploaded shared secret.
    pub fn shared_secret(upload: SharedSecretUpload) -> Result<Draft, Violation> {
        match upload.kind {
            SharedSecretType::UsernamePassword => {}
            SharedSecretType::SymmetricKey
            | SharedSecretType::S3Credential
            | SharedSecretType::Blob => {
                let supported = "UsernamePassword";
                return Err(Violation::new("/type", Problem::Unsupported { supported }));
            }
        }
        if upload
            .expiration_date
            .as_deref()
            .is_some_and(|date| !clock::is_date(date))
        {
            return Err(Violation::new("/expirationDate", Problem::Date));
        }
        let username = upload
            .username
            .filter(|username| !username.is_empty())
            .ok_or_else(|| Violation::new("/username", Problem::Missing))?;
        let password = upload
            .password
            .filter(|password| !password.is_empty())
            .ok_or_else(|| Violation::new("/password", Problem::Missing))?;
        for (place, length) in [
            ("/username", username.len()),
            ("/password", password.expose().len()),
        ] {
            if length > MAX_LENGTH {
                return Err(Violation::new(
                    place,
                    Problem::TooLarge { limit: MAX_LENGTH },
                ));
            }
        }
        Ok(Draft {
            name: upload.name,
            expiration_date: upload.expiration_date,
            metadata: Metadata::showing(
                json!({ "type": "UsernamePassword", "username": username }),
            ),
            payload: Payload::SharedSecret(SharedSecret::UsernamePassword { username, password }),
            refers_to: Vec::new(),
        })
    }
}
