//! From a shared secret to the value of a header: the one room of the filter that handles
//! plaintext. Everything made here is zeroed when dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_message::text_at;
use sallyport_model::{Reference, SecretString, SharedSecret, TemplatePart};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::config::{InjectionPlace, InjectionValue};
use crate::material::Prepared;
use crate::reason::Reason;
use crate::usable::Usable;

/// Longest value, in bytes: Envoy's default limit for all headers together is 60 KiB.
const MAX_BYTES: usize = 32 * 1024;

/// Why there is no value. Says which reference, never what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum InjectError<'a> {
    /// The secret is not at hand.
    #[error("{reference}")]
    Unusable {
        /// Which.
        reference: &'a Reference,
        /// Why.
        reason: Reason,
    },
    /// The secret is of another type.
    #[error("{reference} is not of the type that is needed here")]
    Type {
        /// Which.
        reference: &'a Reference,
    },
    /// RFC 7617 section 2: such a user name would end at the colon.
    #[error("the user name of {reference} contains a colon")]
    Colon {
        /// Which.
        reference: &'a Reference,
    },
    /// RFC 9110 section 5.5, RFC 7617 section 2: control characters could end the header.
    #[error("{reference} contains a control character")]
    Control {
        /// Which.
        reference: &'a Reference,
    },
    /// RFC 6265 section 4.1.1: such a character could end the cookie.
    #[error("the value has a character that no cookie can have")]
    Cookie,
    /// Not a JSON document, or no text or number at the pointer.
    #[error("{reference} has no text or number at its pointer")]
    Pointer {
        /// Which.
        reference: &'a Reference,
    },
    /// Nothing would be injected.
    #[error("{reference} is empty")]
    Empty {
        /// Which.
        reference: &'a Reference,
    },
    /// Longer than a header may be.
    #[error("the value has more than {MAX_BYTES} bytes")]
    TooLong,
}

/// Makes the value from what may be used.
pub(crate) fn render<'a>(
    place: &InjectionPlace,
    value: &'a InjectionValue,
    usable: Usable<'a>,
) -> Result<SecretString, InjectError<'a>> {
    let rendered = match value {
        InjectionValue::Basic(reference) => basic(reference, usable)?,
        InjectionValue::Secret {
            prefix,
            secret,
            pointer,
        } => {
            let text = text(secret, usable)?;
            let found = match pointer {
                None => None,
                Some(pointer) => Some(member(secret, text, pointer)?),
            };
            let value = found.as_ref().map_or(text, SecretString::expose);
            check(secret, value)?;
            if value.is_empty() {
                return Err(InjectError::Empty { reference: secret });
            }
            concat(&[prefix, value])
        }
        InjectionValue::Template(template) => {
            let mut parts: Vec<&str> = Vec::with_capacity(template.len());
            for part in template {
                parts.push(match part {
                    TemplatePart::Literal(text) => text,
                    TemplatePart::Reference(reference) => field(reference, usable)?,
                });
            }
            concat(&parts)
        }
    };
    let rendered = placed(place, rendered)?;
    if rendered.len() > MAX_BYTES {
        return Err(InjectError::TooLong);
    }
    Ok(SecretString::from(rendered))
}

fn basic<'a>(
    reference: &'a Reference,
    usable: Usable<'a>,
) -> Result<Zeroizing<Vec<u8>>, InjectError<'a>> {
    let Prepared::SharedSecret(SharedSecret::UsernamePassword { username, password }, _) =
        look_up(reference, usable)?
    else {
        return Err(InjectError::Type { reference });
    };
    if username.contains(':') {
        return Err(InjectError::Colon { reference });
    }
    for text in [username.as_str(), password.expose()] {
        check(reference, text)?;
    }
    let pair = concat(&[username, ":", password.expose()]);
    let length = base64::encoded_len(pair.len(), true).ok_or(InjectError::TooLong)?;
    // Sized before it is filled: growing would leave parts of it behind.
    let mut encoded = Zeroizing::new(vec![0; length]);
    STANDARD
        .encode_slice(pair.as_slice(), encoded.as_mut_slice())
        .map_err(|_| InjectError::TooLong)?;
    let mut value = Zeroizing::new(Vec::with_capacity(length + 6));
    value.extend_from_slice(b"Basic ");
    value.extend_from_slice(&encoded);
    Ok(value)
}

fn field<'a>(reference: &'a Reference, usable: Usable<'a>) -> Result<&'a str, InjectError<'a>> {
    let Prepared::Field(value) = look_up(reference, usable)? else {
        return Err(InjectError::Type { reference });
    };
    check(reference, value.expose())?;
    if value.is_empty() {
        return Err(InjectError::Empty { reference });
    }
    Ok(value.expose())
}

/// A secret that is one text.
fn text<'a>(reference: &'a Reference, usable: Usable<'a>) -> Result<&'a str, InjectError<'a>> {
    match look_up(reference, usable)? {
        Prepared::Field(text)
        | Prepared::SharedSecret(
            SharedSecret::SymmetricKey { key: text } | SharedSecret::Blob { content: text },
            _,
        ) => Ok(text.expose()),
        _ => Err(InjectError::Type { reference }),
    }
}

/// The text or number at a pointer of a JSON document.
fn member<'a>(
    reference: &'a Reference,
    document: &str,
    pointer: &str,
) -> Result<SecretString, InjectError<'a>> {
    let found = text_at(document, pointer).ok().flatten();
    let text = found.map(|mut text| SecretString::new(std::mem::take(&mut text)));
    text.ok_or(InjectError::Pointer { reference })
}

/// The credential as it stands in its place: `name=value` in a query and in a cookie.
fn placed<'a>(
    place: &InjectionPlace,
    value: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, InjectError<'a>> {
    let name = match place {
        InjectionPlace::Header(_) => return Ok(value),
        InjectionPlace::Query(name) | InjectionPlace::Cookie(name) => name,
    };
    // Sized for the longest before it is filled, as above.
    let mut text = Zeroizing::new(Vec::with_capacity(name.len() + 1 + 3 * value.len()));
    text.extend_from_slice(name.as_bytes());
    text.push(b'=');
    for byte in value.iter().copied() {
        match place {
            InjectionPlace::Cookie(_) if !is_cookie_octet(byte) => return Err(InjectError::Cookie),
            InjectionPlace::Query(_) if !is_unreserved(byte) => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
                text.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => text.push(byte),
        }
    }
    Ok(text)
}

/// RFC 6265 section 4.1.1.
const fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn look_up<'a>(
    reference: &'a Reference,
    usable: Usable<'a>,
) -> Result<&'a Prepared, InjectError<'a>> {
    let found = usable.look_up(reference);
    found
        .map(|(prepared, _)| prepared)
        .map_err(|reason| InjectError::Unusable { reference, reason })
}

fn check<'a>(reference: &'a Reference, text: &str) -> Result<(), InjectError<'a>> {
    if text.chars().any(char::is_control) {
        return Err(InjectError::Control { reference });
    }
    Ok(())
}

/// Sized before it is filled, as above.
fn concat(parts: &[&str]) -> Zeroizing<Vec<u8>> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut value = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        value.extend_from_slice(part.as_bytes());
    }
    value
}
