//! The protected header (RFC 7516 section 4).

use serde_json::{Map, Value};

use super::key_management::{Parameters, Wrapped, check_iterations};
use super::{JweError, KeyManagement, Label, Profile};
use crate::base64url;
use crate::strict_json::{Limits, object, parse_object, quoted};

const LIMITS: Limits = Limits {
    bytes: 4 * 1024,
    depth: 4,
    values: 64,
};

/// RFC 7518 section 4.8.1.1: eight octets at least; longer ones are work.
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

/// What of a header is looked at. Its algorithms are those of the profile.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) cty: Option<String>,
    pub(super) parameters: Parameters,
}

impl Header {
    /// Reads a header, still in base64url, and holds it against the profile.
    pub(super) fn read(protected: &str, profile: &Profile) -> Result<Self, JweError> {
        if protected.len() > LIMITS.bytes * 2 {
            let (found, max) = (protected.len(), LIMITS.bytes * 2);
            return Err(JweError::TooLong { found, max });
        }
        let text = base64url::decode(protected).ok_or(JweError::Base64)?;
        let members = parse_object(&text, LIMITS).map_err(JweError::Header)?;
        let is =
            |name: &str, wanted: &str| members.get(name).and_then(Value::as_str) == Some(wanted);
        if !is("alg", profile.key_management.name())
            || !is("enc", profile.content_encryption.name())
        {
            return Err(JweError::Algorithm);
        }
        if members.contains_key("crit") {
            return Err(JweError::Critical);
        }
        if members.contains_key("zip") {
            return Err(JweError::Compressed);
        }
        Ok(Self {
            kid: text_member(&members, "kid")?,
            typ: text_member(&members, "typ")?,
            cty: text_member(&members, "cty")?,
            parameters: parameters(&members, profile)?,
        })
    }
}

/// Writes a header.
pub(super) fn write(
    profile: &Profile,
    kid: Option<&str>,
    label: Label<'_>,
    wrapped: &Wrapped,
) -> String {
    let mut members = vec![
        ("alg", quoted(profile.key_management.name())),
        ("enc", quoted(profile.content_encryption.name())),
    ];
    members.extend(kid.map(|kid| ("kid", quoted(kid))));
    members.extend(label.typ.map(|typ| ("typ", quoted(typ))));
    members.extend(label.cty.map(|cty| ("cty", quoted(cty))));
    match &wrapped.parameters {
        Parameters::None => {}
        Parameters::Gcm { nonce, tag } => {
            members.push(("iv", quoted(&base64url::encode(nonce))));
            members.push(("tag", quoted(&base64url::encode(tag))));
        }
        Parameters::Password { salt, iterations } => {
            members.push(("p2s", quoted(&base64url::encode(salt))));
            members.push(("p2c", iterations.to_string()));
        }
    }
    object(&members)
}

fn parameters(members: &Map<String, Value>, profile: &Profile) -> Result<Parameters, JweError> {
    Ok(match profile.key_management {
        KeyManagement::Dir | KeyManagement::A128Kw | KeyManagement::A256Kw => Parameters::None,
        KeyManagement::A256GcmKw => Parameters::Gcm {
            nonce: bytes(members, "iv", 12..=12)?,
            tag: bytes(members, "tag", 16..=16)?,
        },
        KeyManagement::Pbes2Hs512A256Kw => {
            let found = members
                .get("p2c")
                .and_then(Value::as_u64)
                .ok_or(JweError::Parameter("p2c"))?;
            Parameters::Password {
                salt: bytes(members, "p2s", SALT_BYTES)?,
                iterations: check_iterations(found, profile.accepted_iterations.clone())?,
            }
        }
    })
}

fn bytes(
    members: &Map<String, Value>,
    name: &'static str,
    lengths: std::ops::RangeInclusive<usize>,
) -> Result<Vec<u8>, JweError> {
    members
        .get(name)
        .and_then(Value::as_str)
        .and_then(base64url::decode)
        .filter(|bytes| lengths.contains(&bytes.len()))
        .ok_or(JweError::Parameter(name))
}

fn text_member(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, JweError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JweError::Parameter(name)),
    }
}
