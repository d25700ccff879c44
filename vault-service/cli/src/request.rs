//! A request as a value: what is sent, and the same without its secrets for `--dry-run`.

use std::borrow::Cow;
use std::io;

use sallyport_model::{SecretPath, SecretString, exact_json};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ureq::http::Method;
use zeroize::Zeroizing;

use crate::error::Error;

/// What stands in the place of a secret when a request is shown.
const HIDDEN: &str = "(secret)";

/// A call of the vault.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) body: Body,
    /// The number of the version that must be current: `If-Match`.
    pub(crate) if_match: Option<u64>,
}

/// What is sent.
pub(crate) enum Body {
    Empty,
    Object(Fields),
    Array(Vec<Value>),
    /// `multipart/form-data`.
    Form(Vec<Part>),
    /// A media type and the content as it is.
    File(&'static str, Zeroizing<Vec<u8>>),
}

/// A JSON object in the order it was built.
#[derive(Default)]
pub(crate) struct Fields(Vec<(Cow<'static, str>, Field)>);

enum Field {
    Plain(Value),
    Secret(SecretString),
}

/// One part of a form.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) content: Content,
}

/// What a part holds.
pub(crate) enum Content {
    Text(String),
    Secret(SecretString),
    /// File name and bytes; never shown, it may be a key.
    File(String, Zeroizing<Vec<u8>>),
}

impl Request {
    /// `GET path`.
    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path.to_owned(), Body::Empty)
    }

    /// `DELETE path`.
    pub(crate) const fn delete(path: String) -> Self {
        Self::new(Method::DELETE, path, Body::Empty)
    }

    /// `POST path`.
    pub(crate) fn post(path: String, body: impl Into<Body>) -> Self {
        Self::new(Method::POST, path, body.into())
    }

    /// `PUT path`.
    pub(crate) fn put(path: String, body: impl Into<Body>) -> Self {
        Self::new(Method::PUT, path, body.into())
    }

    /// `PATCH path`.
    pub(crate) fn patch(path: String, body: impl Into<Body>) -> Self {
        Self::new(Method::PATCH, path, body.into())
    }

    const fn new(method: Method, path: String, body: Body) -> Self {
        Self {
            method,
            path,
            body,
            if_match: None,
        }
    }

    /// Only if version `number` is the current one.
    pub(crate) const fn if_match(mut self, number: Option<u64>) -> Self {
        self.if_match = number;
        self
    }

    /// The header for [`Request::if_match`].
    pub(crate) fn if_match_header(&self) -> Option<String> {
        self.if_match.map(|number| format!("\"{number}\""))
    }

    /// The request to the vault at `url` as it may be shown.
    pub(crate) fn without_secrets(&self, url: &str) -> Value {
        let mut shown = Map::new();
        shown.insert("method".to_owned(), self.method.as_str().into());
        shown.insert("url".to_owned(), format!("{url}{}", self.path).into());
        if let Some(value) = self.if_match_header() {
            shown.insert("ifMatch".to_owned(), value.into());
        }
        match &self.body {
            Body::Empty => {}
            Body::Object(fields) => {
                shown.insert("body".to_owned(), fields.without_secrets());
            }
            Body::Array(items) => {
                shown.insert("body".to_owned(), items.clone().into());
            }
            Body::Form(parts) => {
                let parts: Vec<Value> = parts.iter().map(Part::without_secrets).collect();
                shown.insert("form".to_owned(), parts.into());
            }
            Body::File(content_type, bytes) => {
                let file = json!({"contentType": content_type, "bytes": bytes.len()});
                shown.insert("file".to_owned(), file);
            }
        }
        Value::Object(shown)
    }
}

impl Body {
    /// Adds a text to an object or a form.
    pub(crate) fn and(self, name: &'static str, text: Option<String>) -> Self {
        match (self, text) {
            (Self::Object(fields), Some(text)) => Self::Object(fields.plain(name, text)),
            (Self::Form(mut parts), Some(text)) => {
                parts.push(Part::text(name, text));
                Self::Form(parts)
            }
            (unchanged, _) => unchanged,
        }
    }
}

