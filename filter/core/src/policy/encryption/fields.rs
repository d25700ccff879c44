//! Single values of a JSON document, each a message of its own. The text around them stays as it is.

use sallyport_message::json_field::{self, JsonFieldError, Pointer};
use sallyport_message::jwe::{Label, Serialization};
use zeroize::Zeroizing;

use super::{AbsentField, Keys, Unconverted, Way};
use crate::policy::keys::Version;

/// The document with all fields in their new form, and the oldest version that was needed.
pub(super) fn convert<'a>(
    keys: &Keys<'a>,
    body: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Version), Unconverted<'a>> {
    let document = std::str::from_utf8(body).map_err(|_| Unconverted::Theirs("json"))?;
    let mut document = Zeroizing::new(document.to_owned());
    let mut oldest = Version::Current;
    for field in &keys.encryption.fields {
        let Some(place) = json_field::find(&document, field)? else {
            match keys.encryption.absent {
                AbsentField::Pass => continue,
                AbsentField::Refuse => return Err(Unconverted::Theirs("field")),
            }
        };
        let value = document.get(place).unwrap_or_default();
        let value = match keys.encryption.way {
            Way::Encrypt => {
                let message = keys.encrypt(value.as_bytes(), Label::default())?;
                Zeroizing::new(match keys.encryption.profile.serialization {
                    Serialization::Compact => ["\"", &message, "\""].concat(),
                    Serialization::FlattenedJson => message,
                })
            }
            Way::Decrypt => {
                let message = match keys.encryption.profile.serialization {
                    Serialization::Compact => unquoted(value)?,
                    Serialization::FlattenedJson => value,
                };
                let (opened, version) = keys.decrypt(message)?;
                oldest = oldest.max(version);
                let text = std::str::from_utf8(&opened.plaintext);
                Zeroizing::new(text.map_err(|_| Unconverted::Theirs("json"))?.to_owned())
            }
        };
        document = put(&document, field, &value)?;
    }
    Ok((Zeroizing::new(document.as_bytes().to_vec()), oldest))
}

fn put(document: &str, field: &Pointer, value: &str) -> Result<Zeroizing<String>, JsonFieldError> {
    json_field::set(document, field, value).map(Zeroizing::new)
}

/// A compact message has nothing in it that JSON escapes.
fn unquoted(value: &str) -> Result<&str, Unconverted<'static>> {
    let text = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    text.ok_or(Unconverted::Theirs("syntax"))
}

impl From<JsonFieldError> for Unconverted<'_> {
    fn from(error: JsonFieldError) -> Self {
        Self::Theirs(match error {
            JsonFieldError::Pointer
            | JsonFieldError::Document(_)
            | JsonFieldError::Value(_)
            | JsonFieldError::Twice { .. } => "json",
            JsonFieldError::NoParent => "field",
        })
    }
}
