//! Who called, and how the upstream is told.

use sallyport_message::{BodyDigest, UnixTime};
use serde_json::{Map, Value};

use super::super::keys::Version;
use super::SchemeName;
use crate::header_name::HeaderName;
use crate::reason::Reason;

/// Longest value of an identity header, in bytes.
const MAX_IDENTITY: usize = 1024;

/// A header that tells who called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHeader {
    /// Its name.
    pub header: HeaderName,
    /// A claim of the token; who called if not given.
    pub claim: Option<String>,
}

/// A caller who passed.
pub(crate) struct Caller {
    /// User name, `sub`, or the name of the secret.
    pub(crate) name: String,
    pub(crate) claims: Map<String, Value>,
    pub(crate) scheme: SchemeName,
    pub(crate) version: Version,
    /// What the body must hash to.
    pub(crate) body: Option<BodyDigest>,
    /// What must not come again, until when.
    pub(crate) once: Option<(String, UnixTime)>,
}

impl Caller {
    /// The value of an identity header; `None` if the token does not say it. What cannot stand in a
    /// header is refused, for leaving it out would make somebody else of the caller.
    pub(crate) fn tells(&self, header: &IdentityHeader) -> Result<Option<String>, Reason> {
        let text = match &header.claim {
            None => Some(self.name.clone()),
            Some(claim) => match self.claims.get(claim) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Bool(word)) => Some(word.to_string()),
                Some(Value::Number(number)) => Some(number.to_string()),
                Some(Value::Array(_) | Value::Object(_)) => return Err(Reason::CallerRefused),
            },
        };
        match &text {
            Some(text) if text.len() > MAX_IDENTITY || text.chars().any(char::is_control) => {
                Err(Reason::CallerRefused)
            }
            _ => Ok(text),
        }
    }
}
