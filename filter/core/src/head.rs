//! The head of a request, as message policies look at it.

use std::fmt;

use sallyport_message::{Header, Request};
use zeroize::Zeroize as _;

use crate::attribute::Attribute;

/// Most header lines that are looked at; Envoy takes a hundred by default.
const MAX_LINES: usize = 512;

/// Header lines in their order, pseudo-headers among them, and whether anything follows them.
pub struct Head {
    pub(crate) lines: Vec<(String, Vec<u8>)>,
    /// Whether the request has no body.
    pub(crate) ends: bool,
    /// What Envoy says of it, as far as the configuration asks.
    pub(crate) attributes: Vec<(Attribute, Vec<u8>)>,
}

impl Head {
    /// Takes over the lines.
    pub const fn new(lines: Vec<(String, Vec<u8>)>, ends: bool) -> Self {
        Self {
            lines,
            ends,
            attributes: Vec::new(),
        }
    }

    /// With what Envoy says besides.
    #[must_use]
    pub fn with_attributes(mut self, attributes: Vec<(Attribute, Vec<u8>)>) -> Self {
        self.attributes = attributes;
        self
    }

    /// Lends the request to `look`; `None` if it is not one: a pseudo-header is absent or no text, or
    /// there are too many lines.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Request<'_>) -> R) -> Option<R> {
        if self.lines.len() > MAX_LINES {
            return None;
        }
        let mut headers = Vec::with_capacity(self.lines.len());
        for (name, value) in &self.lines {
            if !name.starts_with(':') {
                headers.push(Header { name, value });
            }
        }
        let request = Request {
            method: self.pseudo(":method")?,
            scheme: self.pseudo(":scheme")?,
            authority: self.pseudo(":authority")?,
            target: self.pseudo(":path")?,
            headers: &headers,
        };
        Some(look(&request))
    }

    /// Path and query.
    pub(crate) fn target(&self) -> Option<&str> {
        self.pseudo(":path")
    }

    fn pseudo(&self, name: &str) -> Option<&str> {
        self.value(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The value of the first line of that name, in lower case.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.lines.iter();
        let (_, value) = lines.find(|(found, _)| found == name)?;
        Some(value)
    }

    /// What Envoy says, if it does.
    pub(crate) fn attribute(&self, wanted: &Attribute) -> Option<&[u8]> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(found, _)| found == wanted)?;
        Some(value)
    }

    /// All values of that name, in lower case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let lines = self.lines.iter().filter(move |(found, _)| found == name);
        lines.map(|(_, value)| value.as_slice())
    }

    /// Keeps up with what the host is asked to remove.
    pub(crate) fn remove(&mut self, name: &str) {
        self.lines.retain(|(found, _)| found != name);
    }

    /// Keeps up with what the host is asked to add.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.lines
            .push((name.to_owned(), value.as_bytes().to_vec()));
    }

    /// How many bytes the body is said to have.
    pub(crate) fn content_length(&self) -> Option<u64> {
        let text = std::str::from_utf8(self.value("content-length")?).ok()?;
        text.parse().ok()
    }
}

/// Headers hold credentials, among them ours.
impl Drop for Head {
    fn drop(&mut self) {
        for (_, value) in &mut self.lines {
            value.zeroize();
        }
    }
}

/// Headers hold credentials.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("lines", &self.lines.len())
            .field("ends", &self.ends)
            .finish()
    }
}
