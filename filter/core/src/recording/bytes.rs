//! Bytes in a recording: as text where they are readable, else in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Base64 { base64: String },
}

impl Written {
    fn new(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).ok();
        let is_readable = |text: &&str| {
            text.chars()
                .all(|char| !char.is_control() || char.is_whitespace())
        };
        match text.filter(is_readable) {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Base64 {
                base64: STANDARD.encode(bytes),
            },
        }
    }

    fn read<E: de::Error>(self) -> Result<Vec<u8>, E> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Base64 { base64 } => STANDARD.decode(base64).map_err(E::custom),
        }
    }
}

pub(super) fn serialize<B: AsRef<[u8]>, S: Serializer>(
    bytes: &B,
    to: S,
) -> Result<S::Ok, S::Error> {
    Written::new(bytes.as_ref()).serialize(to)
}

pub(super) fn deserialize<'de, B: From<Vec<u8>>, D: Deserializer<'de>>(
    from: D,
) -> Result<B, D::Error> {
    Ok(B::from(Written::deserialize(from)?.read()?))
}

/// Of what may be absent.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Written};

    pub(in crate::recording) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(Written::new).serialize(to)
    }

    pub(in crate::recording) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let written = Option::<Written>::deserialize(from)?;
        written.map(Written::read).transpose()
    }
}
