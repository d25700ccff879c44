//! `x-forwarded-client-cert`, as Envoy's connection manager sets it with `SANITIZE_SET`: the only
//! place where the chain that a client presented can be seen.
//!
//! Everything in it is taken for what any client could have written. It is a source of untrusted
//! intermediates and of nothing else: the leaf comes from the connection, and an element about
//! another leaf is ignored.

use sallyport_pki::{Certificate, MAX_INTERMEDIATES, certificate_from_pem};
use thiserror::Error;

/// Longest header that is looked at, in bytes. Envoy's own limit for all headers is 60 KiB.
const MAX_BYTES: usize = 64 * 1024;

const END: &str = "-----END CERTIFICATE-----";

/// Why a header says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum XfccError {
    /// Longer than any chain needs.
    #[error("{0} bytes, at most {MAX_BYTES} are looked at")]
    TooLong(usize),
    /// Not `key=value` pairs.
    #[error("no key=value pair at byte {0}")]
    Syntax(usize),
    /// A quote that does not end.
    #[error("the quote at byte {0} does not end")]
    Quote(usize),
    /// A percent sign that is no escape, or escapes that are not UTF-8.
    #[error("a value is not percent-encoded text")]
    Encoding,
}

/// The certificates presented with `leaf`, without the leaf itself; none if no element is about
/// this leaf. A certificate that does not parse is left out: it could not help anyway.
pub(crate) fn intermediates(
    header: &[u8],
    leaf: &Certificate,
) -> Result<Vec<Certificate>, XfccError> {
    if header.len() > MAX_BYTES {
        return Err(XfccError::TooLong(header.len()));
    }
    let mut found = Vec::new();
    for element in elements(header)? {
        let mut chain = certificates(element.chain)?;
        let about = match element.cert {
            Some(_) => certificates(element.cert)?.into_iter().next(),
            None => chain.first().cloned(),
        };
        if about.is_some_and(|about| about.der() == leaf.der()) {
            chain.retain(|certificate| certificate.der() != leaf.der());
            chain.truncate(MAX_INTERMEDIATES);
            found = chain;
        }
    }
    Ok(found)
}

/// The element that Envoy makes of a client's certificate and the chain that came with it, both PEM.
pub fn forwarded(leaf: &str, chain: &str) -> String {
    let (cert, chain) = (percent_encoded(leaf), percent_encoded(chain));
    format!("Cert=\"{cert}\";Chain=\"{chain}\"")
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// One element: what one proxy says about one client.
#[derive(Default)]
struct Element<'a> {
    cert: Option<&'a [u8]>,
    chain: Option<&'a [u8]>,
}

fn elements(header: &[u8]) -> Result<Vec<Element<'_>>, XfccError> {
    let mut elements = Vec::new();
    let mut element = Element::default();
    let mut position = 0;
    while position < header.len() {
        let rest = header.get(position..).unwrap_or_default();
        let key = rest
            .iter()
            .position(|byte| matches!(byte, b'=' | b';' | b',' | b'"'))
            .filter(|&end| rest.get(end) == Some(&b'='))
            .ok_or(XfccError::Syntax(position))?;
        let name = rest.get(..key).unwrap_or_default().trim_ascii();
        let start = position + key + 1;
        let (value, end) = value(header, start)?;
        // Keys are case-insensitive; of repeated ones the last counts.
        if name.eq_ignore_ascii_case(b"cert") {
            element.cert = Some(value);
        } else if name.eq_ignore_ascii_case(b"chain") {
            element.chain = Some(value);
        }
        match header.get(end) {
            None => {}
            Some(b';') => {}
            Some(b',') => elements.push(std::mem::take(&mut element)),
            Some(_) => return Err(XfccError::Syntax(end)),
        }
        position = end + 1;
    }
    elements.push(element);
    Ok(elements)
}

/// The value that starts at `start`, and the position behind it.
fn value(header: &[u8], start: usize) -> Result<(&[u8], usize), XfccError> {
    let rest = header.get(start..).unwrap_or_default();
    let Some(quoted) = rest.strip_prefix(b"\"") else {
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b';' | b','))
            .unwrap_or(rest.len());
        return Ok((rest.get(..length).unwrap_or_default(), start + length));
    };
    let mut escaped = false;
    for (length, byte) in quoted.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok((quoted.get(..length).unwrap_or_default(), start + length + 2)),
            _ => {}
        }
    }
    Err(XfccError::Quote(start))
}

fn certificates(value: Option<&[u8]>) -> Result<Vec<Certificate>, XfccError> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8(decode(value)?).map_err(|_| XfccError::Encoding)?;
    Ok(text
        .split_inclusive(END)
        .take(MAX_INTERMEDIATES + 1)
        .filter_map(|block| certificate_from_pem(block.as_bytes()).ok())
        .collect())
}

fn decode(value: &[u8]) -> Result<Vec<u8>, XfccError> {
    let digit = |byte: u8| {
        (byte as char)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(digit).ok_or(XfccError::Encoding);
            let (high, low) = (digit()?, digit()?);
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    Ok(decoded)
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
