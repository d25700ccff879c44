//! Where a secret is named: by a reference, or by a choice among references, of which each request gets one.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::object::object;
use super::{chosen_value, count};
use crate::choice::{By, Choice, Pick};
use crate::config::{ConfigError, Fault, pointer};
use crate::word::words;
use sallyport_model::{Reference, TemplatePart};

/// Most values that a secret is chosen by.
pub(super) const MAX_NAMES: usize = 256;

/// Most parts of an attribute's path.
pub(super) const MAX_PARTS: usize = 8;

/// A reference, a list of references, or a choice among either.
pub(super) enum SecretDocument {
    One(String),
    List(Vec<String>),
    Choice(Box<ChoiceDocument>),
}

/// One of several, for each request.
pub(super) struct ChoiceDocument {
    by: ByDocument,
    secrets: Named,
    default: Option<SecretDocument>,
}

object!(ChoiceDocument {
    by = "by", required;
    secrets = "secrets", required;
    default = "default";
});

/// What a secret is chosen by: one of these.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "By", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct ByDocument {
    /// A header: what the client says, unless the gateway sets it.
    header: Option<String>,
    /// The path of an attribute of Envoy, such as `["connection", "requested_server_name"]`.
    attribute: Option<Vec<String>>,
    /// The client, by the names in its certificate, after the filter of its listener let it pass and told.
    client: Option<ClientWord>,
}

object!(ByDocument {
    header = "header";
    attribute = "attribute";
    client = "client";
});

words! {
    #[derive(Clone, Copy)]
    enum ClientWord {
        Name = "name",
    }
}

/// Reads what stands in one place: references, in a template with text between them.
type Read<'a, T> = dyn Fn(&str, SecretDocument) -> Result<Vec<T>, ConfigError> + 'a;

/// Values, and what each of them names.
struct Named(Vec<(String, SecretDocument)>);

impl SecretDocument {
    /// References, of which `read` makes sense one by one.
    pub(super) fn read(
        self,
        section: &str,
        read: &Read<'_, Reference>,
    ) -> Result<Pick<Vec<Reference>>, ConfigError> {
        // As templates without text: one reader for both, for the module has no room to spare.
        let as_parts = |pointer: &str, one: Self| {
            let references = read(pointer, one)?.into_iter();
            Ok(references.map(TemplatePart::Reference).collect())
        };
        let read = self.read_template(section, &as_parts)?;
        Ok(read.map(&|parts| {
            let references = parts.into_iter().filter_map(|part| match part {
                TemplatePart::Reference(reference) => Some(reference),
                TemplatePart::Literal(_) => None,
            });
            references.collect()
        }))
    }

    /// Templates, of which `read` makes sense one by one.
    pub(super) fn read_template(
        self,
        section: &str,
        read: &Read<'_, TemplatePart>,
    ) -> Result<Pick<Vec<TemplatePart>>, ConfigError> {
        match self {
            Self::Choice(choice) => choice.read(section, read),
            one => read(section, one).map(Pick::always),
        }
    }

    /// The same where one reference is wanted.
    pub(super) fn read_one(
        self,
        section: &str,
        read: fn(&str, &str) -> Result<Reference, ConfigError>,
    ) -> Result<Pick<Reference>, ConfigError> {
        let of_text = |pointer: &str, one: Self| {
            let reference = read(pointer, &one.text(pointer)?)?;
            Ok(vec![reference])
        };
        self.read(section, &of_text).map(Pick::flatten)
    }

    /// The text of a reference.
    pub(super) fn text(self, pointer: &str) -> Result<String, ConfigError> {
        match self {
            Self::One(text) => Ok(text),
            _ => Err(ConfigError::at(pointer, Fault::OneReference)),
        }
    }

    /// Whether there is nothing in it.
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::List(texts) if texts.is_empty())
    }

    /// The texts of a list.
    pub(super) fn texts(self, pointer: &str) -> Result<Vec<String>, ConfigError> {
        match self {
            Self::List(texts) => Ok(texts),
            _ => Err(ConfigError::at(pointer, Fault::ListOfReferences)),
        }
    }
}

impl ChoiceDocument {
    fn read(
        self,
        section: &str,
        read: &Read<'_, TemplatePart>,
    ) -> Result<Pick<Vec<TemplatePart>>, ConfigError> {
        let by = self.by.read(&format!("{section}/by"))?;
        let at = format!("{section}/secrets");
        let Named(documents) = self.secrets;
        count(&at, &documents, MAX_NAMES)?;
        if documents.is_empty() {
            return Err(ConfigError::at(at, Fault::NothingToChoose));
        }
        let mut among: Vec<Vec<TemplatePart>> = Vec::with_capacity(documents.len() + 1);
        let mut names: Vec<(String, usize)> = Vec::with_capacity(documents.len());
        let mut place_of = |pointer: &str, document| {
            let one = read(pointer, document)?;
            let parts = among.iter().flatten().chain(&one);
            let mut groups = parts.filter_map(|part| match part {
                TemplatePart::Reference(reference) => Some((reference.scope, &reference.group)),
                TemplatePart::Literal(_) => None,
            });
            // What one grant gives is what can be chosen from: a request does not cross groups.
            let first = groups.next();
            if groups.any(|other| Some(other) != first) {
                return Err(ConfigError::at(pointer, Fault::OtherGroup));
            }
            let known = among.iter().position(|other| *other == one);
            Ok(known.unwrap_or_else(|| {
                among.push(one);
                among.len() - 1
            }))
        };
        for (text, document) in documents {
            let pointer = format!("{at}/{}", pointer::token(&text));
            let text = chosen_value::value(&by, &pointer, text)?;
            if names.iter().any(|(known, _)| *known == text) {
                return Err(ConfigError::at(pointer, Fault::NamedTwice));
            }
            let place = place_of(&pointer, document)?;
            names.push((text, place));
        }
        let default = self.default;
        let default = default.map(|document| place_of(&format!("{section}/default"), document));
        let default = default.transpose()?;
        Ok(Pick::chosen(among, Choice { by, names, default }))
    }
}

impl ByDocument {
    fn read(self, section: &str) -> Result<By, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        match (self.header, self.attribute, self.client) {
            (Some(text), None, None) => {
                let header = text.parse();
                let header =
                    header.map_err(|error| ConfigError::at(at("header"), Fault::Header(error)));
                header.map(By::Header)
            }
            (None, Some(path), None) => {
                let pointer = at("attribute");
                count(&pointer, &path, MAX_PARTS)?;
                chosen_value::attribute(&pointer, path).map(By::Attribute)
            }
            (None, None, Some(ClientWord::Name)) => Ok(By::Client),
            _ => Err(ConfigError::at(section, Fault::ChosenBy)),
        }
    }
}

impl<'de> Deserialize<'de> for SecretDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = SecretDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference, a list of references, or a choice among them")
            }

            fn visit_str<E>(self, text: &str) -> Result<SecretDocument, E> {
                Ok(SecretDocument::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut access: A,
            ) -> Result<SecretDocument, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = access.next_element()? {
                    texts.push(text);
                }
                Ok(SecretDocument::List(texts))
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<SecretDocument, A::Error> {
                let of_map = serde::de::value::MapAccessDeserializer::new(access);
                let choice = ChoiceDocument::deserialize(of_map)?;
                Ok(SecretDocument::Choice(Box::new(choice)))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Named;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with references")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Named, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Named(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// What it looks like depends on what it is for: `schema` says it in each place.
#[cfg(test)]
impl schemars::JsonSchema for SecretDocument {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<ByDocument>();
        schemars::Schema::default()
    }
}
