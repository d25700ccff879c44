//! Names of the document: of things in Envoy, and of hosts.

use std::net::IpAddr;

use crate::config::{ConfigError, Fault};

pub(super) const MAX_NAME: usize = 253;
pub(super) const MAX_PARAMETER: usize = 128;

/// A name that Envoy knows.
pub(super) fn word(pointer: &str, text: String) -> Result<String, ConfigError> {
    if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(ConfigError::at(pointer, Fault::Word { max: MAX_NAME }))
    }
}

/// The name of a query parameter or a cookie, which nobody has to encode.
pub(super) fn parameter(pointer: &str, text: String) -> Result<String, ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    match (1..=MAX_PARAMETER).contains(&text.len()) && text.bytes().all(plain) {
        true => Ok(text),
        false => Err(ConfigError::at(pointer, Fault::Parameter)),
    }
}

/// A text that may stand between quotation marks in a header.
pub(super) fn quotable(pointer: &str, text: String) -> Result<String, ConfigError> {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
    match (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain) {
        true => Ok(text),
        false => Err(ConfigError::at(pointer, Fault::Quotable { max: MAX_NAME })),
    }
}

/// A name that a server's certificate carries: DNS name or IP address.
pub(super) fn server(pointer: &str, text: String) -> Result<String, ConfigError> {
    if text.parse::<IpAddr>().is_ok() || is_dns_name(&text) {
        Ok(text)
    } else {
        Err(ConfigError::at(pointer, Fault::ServerName))
    }
}

/// A name as clients ask for it: never an address (RFC 6066 section 3), `*.` may stand for a label.
pub(super) fn requested(pointer: &str, text: String) -> Result<String, ConfigError> {
    let name = text.strip_prefix("*.").unwrap_or(&text);
    if is_dns_name(name) && name.parse::<IpAddr>().is_err() {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(ConfigError::at(pointer, Fault::RequestedName))
    }
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= MAX_NAME && text.split('.').all(label)
}
