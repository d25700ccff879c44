//! Compact and flattened JSON (RFC 7516 sections 7.1 and 7.2.2).

use serde_json::Value;

use super::{JweError, Serialization};
use crate::base64url;
use crate::strict_json::{Limits, object, parse_object, quoted};

/// The parts of a message.
pub(super) struct Parts {
    /// As it stands in the message: what is authenticated.
    pub(super) protected: String,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
    /// `aad` of the JSON form, as it stands in the message.
    pub(super) additional: Option<String>,
}

impl Parts {
    pub(super) fn read(
        message: &str,
        serialization: Serialization,
        max_bytes: usize,
    ) -> Result<Self, JweError> {
        match serialization {
            Serialization::Compact => Self::read_compact(message),
            Serialization::FlattenedJson => Self::read_json(message, max_bytes),
        }
    }

    fn read_compact(message: &str) -> Result<Self, JweError> {
        let mut parts = message.splitn(6, '.');
        let mut part = || parts.next().ok_or(JweError::Parts);
        let (protected, key, nonce, ciphertext, tag) =
            (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(JweError::Parts);
        }
        Ok(Self {
            protected: protected.to_owned(),
            encrypted_key: decode(key)?,
            nonce: decode(nonce)?,
            ciphertext: decode(ciphertext)?,
            tag: decode(tag)?,
            additional: None,
        })
    }

    /// Members that nothing protects, `unprotected` and `header`, are refused, as are several
    /// recipients.
    fn read_json(message: &str, max_bytes: usize) -> Result<Self, JweError> {
        let limits = Limits {
            bytes: max_bytes,
            depth: 1,
            values: 8,
        };
        let members = parse_object(message.as_bytes(), limits).map_err(JweError::Header)?;
        let mut known = 0;
        let mut text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                known += 1;
                Ok(Some(text.as_str()))
            }
            Some(_) => Err(JweError::Parts),
        };
        let parts = Self {
            protected: text("protected")?.ok_or(JweError::Parts)?.to_owned(),
            encrypted_key: decode(text("encrypted_key")?.unwrap_or_default())?,
            nonce: decode(text("iv")?.ok_or(JweError::Parts)?)?,
            ciphertext: decode(text("ciphertext")?.ok_or(JweError::Parts)?)?,
            tag: decode(text("tag")?.ok_or(JweError::Parts)?)?,
            additional: text("aad")?.map(str::to_owned),
        };
        match known == members.len() {
            true => Ok(parts),
            false => Err(JweError::Parts),
        }
    }

    /// What is authenticated beside the content (section 5.1, step 14).
    pub(super) fn authenticated(&self) -> String {
        match &self.additional {
            None => self.protected.clone(),
            Some(additional) => format!("{}.{additional}", self.protected),
        }
    }

    pub(super) fn write(&self, serialization: Serialization) -> String {
        let (key, nonce, ciphertext, tag) = (
            base64url::encode(&self.encrypted_key),
            base64url::encode(&self.nonce),
            base64url::encode(&self.ciphertext),
            base64url::encode(&self.tag),
        );
        match serialization {
            Serialization::Compact => [&self.protected, &key, &nonce, &ciphertext, &tag]
                .map(String::as_str)
                .join("."),
            Serialization::FlattenedJson => {
                let mut members = vec![("protected", quoted(&self.protected))];
                // Absent where it is empty (section 7.2.1).
                if !key.is_empty() {
                    members.push(("encrypted_key", quoted(&key)));
                }
                members.push(("iv", quoted(&nonce)));
                members.push(("ciphertext", quoted(&ciphertext)));
                members.push(("tag", quoted(&tag)));
                object(&members)
            }
        }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, JweError> {
    base64url::decode(part).ok_or(JweError::Base64)
}
