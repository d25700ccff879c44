//! Percent-encoding (RFC 3986 section 2.1), strict both ways.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A percent sign without two hexadecimal digits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadEscape;

/// What `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plus {
    /// Itself, as in paths.
    Plus,
    /// A space, as in forms and queries.
    Space,
}

/// The bytes that a text stands for.
pub(crate) fn decode(text: &str, plus: Plus) -> Result<Cow<'_, [u8]>, BadEscape> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(hex_digit).ok_or(BadEscape);
                (digit()? << 4) | digit()?
            }
            b'+' if plus == Plus::Space => b' ',
            byte => byte,
        });
    }
    Ok(Cow::Owned(decoded))
}

/// Appends the bytes, those that are not `kept` as escapes in upper case.
pub(crate) fn encode_into(to: &mut String, bytes: &[u8], kept: impl Fn(u8) -> bool) {
    for &byte in bytes {
        if kept(byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

/// RFC 3986 section 2.3.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
