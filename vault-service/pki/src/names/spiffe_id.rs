//! SPIFFE IDs and the patterns for them (SPIFFE-ID and X509-SVID standards).

use std::fmt;
use std::str::FromStr;

use crate::certificate::Certificate;

/// Longest SPIFFE ID, in bytes (SPIFFE-ID section 2.3).
pub const MAX_SPIFFE_ID_BYTES: usize = 2048;

/// Longest trust domain, in bytes (SPIFFE-ID section 2.3).
const MAX_TRUST_DOMAIN_BYTES: usize = 255;

const SCHEME: &str = "spiffe://";

/// The identity of a workload: `spiffe://<trust domain>/<path>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpiffeId {
    text: String,
    /// Where the path begins in `text`.
    path: usize,
}

/// Which workloads are meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpiffePattern {
    /// This one.
    Exact(SpiffeId),
    /// All whose ID begins with this text, which ends with a slash: whole segments below a path, or
    /// a whole trust domain.
    Below(String),
}

/// Why something is not a SPIFFE ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpiffeIdError {
    /// Another URI.
    #[error("a SPIFFE ID starts with spiffe://, in lower case")]
    Scheme,
    /// Longer than [`MAX_SPIFFE_ID_BYTES`].
    #[error("a SPIFFE ID has at most {MAX_SPIFFE_ID_BYTES} bytes")]
    TooLong,
    /// SPIFFE-ID section 2.1.
    #[error("a trust domain has 1 to 255 lower-case letters, digits, dots, dashes, underscores")]
    TrustDomain,
    /// SPIFFE-ID section 2.2.
    #[error(
        "the path of a SPIFFE ID has segments of letters, digits, dots, dashes and underscores, \
         none of them empty, `.` or `..`"
    )]
    Path,
    /// A trust domain without a workload (X509-SVID section 3.1).
    #[error("a SPIFFE ID of a workload has a path")]
    NoPath,
    /// X509-SVID section 2: with two, readers would not agree on who it is.
    #[error("{count} URI names: a certificate with a SPIFFE ID has exactly one")]
    UriNames {
        /// How many there are.
        count: usize,
    },
    /// X509-SVID section 3.1: what signs certificates is no workload.
    #[error("a certificate with a SPIFFE ID of a workload is not a CA's")]
    Ca,
}

impl SpiffeId {
    /// The identity in a workload's certificate.
    ///
    /// # Errors
    /// There is not exactly one URI name, it is no SPIFFE ID, or the certificate may sign others.
    pub fn of(certificate: &Certificate) -> Result<Self, SpiffeIdError> {
        let [uri] = certificate.uri_names() else {
            let count = certificate.uri_names().len();
            return Err(SpiffeIdError::UriNames { count });
        };
        let id: Self = uri.parse()?;
        let key_usage = certificate.extensions().key_usage.as_ref();
        let signs = key_usage.is_some_and(|usage| {
            usage.value.key_cert_sign || usage.value.names.contains(&"cRLSign")
        });
        if certificate.is_ca() || signs {
            return Err(SpiffeIdError::Ca);
        }
        Ok(id)
    }

    /// The whole URI.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who vouches for the workload.
    pub fn trust_domain(&self) -> &str {
        let domain = self.text.get(SCHEME.len()..self.path);
        domain.unwrap_or_default()
    }

    /// The workload, with the slash in front.
    pub fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }
}

impl SpiffePattern {
    /// Whether this workload is meant.
    pub fn matches(&self, id: &SpiffeId) -> bool {
        match self {
            Self::Exact(wanted) => wanted == id,
            // No segment is empty, so something follows the slash that the text ends with.
            Self::Below(start) => id.as_str().starts_with(start.as_str()),
        }
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeIdError;

    /// One spelling only: neither upper case, nor percent-encoding, port, query or fragment.
    fn from_str(text: &str) -> Result<Self, SpiffeIdError> {
        let (domain, path) = split(text)?;
        match path {
            None => Err(SpiffeIdError::NoPath),
            Some(path) if path.split('/').all(is_segment) => Ok(Self {
                text: text.to_owned(),
                path: SCHEME.len() + domain.len(),
            }),
            Some(_) => Err(SpiffeIdError::Path),
        }
    }
}

impl FromStr for SpiffePattern {
    type Err = SpiffeIdError;

    /// A SPIFFE ID, or one with `*` in place of everything from a segment on:
    /// `spiffe://td/ns/payments/*`, `spiffe://td/*`.
    fn from_str(text: &str) -> Result<Self, SpiffeIdError> {
        let Some(start) = text.strip_suffix('*') else {
            return text.parse().map(Self::Exact);
        };
        let (_, path) = split(text)?;
        // What stands before the star is a whole path, with the slash of the next segment.
        match path.and_then(|path| path.strip_suffix('*')) {
            Some("") => {}
            Some(path) => {
                let segments = path.strip_suffix('/').ok_or(SpiffeIdError::Path)?;
                if !segments.split('/').all(is_segment) {
                    return Err(SpiffeIdError::Path);
                }
            }
            None => return Err(SpiffeIdError::TrustDomain),
        }
        Ok(Self::Below(start.to_owned()))
    }
}

/// The trust domain, and the path behind its first slash.
fn split(text: &str) -> Result<(&str, Option<&str>), SpiffeIdError> {
    if text.len() > MAX_SPIFFE_ID_BYTES {
        return Err(SpiffeIdError::TooLong);
    }
    let rest = text.strip_prefix(SCHEME).ok_or(SpiffeIdError::Scheme)?;
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    let length = 1..=MAX_TRUST_DOMAIN_BYTES;
    if length.contains(&domain.len()) && domain.bytes().all(allowed) {
        Ok((domain, path))
    } else {
        Err(SpiffeIdError::TrustDomain)
    }
}

fn is_segment(segment: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for SpiffePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(id) => id.fmt(f),
            Self::Below(start) => write!(f, "{start}*"),
        }
    }
}
