//! Host names.

use std::fmt;
use std::str::FromStr;

/// Longest host name, in bytes (RFC 1035 section 2.3.4, without the root label).
pub const MAX_DNS_NAME_BYTES: usize = 253;

/// Longest label of a host name, in bytes.
const MAX_LABEL_BYTES: usize = 63;

/// A host name as certificates carry it (RFC 5280 section 4.2.1.6): labels of letters, digits and
/// hyphens, in lower case. Internationalised names are in their ASCII form (`xn--`). Neither a
/// wildcard, nor a trailing dot, nor an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// Why a text is not a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsNameError {
    /// Longer than [`MAX_DNS_NAME_BYTES`].
    #[error("a host name has at most {MAX_DNS_NAME_BYTES} bytes")]
    TooLong,
    /// Characters outside of ASCII: what looks the same need not be the same.
    #[error("an internationalised host name is written in its ASCII form (xn--...)")]
    NotAscii,
    /// A label that is empty (also a trailing dot), too long, or has other characters.
    #[error("a label has 1 to 63 letters, digits and inner hyphens")]
    Label,
    /// A last label of digits only: an address, or something that readers take for one.
    #[error("an address is not a host name")]
    Address,
}

impl DnsName {
    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its first label; `None` if there is only one.
    pub fn parent(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, parent)| parent)
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, DnsNameError> {
        if text.len() > MAX_DNS_NAME_BYTES {
            return Err(DnsNameError::TooLong);
        }
        if !text.is_ascii() {
            return Err(DnsNameError::NotAscii);
        }
        if !text.split('.').all(is_label) {
            return Err(DnsNameError::Label);
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DnsNameError::Address);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
