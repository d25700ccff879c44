//! From what was found to the secret that Envoy reads.

use prost::Message as _;
use prost::bytes::Bytes;
use sallyport_model::{
    Collection, Der, Field, Material, Refusal, SecretString, SharedSecret, TlsContextMaterial,
    symmetric_key_bytes,
};
use sallyport_pki::{export_certificates_pem, export_key_pem};
use thiserror::Error;
use tracing::warn;
use zeroize::Zeroizing;

use super::Sds;
use super::look::{Entry, Looked};
use super::name::Part;
use super::validation::{Inexpressible, validation_context};
use super::wire::{DataSource, GenericSecret, Secret, SessionTicketKeys, TlsCertificate};
use crate::payload::{KeystorePayload, Payload};
use crate::provider::ProviderError;
use crate::provider::export::{StoredError, read_keystore};
use crate::provider::locate::{Found, Located};
use crate::provider::prepare::PrepareError;

/// Length of a session ticket key, in bytes: Envoy accepts no other.
const TICKET_KEY: usize = 80;

/// Most of them.
const MAX_TICKET_KEYS: usize = 16;

/// What came of a name.
#[derive(Clone)]
pub(super) enum Made {
    /// It goes out.
    Given {
        /// Version of the secret that the name refers to.
        version: u64,
        /// Without its name: all who ask for it may call it something else.
        secret: Box<Secret>,
    },
    /// It does not.
    Withheld {
        /// Stable, for the audit log.
        reason: &'static str,
        /// Whether something is wrong with the vault rather than with the request.
        failed: bool,
        /// For people.
        detail: String,
    },
}

/// Why there is no secret for Envoy.
#[derive(Debug, Error)]
enum Unfit {
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error("the TLS context has no keystore")]
    NoKeystore,
    #[error(transparent)]
    Stored(#[from] StoredError),
    #[error(transparent)]
    Validation(#[from] Inexpressible),
    #[error("the shared secret has several fields; name one of them: {}", .names.join(", "))]
    SeveralFields { names: &'static [&'static str] },
    #[error("the value is empty, and Envoy takes no empty one")]
    Empty,
    #[error(
        "session ticket keys are a SymmetricKey of 1 to {MAX_TICKET_KEYS} times {TICKET_KEY} bytes, \
         the first of which encrypts"
    )]
    TicketKeys,
}

impl Unfit {
    /// The word in the audit log, and whether it is the vault that failed.
    const fn reason(&self) -> (&'static str, bool) {
        match self {
            Self::Validation(_) => ("not_expressible", false),
            Self::NoKeystore
            | Self::SeveralFields { .. }
            | Self::Prepare(PrepareError::NoField) => (Refusal::NotFound.as_str(), false),
            Self::Empty | Self::TicketKeys => (Refusal::NotServed.as_str(), false),
            _ => (Refusal::Unavailable.as_str(), true),
        }
    }
}

/// The bytes of a response's secret, zeroed when they are sent.
pub(super) fn encoded(mut secret: Secret, name: &str) -> Bytes {
    secret.name = name.to_owned();
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret.encoded_len()));
    secret.encode_raw(&mut *bytes);
    Bytes::from_owner(bytes)
}

impl Sds {
    /// Makes what a name stands for.
    pub(super) async fn make(&self, looked: &Looked) -> Result<Made, ProviderError> {
        let entry = match looked {
            Looked::Known(entry) => entry,
            Looked::Refused { reason, detail } => return Ok(withheld(*reason, detail)),
        };
        match &entry.placed.located {
            Located::Refused { reason, detail } => Ok(withheld(*reason, detail)),
            Located::Withdrawn => Ok(Made::Withheld {
                reason: "withdrawn",
                failed: false,
                detail: "it was deleted".to_owned(),
            }),
            Located::Found(found) => match entry.name.part {
                Part::Validation(_) => {
                    let made = entry.made.get_or_try_init(|| self.open(entry, found)).await;
                    made.cloned()
                }
                _ => self.open(entry, found).await,
            },
        }
    }

