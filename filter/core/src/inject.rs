//! From a shared secret to the value of a header: the one room of the filter that handles
//! plaintext. Everything made here is zeroed when dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::{Reference, SecretString, SharedSecret, TemplatePart};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::config::InjectionValue;
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
    value: &'a InjectionValue,
    usable: Usable<'a>,
) -> Result<SecretString, InjectError<'a>> {
    let rendered = match value {
        InjectionValue::Basic(reference) => basic(reference, usable)?,
        InjectionValue::Template(template) => {
            let mut parts: Vec<&str> = Vec::with_capacity(template.parts().len());
            for part in template.parts() {
                parts.push(match part {
                    TemplatePart::Literal(text) => text,
                    TemplatePart::Reference(reference) => field(reference, usable)?,
                });
            }
            concat(&parts)
        }
    };
    if rendered.len() > MAX_BYTES {
        return Err(InjectError::TooLong);
    }
    Ok(SecretString::from(rendered))
}

fn basic<'a>(
    reference: &'a Reference,
    usable: Usable<'a>,
) -> Result<Zeroizing<Vec<u8>>, InjectError<'a>> {
    let Prepared::SharedSecret(SharedSecret::UsernamePassword { username, password }) =
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
