//! Shared secrets, the four types of the API.

use sallyport_model::{SecretName, SecretString, SharedSecret, symmetric_key_bytes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Manager;
use super::draft::Draft;
use super::expiry::given_date;
use super::key_length;
use super::limits::UploadLimits;
use super::metadata::Metadata;
use super::violation::{Problem, Violation};
use crate::payload::Payload;

/// The JSON body of a create or replace. Empty texts count as absent: clients send them for what
/// they were not told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SharedSecretUpload {
    name: SecretName,
    #[serde(rename = "type")]
    kind: SharedSecretType,
    expiration_date: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
    key: Option<SecretString>,
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    session_token: Option<SecretString>,
    content: Option<SecretString>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum SharedSecretType {
    UsernamePassword,
    SymmetricKey,
    S3Credential,
    Blob,
}

impl Manager {
    /// Checks an uploaded shared secret.
    pub fn shared_secret(upload: SharedSecretUpload) -> Result<Draft, Violation> {
        upload.refuse_fields_of_other_types()?;
        let expiration_date = given_date(upload.expiration_date)?;
        let mut warnings = Vec::new();
        let mut key_bytes = None;
        let (secret, shown) = match upload.kind {
            SharedSecretType::UsernamePassword => {
                username_password(upload.username, upload.password)?
            }
            SharedSecretType::SymmetricKey => {
                let (checked, bytes) = symmetric_key(upload.key)?;
                warnings.extend(key_length::warning("/key", bytes));
                key_bytes = Some(bytes);
                checked
            }
            SharedSecretType::S3Credential => s3_credential(
                upload.access_key_id,
                upload.secret_access_key,
                upload.session_token,
            )?,
            SharedSecretType::Blob => blob(upload.content)?,
        };
        Ok(Draft {
            name: upload.name,
            expiration_date,
            metadata: Metadata {
                key_bytes,
                ..Metadata::showing(shown)
            },
            payload: Payload::SharedSecret(secret),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

type Checked = (SharedSecret<SecretString>, Value);

fn username_password(
    username: Option<String>,
    password: Option<SecretString>,
) -> Result<Checked, Violation> {
    let username = public("/username", username)?;
    let password = secret("/password", password, UploadLimits::CREDENTIAL)?;
    let shown = json!({ "type": "UsernamePassword", "username": username });
    let secret = SharedSecret::UsernamePassword { username, password };
    Ok((secret, shown))
}

/// The key is kept as it was given; that it decodes is what was checked. With its length in bytes.
fn symmetric_key(key: Option<SecretString>) -> Result<(Checked, usize), Violation> {
    let key = key
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Violation::new("/key", Problem::Missing))?;
    let bytes = symmetric_key_bytes(key.expose()).map_err(|error| Violation::new("/key", error))?;
    let shown = json!({ "type": "SymmetricKey" });
    Ok(((SharedSecret::SymmetricKey { key }, shown), bytes.len()))
}

fn s3_credential(
    access_key_id: Option<String>,
    secret_access_key: Option<SecretString>,
    session_token: Option<SecretString>,
) -> Result<Checked, Violation> {
    let access_key_id = public("/accessKeyId", access_key_id)?;
    let secret_access_key = secret(
        "/secretAccessKey",
        secret_access_key,
        UploadLimits::CREDENTIAL,
    )?;
    let session_token = session_token.filter(|token| !token.is_empty());
    if let Some(token) = &session_token {
        let length = token.expose().len();
        within("/sessionToken", length, UploadLimits::SESSION_TOKEN)?;
    }
    let shown = json!({ "type": "S3Credential", "accessKeyId": access_key_id });
    let secret = SharedSecret::S3Credential {
        access_key_id,
        secret_access_key,
        session_token,
    };
    Ok((secret, shown))
}

fn blob(content: Option<SecretString>) -> Result<Checked, Violation> {
    let content = secret("/content", content, UploadLimits::BLOB)?;
    Ok((SharedSecret::Blob { content }, json!({ "type": "Blob" })))
}

fn public(place: &'static str, text: Option<String>) -> Result<String, Violation> {
    let text = text
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Violation::new(place, Problem::Missing))?;
    within(place, text.len(), UploadLimits::CREDENTIAL)?;
    Ok(text)
}

fn secret(
    place: &'static str,
    text: Option<SecretString>,
    limit: usize,
) -> Result<SecretString, Violation> {
    let text = text
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Violation::new(place, Problem::Missing))?;
    within(place, text.expose().len(), limit)?;
    Ok(text)
}

fn within(place: &'static str, length: usize, limit: usize) -> Result<(), Violation> {
    if length > limit {
        return Err(Violation::new(place, Problem::TooLarge { limit }));
    }
    Ok(())
}

impl SharedSecretUpload {
    fn refuse_fields_of_other_types(&self) -> Result<(), Violation> {
        use SharedSecretType::{Blob, S3Credential, SymmetricKey, UsernamePassword};
        let secret = |text: &Option<SecretString>| text.as_ref().is_some_and(|it| !it.is_empty());
        let public = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.is_empty());
        for (place, there, owner) in [
            ("/username", public(&self.username), UsernamePassword),
            ("/password", secret(&self.password), UsernamePassword),
            ("/key", secret(&self.key), SymmetricKey),
            ("/accessKeyId", public(&self.access_key_id), S3Credential),
            (
                "/secretAccessKey",
                secret(&self.secret_access_key),
                S3Credential,
            ),
            ("/sessionToken", secret(&self.session_token), S3Credential),
            ("/content", secret(&self.content), Blob),
        ] {
            if there && owner != self.kind {
                let (owner, this) = (owner.as_str(), self.kind.as_str());
                return Err(Violation::new(place, Problem::Misplaced { owner, this }));
            }
        }
        Ok(())
    }
}

impl SharedSecretType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::UsernamePassword => "UsernamePassword",
            Self::SymmetricKey => "SymmetricKey",
            Self::S3Credential => "S3Credential",
            Self::Blob => "Blob",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{refusal, upload};
    use super::*;

    fn check(body: Value) -> Result<Draft, Violation> {
        Manager::shared_secret(upload(body))
    }

    #[test]
    fn every_type_is_taken_as_clients_send_it() {
        for (body, shown) in [
            (
                json!({"type":"UsernamePassword","name":"x","expirationDate":"2027-01-01",
                       "username":"u","password":"p"}),
                json!({"type":"UsernamePassword","username":"u"}),
            ),
            (
                json!({"type":"SymmetricKey","name":"x","key":"c2VjcmV0"}),
                json!({"type":"SymmetricKey"}),
            ),
            (
                json!({"type":"S3Credential","name":"x","accessKeyId":"AKIA",
                       "secretAccessKey":"sss"}),
                json!({"type":"S3Credential","accessKeyId":"AKIA"}),
            ),
            (
                json!({"type":"S3Credential","name":"x","accessKeyId":"ASIA",
                       "secretAccessKey":"sss","sessionToken":"ttt"}),
                json!({"type":"S3Credential","accessKeyId":"ASIA"}),
            ),
            (
                json!({"type":"Blob","name":"x","content":"blob text, not base64!"}),
                json!({"type":"Blob"}),
            ),
            (
                json!({"type":"Blob","name":"x","content":"c","expirationDate":"","username":"",
                       "password":"","key":"","accessKeyId":null,"secretAccessKey":""}),
                json!({"type":"Blob"}),
            ),
        ] {
            let draft = check(body.clone()).unwrap();
            assert_eq!(Value::Object(draft.metadata.shown), shown, "{body}");
            let date = body["expirationDate"].as_str();
            assert_eq!(
                draft.expiration_date.as_deref(),
                date.filter(|date| !date.is_empty())
            );
        }
    }

    #[test]
    fn a_key_too_short_for_any_algorithm_is_stored_with_a_warning() {
        let warnings = |key: &str| {
            let body = json!({"type":"SymmetricKey","name":"x","key":key});
            check(body).unwrap().warnings().to_vec()
        };
        let [warning] = &warnings("c2VjcmV0")[..] else {
            panic!("one warning is expected");
        };
        assert!(warning.starts_with("/key: "), "{warning}");
        assert!(warning.contains("a key of 6 bytes") && !warning.contains("c2Vj"));
        assert_eq!(warnings(&format!("{}=", "A".repeat(43))), [""; 0]);
    }

    #[test]
    fn a_refusal_names_the_field() {
        let long = "x".repeat(UploadLimits::CREDENTIAL + 1);
        let blob = "x".repeat(UploadLimits::BLOB + 1);
        let token = "t".repeat(UploadLimits::SESSION_TOKEN + 1);
        let key = "AAAA".repeat(30_000);
        for (body, place, code) in [
            (
                json!({"type":"UsernamePassword","username":"u"}),
                "/password",
                "missing",
            ),
            (
                json!({"type":"UsernamePassword","username":"","password":"p"}),
                "/username",
                "missing",
            ),
            (
                json!({"type":"UsernamePassword","username":"u","password":long}),
                "/password",
                "too_large",
            ),
            (
                json!({"type":"UsernamePassword","username":"u","password":"p","key":"AAAA"}),
                "/key",
                "misplaced",
            ),
            (json!({"type":"SymmetricKey"}), "/key", "missing"),
            (
                json!({"type":"SymmetricKey","key":"not base64"}),
                "/key",
                "invalid_symmetric_key",
            ),
            (
                json!({"type":"SymmetricKey","key":key}),
                "/key",
                "invalid_symmetric_key",
            ),
            (
                json!({"type":"S3Credential","accessKeyId":"A"}),
                "/secretAccessKey",
                "missing",
            ),
            (
                json!({"type":"S3Credential","accessKeyId":"A","secretAccessKey":"s","content":"c"}),
                "/content",
                "misplaced",
            ),
            (
                json!({"type":"S3Credential","accessKeyId":"A","secretAccessKey":"s","sessionToken":token}),
                "/sessionToken",
                "too_large",
            ),
            (
                json!({"type":"Blob","content":"c","sessionToken":"t"}),
                "/sessionToken",
                "misplaced",
            ),
            (json!({"type":"Blob","content":""}), "/content", "missing"),
            (
                json!({"type":"Blob","content":blob}),
                "/content",
                "too_large",
            ),
            (
                json!({"type":"Blob","content":"c","accessKeyId":"A"}),
                "/accessKeyId",
                "misplaced",
            ),
            (
                json!({"type":"Blob","content":"c","expirationDate":"01/01/2027"}),
                "/expirationDate",
                "invalid_date",
            ),
        ] {
            let mut body = body;
            body["name"] = json!("x");
            let type_word = body["type"].clone();
            assert_eq!(
                refusal(check(body)),
                (place.to_owned(), code),
                "{type_word}"
            );
        }
    }
}