    async fn open(&self, entry: &Entry, found: &Found) -> Result<Made, ProviderError> {
        match self.secret(&entry.name.part, found).await {
            Ok(secret) => Ok(Made::Given {
                version: found.version.number,
                secret: Box::new(secret),
            }),
            Err(Unfit::Prepare(PrepareError::Store(error))) => Err(error.into()),
            Err(cause) => {
                warn!(reference = %found.reference, %cause, "a stored secret is not served to Envoy");
                let (reason, failed) = cause.reason();
                Ok(Made::Withheld {
                    reason,
                    failed,
                    detail: cause.to_string(),
                })
            }
        }
    }

    async fn secret(&self, part: &Part, found: &Found) -> Result<Secret, Unfit> {
        let mut secret = Secret::default();
        match part {
            Part::Certificate => secret.tls_certificate = Some(self.certificate(found).await?),
            Part::Validation(strength) => {
                let material = self.context(found).await?;
                let signed = self.signed_lists(found).await?;
                secret.validation_context =
                    Some(validation_context(&material, *strength, &signed)?);
            }
            Part::Value(field) => {
                let value = self.shared_secret(found).await?;
                secret.generic_secret = Some(generic(value, field.as_ref())?);
            }
            Part::SessionTicketKeys => {
                let value = self.shared_secret(found).await?;
                secret.session_ticket_keys = Some(ticket_keys(&value)?);
            }
        }
        Ok(secret)
    }

    async fn certificate(&self, found: &Found) -> Result<TlsCertificate, Unfit> {
        let context = self.payload(found).await?;
        let id = match context {
            Payload::TlsContext(context) => context.keystore,
            Payload::MuleTlsContext(context) => context.keystore,
            Payload::SecurityFabricTlsContext(context) => context.keystore,
            _ => return Err(kind("TLS context")),
        };
        let id = id.ok_or(Unfit::NoKeystore)?;
        match self
            .provider
            .referred(found, Collection::Keystores, id)
            .await?
        {
            Payload::Keystore(keystore) => tls_certificate(&keystore),
            _ => Err(kind("keystore")),
        }
    }

    async fn context(&self, found: &Found) -> Result<TlsContextMaterial, Unfit> {
        match self.provider.material(found).await? {
            Material::TlsContext(context) => Ok(context),
            _ => Err(kind("TLS context")),
        }
    }

    /// The CRLs as they were signed, of the distributor that the context refers to.
    async fn signed_lists(&self, found: &Found) -> Result<Vec<Der>, Unfit> {
        let Some((distributor, _)) = found.editions.first() else {
            return Ok(Vec::new());
        };
        let signed = self.provider.store.signed_lists(*distributor).await;
        match signed.map_err(PrepareError::Store)? {
            Some(json) => serde_json::from_slice(&json).map_err(|_| PrepareError::Payload.into()),
            None => Ok(Vec::new()),
        }
    }

    async fn shared_secret(&self, found: &Found) -> Result<SharedSecret<SecretString>, Unfit> {
        match self.payload(found).await? {
            Payload::SharedSecret(secret) => Ok(secret),
            _ => Err(kind("shared secret")),
        }
    }

    async fn payload(&self, found: &Found) -> Result<Payload<SecretString>, Unfit> {
        let (group, secret, version) = (&found.group, &found.secret, &found.version);
        Ok(self.provider.open(group, secret, version).await?)
    }
}

const fn kind(expected: &'static str) -> Unfit {
    Unfit::Prepare(PrepareError::Kind { expected })
}

fn withheld(reason: Refusal, detail: &str) -> Made {
    Made::Withheld {
        reason: reason.as_str(),
        failed: reason == Refusal::Unavailable,
        detail: detail.to_owned(),
    }
}

fn tls_certificate(keystore: &KeystorePayload<SecretString>) -> Result<TlsCertificate, Unfit> {
    let (chain, key) = read_keystore(keystore)?;
    let certificates = export_certificates_pem(&chain).map_err(StoredError::Export)?;
    Ok(TlsCertificate {
        private_key: Some(secret_bytes(
            export_key_pem(&chain, &key).map_err(StoredError::Export)?,
        )),
        certificate_chain: Some(DataSource {
            inline_bytes: certificates.into(),
        }),
    })
}

