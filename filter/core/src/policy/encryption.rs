//! Bodies that are encrypted or decrypted, whole or field by field (JWE, RFC 7516), with shared secrets of
//! the vault.

mod fields;

use sallyport_message::Key;
use sallyport_message::json_field::Pointer;
use sallyport_message::jwe::{
    Decrypted, JweError, KeyManagement, Label, Profile, RANDOM_BYTES, Serialization,
};
use sallyport_model::{Reference, VersionSelector};
use zeroize::Zeroizing;

use super::keys::{self, Found, Missing, Version};
use crate::choice::Pick;
use crate::mode::Mode;
use crate::reason::Reason;
use crate::usable::{Age, Usable};

/// Fills bytes with what nobody can foretell; whether it could.
pub type Random = fn(&mut [u8]) -> bool;

/// Longest `cty` that becomes a `content-type`, in bytes.
const MAX_MEDIA_TYPE: usize = 256;

/// What is done to the bodies of requests, or of responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// Which way.
    pub way: Way,
    /// The key of what is encrypted; keys of what is decrypted, any of which fits.
    pub secrets: Pick<Vec<Reference>>,
    /// Algorithms, form and sizes.
    pub profile: Profile,
    /// Values of a JSON document; the whole body if there are none.
    pub fields: Vec<Pointer>,
    /// What happens to a document without one of the fields.
    pub absent: AbsentField,
    /// Whether what cannot be decrypted is refused. What cannot be encrypted always is.
    pub mode: Mode,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Plain bodies become messages that only holders of the key can read.
    Encrypt,
    /// The other way round.
    Decrypt,
}

/// What happens to a document without one of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentField {
    /// It is refused: a misspelt pointer would let everything pass as it is.
    #[default]
    Refuse,
    /// The other fields are converted.
    Pass,
}

/// A body in its new form.
pub(crate) struct Converted {
    pub(crate) body: Zeroizing<Vec<u8>>,
    /// The new `content-type`; it stays as it is if there is none.
    pub(crate) media_type: Option<String>,
    /// Of the key.
    pub(crate) version: Version,
    pub(crate) age: Age,
}

/// Why there is no new form.
#[derive(Debug)]
pub(crate) enum Unconverted<'a> {
    /// A secret is not at hand or does not fit, or there is no randomness.
    Ours(&'a Reference, Reason),
    /// The body, in a word for the log.
    Theirs(&'static str),
}

/// Keys at hand, and how many messages one body takes.
struct Keys<'a> {
    encryption: &'a Encryption,
    secrets: &'a [Reference],
    keys: Vec<Key>,
    /// Of each of them.
    versions: Vec<Version>,
    random: Random,
}

impl Encryption {
    /// The references of all secrets.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.secrets.all().flatten()
    }

    /// The body in its new form, with these of the secrets. `media_type` is what is said of it.
    pub(crate) fn convert<'a>(
        &'a self,
        secrets: &'a [Reference],
        usable: Usable<'a>,
        media_type: Option<&[u8]>,
        body: &[u8],
        random: Random,
    ) -> Result<Converted, Unconverted<'a>> {
        let (found, age) = keys::find(secrets, usable)?;
        let (found, keys) = keys::fitting(found, |one| self.key(one, usable))?;
        let keys = Keys {
            encryption: self,
            secrets,
            keys,
            versions: found.iter().map(|one| one.version).collect(),
            random,
        };
        let (body, new_type, version) = match (self.fields.is_empty(), self.way) {
            (true, Way::Encrypt) => {
                let media_type = media_type.and_then(|text| std::str::from_utf8(text).ok());
                let label = Label {
                    typ: None,
                    cty: media_type.map(without_application),
                };
                let sealed = keys.encrypt(body, label)?;
                let body = Zeroizing::new(sealed.into_bytes());
                (body, Some(self.media_type().to_owned()), Version::Current)
            }
            (true, Way::Decrypt) => {
                let message = std::str::from_utf8(body);
                let message = message.map_err(|_| Unconverted::Theirs("syntax"))?;
                // A file often ends with a new line.
                let (opened, version) = keys.decrypt(message.trim_ascii())?;
                (opened.plaintext, Some(named_type(opened.cty)?), version)
            }
            (false, _) => {
                let (document, version) = fields::convert(&keys, body)?;
                (document, None, version)
            }
        };
        Ok(Converted {
            body,
            media_type: new_type,
            version,
            age,
        })
    }

    fn key<'a>(&self, one: &Found<'a>, usable: Usable<'a>) -> Result<Key, Missing<'a>> {
        let key = match self.profile.key_management {
            KeyManagement::Pbes2Hs512A256Kw => Key::text(one.text()?),
            _ => one.key()?,
        };
        let fits = self.profile.check_key(&key);
        fits.map_err(|_| one.unusable())?;
        Ok(match usable.snapshot.edition(one.reference) {
            Some(edition) => key.with_id(key_id(one.reference, edition.version)),
            None => key,
        })
    }

    /// RFC 7515 section 9.2.1 and 9.2.2; RFC 7516 has the same.
    pub(crate) const fn media_type(&self) -> &'static str {
        match self.profile.serialization {
            Serialization::Compact => "application/jose",
            Serialization::FlattenedJson => "application/jose+json",
        }
    }
}

