//! Components of a request (RFC 9421 sections 2.1 and 2.2).

use std::fmt;
use std::str::FromStr;

use super::HttpSignatureError;
use crate::percent_encoding::{BadEscape, Plus, decode, encode_into};
use crate::request::{Request, is_token};

/// One of them. `sf`, `bs`, `key`, `tr` and `req` are not supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Component {
    /// `@method`.
    Method,
    /// `@target-uri`.
    TargetUri,
    /// `@authority`.
    Authority,
    /// `@scheme`.
    Scheme,
    /// `@path`.
    Path,
    /// `@query`.
    Query,
    /// `@query-param` with this `name`, percent-encoded.
    QueryParam(String),
    /// A header, its name in lower case. Several lines are one value.
    Field(String),
}

impl FromStr for Component {
    type Err = HttpSignatureError;

    /// The name of a header or of a derived component without parameters.
    fn from_str(name: &str) -> Result<Self, HttpSignatureError> {
        Ok(match name {
            "@method" => Self::Method,
            "@target-uri" => Self::TargetUri,
            "@authority" => Self::Authority,
            "@scheme" => Self::Scheme,
            "@path" => Self::Path,
            "@query" => Self::Query,
            name if is_token(name) && name == name.to_ascii_lowercase() => {
                Self::Field(name.to_owned())
            }
            _ => return Err(HttpSignatureError::UnknownComponent),
        })
    }
}

impl fmt::Display for Component {
    /// The component identifier, as it stands in the signature base.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueryParam(name) => write!(f, "\"@query-param\";name=\"{name}\""),
            other => write!(f, "\"{}\"", other.name()),
        }
    }
}

impl Component {
    /// `@query-param` for the parameter of that name, which is not encoded yet.
    pub fn query_param(name: &str) -> Self {
        Self::QueryParam(encoded(name.as_bytes()))
    }

    /// `@query-param` as a signature names it: its name is encoded already.
    pub(super) fn encoded_query_param(name: &str) -> Result<Self, HttpSignatureError> {
        match reencoded(name) {
            Ok(again) if again == name => Ok(Self::QueryParam(again)),
            _ => Err(HttpSignatureError::UnknownComponent),
        }
    }

    /// The name, without parameters.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::TargetUri => "@target-uri",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::QueryParam(_) => "@query-param",
            Self::Field(name) => name,
        }
    }

    /// Its value in a request, on one line.
    pub(super) fn value(&self, request: &Request<'_>) -> Result<String, HttpSignatureError> {
        let value = match self {
            Self::Method => request.method.to_owned(),
            Self::TargetUri => format!(
                "{}://{}{}",
                request.scheme, request.authority, request.target
            ),
            Self::Authority => authority(request),
            Self::Scheme => request.scheme.to_ascii_lowercase(),
            Self::Path if request.path().is_empty() => "/".to_owned(),
            Self::Path => request.path().to_owned(),
            // With the question mark; it alone if there is no query (section 2.2.7).
            Self::Query => format!("?{}", request.query().unwrap_or_default()),
            Self::QueryParam(name) => self.query_value(request, name)?,
            Self::Field(name) => self.field_value(request, name)?,
        };
        match value
            .bytes()
            .all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte))
        {
            true => Ok(value),
            false => Err(HttpSignatureError::ComponentValue(self.clone())),
        }
    }

    /// Section 2.2.8: decoded as a form, encoded again, and there once.
    fn query_value(&self, request: &Request<'_>, name: &str) -> Result<String, HttpSignatureError> {
        let mut found = None;
        for parameter in request.query().unwrap_or_default().split('&') {
            let (this, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if parameter.is_empty() || reencoded(this).as_deref() != Ok(name) {
                continue;
            }
            let value = reencoded(value)
                .map_err(|BadEscape| HttpSignatureError::ComponentValue(self.clone()))?;
            if found.replace(value).is_some() {
                return Err(HttpSignatureError::MissingComponent(self.clone()));
            }
        }
        found.ok_or_else(|| HttpSignatureError::MissingComponent(self.clone()))
    }

    /// Section 2.1: all lines, without the space around them, with commas between them.
    fn field_value(&self, request: &Request<'_>, name: &str) -> Result<String, HttpSignatureError> {
        let mut lines = Vec::new();
        for line in request.values(name) {
            let line = std::str::from_utf8(line)
                .map_err(|_| HttpSignatureError::ComponentValue(self.clone()))?;
            lines.push(line);
        }
        match lines.is_empty() {
            true => Err(HttpSignatureError::MissingComponent(self.clone())),
            false => Ok(lines.join(", ")),
        }
    }
}

/// Section 2.2.3: in lower case, without the default port of the scheme.
fn authority(request: &Request<'_>) -> String {
    let authority = request.authority.to_ascii_lowercase();
    let port = match request.scheme.to_ascii_lowercase().as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return authority,
    };
    match authority.strip_suffix(port) {
        Some(host) => host.to_owned(),
        None => authority,
    }
}

fn reencoded(text: &str) -> Result<String, BadEscape> {
    decode(text, Plus::Space).map(|bytes| encoded(&bytes))
}

/// The percent-encode set of forms, with spaces as escapes.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    encode_into(&mut text, bytes, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_')
    });
    text
}