/// Without a field, the one value there is; of a symmetric key, its bytes.
fn generic(
    secret: SharedSecret<SecretString>,
    field: Option<&Field>,
) -> Result<GenericSecret, Unfit> {
    let value = match (secret, field) {
        (secret, Some(field)) => {
            let value = secret.into_field(field, SecretString::new);
            text(&value.ok_or(PrepareError::NoField)?)
        }
        (SharedSecret::Blob { content }, None) => text(&content),
        (SharedSecret::SymmetricKey { key }, None) => {
            symmetric_key_bytes(key.expose()).map_err(|_| StoredError::KeyEncoding)?
        }
        (several, None) => {
            let names = several.field_names();
            return Err(Unfit::SeveralFields { names });
        }
    };
    if value.is_empty() {
        return Err(Unfit::Empty);
    }
    Ok(GenericSecret {
        secret: Some(secret_bytes(value)),
    })
}

fn ticket_keys(secret: &SharedSecret<SecretString>) -> Result<SessionTicketKeys, Unfit> {
    let SharedSecret::SymmetricKey { key } = secret else {
        return Err(Unfit::TicketKeys);
    };
    let bytes = symmetric_key_bytes(key.expose()).map_err(|_| StoredError::KeyEncoding)?;
    let keys = bytes.chunks_exact(TICKET_KEY);
    if !keys.remainder().is_empty() || !(1..=MAX_TICKET_KEYS).contains(&keys.len()) {
        return Err(Unfit::TicketKeys);
    }
    let keys = keys.map(|key| secret_bytes(Zeroizing::new(key.to_vec())));
    Ok(SessionTicketKeys {
        keys: keys.collect(),
    })
}

fn text(value: &SecretString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(value.expose().as_bytes().to_vec())
}

/// Bytes that are zeroed when the last reference to them is gone.
fn secret_bytes<T: AsRef<[u8]> + Send + 'static>(bytes: T) -> DataSource {
    DataSource {
        inline_bytes: Bytes::from_owner(bytes),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn shared(json: &str) -> SharedSecret<SecretString> {
        serde_json::from_str(json).unwrap()
    }

    fn value(secret: &str, field: Option<&str>) -> Result<Vec<u8>, String> {
        let field = field.map(|field| field.parse().unwrap());
        match generic(shared(secret), field.as_ref()) {
            Ok(generic) => Ok(generic.secret.unwrap().inline_bytes.to_vec()),
            Err(unfit) => Err(unfit.to_string()),
        }
    }

    #[test]
    fn a_generic_secret_is_one_value() {
        let password = r#"{"usernamePassword":{"username":"u","password":"p"}}"#;
        let key = r#"{"symmetricKey":{"key":"AAEC"}}"#;
        assert_eq!(value(password, Some("password")), Ok(b"p".to_vec()));
        assert_eq!(value(key, None), Ok(vec![0, 1, 2]));
        assert_eq!(value(key, Some("key")), Ok(b"AAEC".to_vec()));
        assert_eq!(
            value(r#"{"blob":{"content":"text"}}"#, None),
            Ok(b"text".to_vec())
        );
        let several = value(password, None).unwrap_err();
        assert!(several.contains("username, password"), "{several}");
        assert!(value(password, Some("key")).is_err());
        assert!(value(r#"{"blob":{"content":""}}"#, None).is_err());
    }

    #[test]
    fn session_ticket_keys_are_eighty_bytes_each() {
        let keys = |length: usize| {
            let key = STANDARD.encode(vec![7; length]);
            let secret = shared(&format!(r#"{{"symmetricKey":{{"key":"{key}"}}}}"#));
            ticket_keys(&secret).map(|keys| keys.keys.len()).ok()
        };
        assert_eq!(
            [79, 80, 81, 160, 1280, 1360].map(keys),
            [None, Some(1), None, Some(2), Some(16), None]
        );
        assert!(ticket_keys(&shared(r#"{"blob":{"content":"AAEC"}}"#)).is_err());
    }
}