impl<'a> Keys<'a> {
    fn encrypt(&self, plaintext: &[u8], label: Label<'_>) -> Result<String, Unconverted<'a>> {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
        let drawn = (self.random)(bytes.as_mut_slice());
        match (self.keys.first(), self.secrets.first()) {
            (Some(key), Some(secret)) => match drawn {
                true => Ok(self
                    .encryption
                    .profile
                    .encrypt(plaintext, label, key, &bytes)?),
                false => Err(Unconverted::Ours(secret, Reason::Internal)),
            },
            // There is one secret, and it is not a previous one.
            _ => Err(Unconverted::Theirs("kid")),
        }
    }

    fn decrypt(&self, message: &str) -> Result<(Decrypted, Version), Unconverted<'a>> {
        let opened = self.encryption.profile.decrypt(message, &self.keys)?;
        let version = self.versions.get(opened.key).copied();
        Ok((opened, version.unwrap_or(Version::Current)))
    }
}

/// The `content-type` of what `cty` is said of.
fn named_type(cty: Option<String>) -> Result<String, Unconverted<'static>> {
    match cty {
        None => Ok("application/octet-stream".to_owned()),
        Some(cty) if !is_media_type(&cty) => Err(Unconverted::Theirs("cty")),
        Some(cty) if cty.contains('/') => Ok(cty),
        Some(cty) => Ok(["application/", &cty].concat()),
    }
}

/// `kid`: the reference to exactly this version.
fn key_id(reference: &Reference, number: u64) -> String {
    let version = Some(VersionSelector::Number(number));
    Reference {
        version,
        ..reference.clone()
    }
    .to_string()
}

/// RFC 7516 section 4.1.12: `application/` is left out where no other slash follows.
fn without_application(media_type: &str) -> &str {
    let rest = media_type.strip_prefix("application/");
    rest.filter(|rest| !rest.contains('/'))
        .unwrap_or(media_type)
}

/// It becomes a header: printable, and not too long.
fn is_media_type(text: &str) -> bool {
    (1..=MAX_MEDIA_TYPE).contains(&text.len())
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

impl<'a> From<Missing<'a>> for Unconverted<'a> {
    fn from((reference, reason): Missing<'a>) -> Self {
        Self::Ours(reference, reason)
    }
}

impl From<JweError> for Unconverted<'_> {
    fn from(error: JweError) -> Self {
        Self::Theirs(match error {
            JweError::TooLong { .. } | JweError::Parts | JweError::Base64 | JweError::Header(_) => {
                "syntax"
            }
            JweError::Algorithm => "algorithm",
            JweError::Critical => "crit",
            JweError::Compressed => "zip",
            JweError::Parameter(name) => name,
            JweError::Iterations { .. } => "p2c",
            // Keys are looked at before.
            JweError::KeyLength { .. } | JweError::NoKey => "kid",
            JweError::Authentication => "authentication",
        })
    }
}
