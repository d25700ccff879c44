//! `request`, `response`: how the bodies of messages are encrypted or decrypted.

use std::ops::RangeInclusive;

use sallyport_message::json_field::Pointer;
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Profile, Serialization};

use super::choice::SecretDocument;
use super::count;
use super::mode::ModeWord;
use super::object::object;
use super::reference::{SecretKind, secret, secrets};
use crate::config::{ConfigError, Fault};
use crate::mode::Mode;
use crate::policy::encryption::{AbsentField, Encryption, Way};
use crate::word::words;

pub(super) const MAX_FIELDS: usize = 32;

/// RFC 7518 section 4.8.1.2 names the least; each of the most is work that a sender can ask for.
pub(super) const ITERATIONS: RangeInclusive<usize> = 1_000..=100_000;
/// jwcrypto writes 8192.
pub(super) const DEFAULT_ITERATIONS: usize = 10_000;

/// What is done to bodies: one of both.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Message", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct MessageDocument {
    /// Plain bodies become JWE (RFC 7516).
    encrypt: Option<EncryptionDocument>,
    /// JWE become plain bodies.
    decrypt: Option<EncryptionDocument>,
}

object!(MessageDocument {
    encrypt = "encrypt";
    decrypt = "decrypt";
});

/// How bodies are encrypted or decrypted.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Encryption", rename_all = "camelCase", deny_unknown_fields)
)]
struct EncryptionDocument {
    /// `encrypt`: a `SymmetricKey`; for `PBES2-HS512+A256KW` any text; or a choice among such.
    secret: Option<SecretDocument>,
    /// `decrypt`: the same, any of them fits; or a choice among such lists. `@previous` may be absent.
    secrets: Option<SecretDocument>,
    /// `alg`: how the key of the content comes from the secret.
    key_management: Option<KeyManagementWord>,
    /// `enc`: how the content is encrypted.
    content_encryption: Option<ContentEncryptionWord>,
    /// The form of the message.
    serialization: Option<SerializationWord>,
    /// `PBES2-HS512+A256KW`: `p2c` of what is encrypted, the highest one that is decrypted.
    iterations: Option<usize>,
    /// JSON pointers (RFC 6901) of the values, each a message of its own; the whole body if empty.
    #[cfg_attr(test, schemars(default))]
    fields: Vec<String>,
    /// `fields`: whether a document without one of them is refused.
    absent: Option<AbsentWord>,
    /// `decrypt`: whether what cannot be decrypted is refused, or only counted and logged.
    mode: Option<ModeWord>,
}

object!(EncryptionDocument {
    secret = "secret";
    secrets = "secrets";
    key_management = "keyManagement";
    content_encryption = "contentEncryption";
    serialization = "serialization";
    iterations = "iterations";
    fields = "fields";
    absent = "absent";
    mode = "mode";
});

