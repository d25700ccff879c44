//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use super::dns_name::{DnsName, DnsNameError};

/// Longest part before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// An rfc822Name (RFC 5280 section 4.2.1.6). The host is in lower case; what is before it is
/// compared exactly (section 7.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    local: String,
    host: DnsName,
}

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmailAddressError {
    /// Not a mailbox before an `@`. Quoted ones are refused: readers disagree about their end.
    #[error("an e-mail address has 1 to 64 unquoted characters before its only @")]
    Local,
    /// No host behind the `@`.
    #[error("host of the e-mail address: {0}")]
    Host(#[from] DnsNameError),
}

impl FromStr for EmailAddress {
    type Err = EmailAddressError;

    fn from_str(text: &str) -> Result<Self, EmailAddressError> {
        let (local, host) = text.split_once('@').ok_or(EmailAddressError::Local)?;
        if local.len() > MAX_LOCAL_BYTES || !local.split('.').all(is_atom) {
            return Err(EmailAddressError::Local);
        }
        Ok(Self {
            local: local.to_owned(),
            host: host.parse()?,
        })
    }
}

/// RFC 5322 section 3.2.3.
fn is_atom(text: &str) -> bool {
    let special = b"!#$%&'*+-/=?^_`{|}~";
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || special.contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.host)
    }
}
