//! Dictionaries of structured fields (RFC 9651), read with limits.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sfv::visitor::{
    DictionaryVisitor, EntryVisitor, InnerListVisitor, ItemVisitor, ParameterVisitor,
};
use sfv::{BareItemFromInput, KeyRef, ListSerializer, Parser, RefBareItem};

use super::{HttpSignatureError, MAX_FIELD_BYTES, MAX_SIGNATURES};
use crate::request::Request;

/// Parameters in their order, none left out.
pub(super) type ParameterList<'a> = Vec<(&'a KeyRef, BareItemFromInput<'a>)>;

/// Entries in their order.
pub(super) struct Dictionary<'a>(Vec<(&'a KeyRef, Value<'a>)>);

/// A value; parameters of an item are passed over.
pub(super) enum Value<'a> {
    Item(BareItemFromInput<'a>),
    InnerList(InnerList<'a>),
}

/// Items, each with its parameters, and parameters of the whole.
#[derive(Default)]
pub(super) struct InnerList<'a> {
    items: Vec<(BareItemFromInput<'a>, ParameterList<'a>)>,
    parameters: ParameterList<'a>,
}

/// All lines of a header as one (RFC 9651 section 4.2).
pub(super) fn combined(
    request: &Request<'_>,
    field: &'static str,
) -> Result<Vec<u8>, HttpSignatureError> {
    let lines: Vec<_> = request.values(field).collect();
    let found = lines.iter().map(|line| line.len() + 2).sum();
    match found {
        0 => Err(HttpSignatureError::Absent),
        1..=MAX_FIELD_BYTES => Ok(lines.join(&b", "[..])),
        _ => Err(HttpSignatureError::TooLong { field, found }),
    }
}

impl<'a> Dictionary<'a> {
    pub(super) fn parse(text: &'a [u8], field: &'static str) -> Result<Self, HttpSignatureError> {
        let mut entries = Vec::new();
        Parser::new(text)
            .parse_dictionary_with_visitor(Entries(&mut entries))
            .map_err(|_| HttpSignatureError::Syntax(field))?;
        if entries.len() > MAX_SIGNATURES {
            return Err(HttpSignatureError::TooManySignatures);
        }
        let twice = |(place, (key, _)): (usize, &(&KeyRef, _))| {
            entries.iter().take(place).any(|(other, _)| other == key)
        };
        match entries.iter().enumerate().any(twice) {
            true => Err(HttpSignatureError::DuplicateLabel(field)),
            false => Ok(Self(entries)),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.entries()
            .find(|(this, _)| *this == key)
            .map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<'a> InnerList<'a> {
    pub(super) fn items(&self) -> &[(BareItemFromInput<'a>, ParameterList<'a>)] {
        &self.items
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &BareItemFromInput<'a>)> {
        self.parameters
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&BareItemFromInput<'a>> {
        self.parameters()
            .find(|(this, _)| *this == name)
            .map(|(_, value)| value)
    }

    /// Without optional space, as it was signed.
    pub(super) fn serialized(&self) -> Result<String, HttpSignatureError> {
        let mut list = ListSerializer::new();
        let mut items = list.inner_list();
        for (item, parameters) in &self.items {
            let _ = items
                .bare_item(RefBareItem::from(item))
                .parameters(borrowed(parameters));
        }
        let _ = items.finish().parameters(borrowed(&self.parameters));
        list.finish()
            .ok_or(HttpSignatureError::Syntax("signature-input"))
    }
}

fn borrowed<'a>(
    parameters: &'a ParameterList<'_>,
) -> impl Iterator<Item = (&'a KeyRef, RefBareItem<'a>)> {
    parameters
        .iter()
        .map(|(key, value)| (*key, RefBareItem::from(value)))
}

/// A string (RFC 9651 section 3.3.3).
pub(super) fn text<'a>(item: &'a BareItemFromInput<'_>) -> Option<&'a str> {
    match item {
        BareItemFromInput::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// An integer (section 3.3.1).
pub(super) fn integer(item: &BareItemFromInput<'_>) -> Option<i64> {
    match item {
        BareItemFromInput::Integer(integer) => Some((*integer).into()),
        _ => None,
    }
}

/// A byte sequence (section 3.3.5).
pub(super) fn bytes<'a>(item: &'a BareItemFromInput<'_>) -> Option<&'a [u8]> {
    match item {
        BareItemFromInput::ByteSequence(bytes) => Some(bytes),
        _ => None,
    }
}

/// A byte sequence, written.
pub(super) fn written_bytes(bytes: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(bytes))
}

/// A key, if the text is one (section 3.1.2).
pub(super) fn key(text: &str) -> Option<&str> {
    KeyRef::from_str(text).ok().map(KeyRef::as_str)
}

struct Entries<'v, 'a>(&'v mut Vec<(&'a KeyRef, Value<'a>)>);

struct Entry<'v, 'a> {
    entries: &'v mut Vec<(&'a KeyRef, Value<'a>)>,
    key: &'a KeyRef,
}

impl<'a> DictionaryVisitor<'a> for Entries<'_, 'a> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Infallible> {
        let entries = &mut *self.0;
        Ok(Entry { entries, key })
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<'a> EntryVisitor<'a> for Entry<'_, 'a> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'a>, Infallible> {
        let Self { entries, key } = self;
        Ok(move |item: BareItemFromInput<'a>| {
            entries.push((key, Value::Item(item)));
            Ok::<_, Infallible>(sfv::visitor::Ignored)
        })
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Infallible> {
        Ok(List {
            entry: self,
            list: InnerList::default(),
        })
    }
}

struct List<'v, 'a> {
    entry: Entry<'v, 'a>,
    list: InnerList<'a>,
}

impl<'a> InnerListVisitor<'a> for List<'_, 'a> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'a>, Infallible> {
        let items = &mut self.list.items;
        Ok(move |item: BareItemFromInput<'a>| {
            Ok::<_, Infallible>(Collected::new(move |parameters| {
                items.push((item, parameters));
            }))
        })
    }

    fn finish(self) -> Result<impl ParameterVisitor<'a>, Infallible> {
        let Self { entry, mut list } = self;
        Ok(Collected::new(move |parameters| {
            list.parameters = parameters;
            entry.entries.push((entry.key, Value::InnerList(list)));
        }))
    }
}

/// Collects parameters and hands them on.
struct Collected<'a, F> {
    parameters: ParameterList<'a>,
    then: F,
}

impl<F> Collected<'_, F> {
    const fn new(then: F) -> Self {
        Self {
            parameters: Vec::new(),
            then,
        }
    }
}

impl<'a, F: FnOnce(ParameterList<'a>)> ParameterVisitor<'a> for Collected<'a, F> {
    type Out = ();
    type Error = Infallible;

    fn parameter(
        &mut self,
        key: &'a KeyRef,
        value: BareItemFromInput<'a>,
    ) -> Result<(), Infallible> {
        self.parameters.push((key, value));
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        (self.then)(self.parameters);
        Ok(())
    }
}