impl From<Fields> for Body {
    fn from(fields: Fields) -> Self {
        Self::Object(fields)
    }
}

impl Fields {
    /// Adds a member that may be shown.
    pub(crate) fn plain(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Self {
        self.0.push((name.into(), Field::Plain(value.into())));
        self
    }

    /// Adds a member if it is there.
    pub(crate) fn optional(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.plain(name, value),
            None => self,
        }
    }

    /// Adds how another secret is referred to, if it is.
    pub(crate) fn reference(self, name: &'static str, path: Option<&SecretPath>) -> Self {
        self.optional(name, path.map(|path| json!(path)))
    }

    /// Adds a member that is never shown.
    pub(crate) fn secret(mut self, name: &'static str, value: SecretString) -> Self {
        self.0.push((Cow::Borrowed(name), Field::Secret(value)));
        self
    }

    fn without_secrets(&self) -> Value {
        self.0
            .iter()
            .map(|(name, field)| {
                let shown = match field {
                    Field::Plain(value) => value.clone(),
                    Field::Secret(_) => HIDDEN.into(),
                };
                (name.clone().into_owned(), shown)
            })
            .collect()
    }
}

/// With the secrets: only for [`to_json`].
impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            match field {
                Field::Plain(value) => map.serialize_entry(name, value)?,
                Field::Secret(secret) => map.serialize_entry(name, secret.expose())?,
            }
        }
        map.end()
    }
}

impl Part {
    /// A text that may be shown.
    pub(crate) const fn text(name: &'static str, text: String) -> Self {
        Self {
            name,
            content: Content::Text(text),
        }
    }

    /// A text that is never shown.
    pub(crate) const fn secret(name: &'static str, secret: SecretString) -> Self {
        Self {
            name,
            content: Content::Secret(secret),
        }
    }

    fn without_secrets(&self) -> Value {
        let name = self.name;
        match &self.content {
            Content::Text(text) => json!({"name": name, "text": text}),
            Content::Secret(_) => json!({"name": name, "text": HIDDEN}),
            Content::File(file, bytes) => json!({"name": name, "file": file, "bytes": bytes.len()}),
        }
    }
}

/// JSON to send or to keep.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    exact_json(value).map_err(|source| Error::Print {
        source: io::Error::from(source),
    })
}

/// Reads what is needed out of the answer to a request for `path`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(path: &str, answer: &'a Value) -> Result<T, Error> {
    T::deserialize(answer).map_err(|error| Error::nonsense(&Method::GET, path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::new(text.to_owned())
    }

    #[test]
    fn json_with_a_secret_fills_its_buffer_exactly_and_keeps_its_order() {
        let fields = Fields::default()
            .plain("z", 1)
            .secret("client_secret", secret("a\"b\u{1}"))
            .plain("a", "last");
        let bytes = to_json(&fields).unwrap();
        assert_eq!(bytes.len(), bytes.capacity());
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            r#"{"z":1,"client_secret":"a\"b\u0001","a":"last"}"#
        );
    }

    #[test]
    fn a_shown_request_has_everything_but_the_secrets() {
        let fields = Fields::default()
            .plain("username", "app")
            .secret("password", secret("s3cret"));
        let request = Request::put("/x".to_owned(), fields).if_match(Some(3));
        assert_eq!(
            request.without_secrets("https://v"),
            json!({"method": "PUT", "url": "https://v/x", "ifMatch": "\"3\"",
                "body": {"username": "app", "password": "(secret)"}})
        );
        let form = Body::Form(vec![
            Part::secret("keyPassphrase", secret("s3cret")),
            Part {
                name: "key",
                content: Content::File("k.pem".to_owned(), Zeroizing::new(b"s3cret".to_vec())),
            },
        ]);
        let form = form.and("expirationDate", Some("2027-01-01".to_owned()));
        let request = Request::post("/x".to_owned(), form);
        assert_eq!(
            request.without_secrets("")["form"],
            json!([{"name": "keyPassphrase", "text": "(secret)"},
                {"name": "key", "file": "k.pem", "bytes": 6},
                {"name": "expirationDate", "text": "2027-01-01"}])
        );
    }
}
