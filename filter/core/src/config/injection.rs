//! Credentials for servers that have passed.

use std::fmt;

use sallyport_model::{Reference, TemplatePart};

use crate::choice::Pick;
use crate::header_name::HeaderName;

/// A credential and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Where; what the client sent in this place is removed.
    pub place: InjectionPlace,
    /// What it is made of.
    pub value: Pick<InjectionValue>,
    /// Whether the client's own is replaced.
    pub overwrite: Overwrite,
    /// What happens where it is not at hand.
    pub absent: AbsentCredential,
}

/// Where a credential goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InjectionPlace {
    /// A header.
    Header(HeaderName),
    /// A parameter of the query; its name is of RFC 3986's unreserved characters.
    Query(String),
    /// A cookie (RFC 6265).
    Cookie(String),
}

/// What happens to a credential of the client's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// It is replaced.
    #[default]
    Always,
    /// It stays, and ours is not injected.
    Never,
}

/// What happens to a request whose credential is not at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentCredential {
    /// It is not sent.
    #[default]
    Refuse,
    /// It goes on without this credential, and without the client's.
    GoWithout,
}

/// What a credential is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InjectionValue {
    /// RFC 7617 Basic credentials from a shared secret of type `UsernamePassword`.
    Basic(Reference),
    /// Text with fields of shared secrets in it.
    Template(Vec<TemplatePart>),
    /// One secret, or a value of a JSON document that it is.
    Secret {
        /// What stands before it: nothing, or a scheme and a space.
        prefix: &'static str,
        /// A field, a key as it is written, a blob.
        secret: Reference,
        /// RFC 6901: which value of the document.
        pointer: Option<String>,
    },
}

impl Injection {
    /// The secrets of all values of which one is chosen.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.value.all().flat_map(InjectionValue::references)
    }

    /// The header that is replaced by always the same, whatever the client sent.
    pub(crate) const fn fixed_header(&self) -> Option<&HeaderName> {
        match (&self.place, self.overwrite, self.value.fixed()) {
            (InjectionPlace::Header(name), Overwrite::Always, Some(_)) => Some(name),
            _ => None,
        }
    }

    /// Whether it depends on what the client sent.
    pub(crate) const fn needs_head(&self) -> bool {
        self.fixed_header().is_none()
    }
}

impl InjectionPlace {
    /// The word for it in the configuration.
    pub(super) const fn field(&self) -> &'static str {
        match self {
            Self::Header(_) => "header",
            Self::Query(_) => "query",
            Self::Cookie(_) => "cookie",
        }
    }
}

impl fmt::Display for InjectionPlace {
    /// The name in its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => name.fmt(f),
            Self::Query(name) => write!(f, "query parameter {name}"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
        }
    }
}

impl InjectionValue {
    fn references(&self) -> impl Iterator<Item = &Reference> {
        let (one, parts) = match self {
            Self::Basic(secret) | Self::Secret { secret, .. } => (Some(secret), [].as_slice()),
            Self::Template(parts) => (None, parts.as_slice()),
        };
        let several = parts.iter().filter_map(|part| match part {
            TemplatePart::Reference(reference) => Some(reference),
            TemplatePart::Literal(_) => None,
        });
        one.into_iter().chain(several)
    }
}