words! {
    #[derive(Clone, Copy)]
    enum KeyManagementWord {
        /// The secret is the key of the content.
        Dir = "dir",
        A128Kw = "A128KW",
        A256Kw = "A256KW",
        A256GcmKw = "A256GCMKW",
        /// With a password.
        Pbes2Hs512A256Kw = "PBES2-HS512+A256KW",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum ContentEncryptionWord {
        A128Gcm = "A128GCM",
        A256Gcm = "A256GCM",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum SerializationWord {
        Compact = "compact",
        FlattenedJson = "flattenedJson",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum AbsentWord {
        Refuse = "refuse",
        Pass = "pass",
    }
}

impl MessageDocument {
    pub(super) fn read(self, section: &str, max_bytes: usize) -> Result<Encryption, ConfigError> {
        match (self.encrypt, self.decrypt) {
            (Some(document), None) => {
                document.read(&format!("{section}/encrypt"), Way::Encrypt, max_bytes)
            }
            (None, Some(document)) => {
                document.read(&format!("{section}/decrypt"), Way::Decrypt, max_bytes)
            }
            _ => Err(ConfigError::at(section, Fault::OneWay)),
        }
    }
}

impl EncryptionDocument {
    fn read(self, section: &str, way: Way, max_bytes: usize) -> Result<Encryption, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let key_management = self.key_management.unwrap_or(KeyManagementWord::A256Kw);
        let key_management = KeyManagement::from(key_management);
        let password = key_management == KeyManagement::Pbes2Hs512A256Kw;
        let kind = match password {
            true => SecretKind::Text,
            false => SecretKind::Whole,
        };
        let (encrypts, whole) = (way == Way::Encrypt, self.fields.is_empty());
        let listed = self.secrets.filter(|secrets| !secrets.is_empty());
        let (one, list) = (self.secret.is_some(), listed.is_some());
        let (iterations, absent) = (self.iterations.is_some(), self.absent.is_some());
        for (field, misplaced, fault) in [
            ("secret", one && !encrypts, Fault::DecryptHasKeys),
            ("secrets", list && encrypts, Fault::EncryptHasOneKey),
            ("iterations", iterations && !password, Fault::NoIterations),
            ("absent", absent && whole, Fault::NeedsFields),
            (
                "mode",
                self.mode.is_some() && encrypts,
                Fault::AlwaysEnforced,
            ),
        ] {
            if misplaced {
                return Err(ConfigError::at(at(field), fault));
            }
        }
        let (named, given) = match encrypts {
            true => (at("secret"), self.secret),
            false => (at("secrets"), listed),
        };
        let Some(given) = given else {
            return Err(ConfigError::at(named, Fault::NoCurrentSecret));
        };
        let iterations = self.iterations.unwrap_or(DEFAULT_ITERATIONS);
        if !ITERATIONS.contains(&iterations) {
            return Err(ConfigError::at(at("iterations"), Fault::Iterations));
        }
        let iterations = u32::try_from(iterations).unwrap_or(u32::MAX);
        let profile = Profile::new(
            key_management,
            match self.content_encryption {
                Some(ContentEncryptionWord::A128Gcm) => ContentEncryption::A128Gcm,
                None | Some(ContentEncryptionWord::A256Gcm) => ContentEncryption::A256Gcm,
            },
        );
        let least = *profile.accepted_iterations.start();
        Ok(Encryption {
            way,
            secrets: given.read(&named, &|pointer, one| match encrypts {
                true => secret(pointer, &one.text(pointer)?, kind).map(|one| vec![one]),
                false => secrets(pointer, &one.texts(pointer)?, kind),
            })?,
            profile: Profile {
                serialization: match self.serialization {
                    None | Some(SerializationWord::Compact) => Serialization::Compact,
                    Some(SerializationWord::FlattenedJson) => Serialization::FlattenedJson,
                },
                iterations,
                accepted_iterations: least..=iterations,
                max_plaintext_bytes: max_bytes,
                ..profile
            },
            fields: fields(&at("fields"), &self.fields)?,
            absent: match self.absent {
                None | Some(AbsentWord::Refuse) => AbsentField::Refuse,
                Some(AbsentWord::Pass) => AbsentField::Pass,
            },
            mode: self.mode.map_or(Mode::Enforce, Mode::from),
        })
    }
}

fn fields(section: &str, texts: &[String]) -> Result<Vec<Pointer>, ConfigError> {
    count(section, texts, MAX_FIELDS)?;
    let mut fields: Vec<Pointer> = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let fault = |fault| ConfigError::at(format!("{section}/{index}"), fault);
        let field: Pointer = text.parse().map_err(|_| fault(Fault::Pointer))?;
        if text.is_empty() {
            return Err(fault(Fault::Pointer));
        }
        let mut others = fields.iter();
        if others.any(|other| other.covers(&field) || field.covers(other)) {
            return Err(fault(Fault::Overlap));
        }
        fields.push(field);
    }
    Ok(fields)
}

impl From<KeyManagementWord> for KeyManagement {
    fn from(word: KeyManagementWord) -> Self {
        match word {
            KeyManagementWord::Dir => Self::Dir,
            KeyManagementWord::A128Kw => Self::A128Kw,
            KeyManagementWord::A256Kw => Self::A256Kw,
            KeyManagementWord::A256GcmKw => Self::A256GcmKw,
            KeyManagementWord::Pbes2Hs512A256Kw => Self::Pbes2Hs512A256Kw,
        }
    }
}
