//! Single values of a JSON document: found by JSON pointer (RFC 6901) and replaced where they stand.
//!
//! The text around them stays as it is, byte for byte: the order of members, space, and numbers that
//! no float could hold. Nothing is parsed into a tree and written again.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::strict_json::{JsonError, Limits, quoted, scan};

/// Longest pointer, in bytes.
pub const MAX_POINTER_BYTES: usize = 1024;
/// Longest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
/// Objects and arrays within each other.
pub const MAX_DEPTH: usize = 64;

const LIMITS: Limits = Limits {
    bytes: MAX_DOCUMENT_BYTES,
    depth: MAX_DEPTH,
    values: usize::MAX,
};

/// Why there is no such value, or no place for one. Nothing of the document is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonFieldError {
    /// RFC 6901 section 3: not empty and without a slash at the start, `~` without 0 or 1 behind it,
    /// or too long, or too deep.
    #[error(
        "a JSON pointer is empty or starts with '/', has ~0 for '~', ~1 for '/', and at most {MAX_POINTER_BYTES} bytes and {MAX_DEPTH} levels"
    )]
    Pointer,
    /// The document is not taken.
    #[error("document: {0}")]
    Document(JsonError),
    /// The new value is not taken.
    #[error("value: {0}")]
    Value(JsonError),
    /// An object on the way has the member twice: which one a reader would take cannot be known.
    #[error("level {level} of the document has the member twice")]
    Twice {
        /// How many tokens of the pointer lead to the object.
        level: usize,
    },
    /// The parent is no object, or there is none.
    #[error("there is no object to put the member into")]
    NoParent,
}

/// A JSON pointer within its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl std::str::FromStr for Pointer {
    type Err = JsonFieldError;

    fn from_str(text: &str) -> Result<Self, JsonFieldError> {
        if text.len() > MAX_POINTER_BYTES {
            return Err(JsonFieldError::Pointer);
        }
        let mut tokens = text.split('/');
        if tokens.next() != Some("") {
            return Err(JsonFieldError::Pointer);
        }
        let tokens: Vec<_> = tokens
            .map(|token| unescape(token).ok_or(JsonFieldError::Pointer))
            .collect::<Result<_, _>>()?;
        match tokens.len() > MAX_DEPTH {
            true => Err(JsonFieldError::Pointer),
            false => Ok(Self(tokens)),
        }
    }
}

impl Pointer {
    /// Whether the value of the other one is this one's, or a part of it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

/// Where the value at `pointer` stands in the text; none if there is no such value.
///
/// The range holds exactly one JSON value, without space around it.
///
/// # Errors
/// If the document is not JSON within the limits, or ambiguous on the way to the value.
pub fn find(document: &str, pointer: &Pointer) -> Result<Option<Range<usize>>, JsonFieldError> {
    scan(document.as_bytes(), LIMITS).map_err(JsonFieldError::Document)?;
    find_tokens(document, &pointer.0)
}

/// Replaces the value at `pointer` by `value`, itself JSON text. Where the object around it has no
/// such member, it becomes its last one.
///
/// # Errors
/// As [`find`]; if `value` is no JSON; if there is no object to put a member into.
pub fn set(document: &str, pointer: &Pointer, value: &str) -> Result<String, JsonFieldError> {
    scan(value.as_bytes(), LIMITS).map_err(JsonFieldError::Value)?;
    raw(value).map_err(JsonFieldError::Value)?;
    if let Some(place) = find(document, pointer)? {
        return Ok(splice(document, place, &[value.trim_ascii()]));
    }
    let (name, parent) = pointer.0.split_last().ok_or(JsonFieldError::NoParent)?;
    let parent = find_tokens(document, parent)?.ok_or(JsonFieldError::NoParent)?;
    let inner = document
        .get(parent.clone())
        .and_then(|text| text.strip_prefix('{')?.strip_suffix('}'))
        .ok_or(JsonFieldError::NoParent)?;
    let end = parent.end - 1;
    let comma = if inner.trim_ascii().is_empty() {
        ""
    } else {
        ","
    };
    let name = quoted(name);
    Ok(splice(
        document,
        end..end,
        &[comma, &name, ":", value.trim_ascii()],
    ))
}

fn find_tokens(document: &str, tokens: &[String]) -> Result<Option<Range<usize>>, JsonFieldError> {
    let mut value = raw(document).map_err(JsonFieldError::Document)?;
    for (level, token) in tokens.iter().enumerate() {
        let mut parser = serde_json::Deserializer::from_str(value.get());
        let child = Child(token)
            .deserialize(&mut parser)
            .map_err(|error| JsonFieldError::Document(error.into()))?;
        match child {
            Found::One(child) => value = child,
            Found::None => return Ok(None),
            Found::Two => return Err(JsonFieldError::Twice { level }),
        }
    }
    // What serde_json borrows is a part of the document.
    let start = value.get().as_ptr().addr() - document.as_ptr().addr();
    Ok(Some(start..start + value.get().len()))
}

/// The whole of a text as one value, without the space around it.
fn raw(text: &str) -> Result<&RawValue, JsonError> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = <&RawValue>::deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

fn splice(document: &str, place: Range<usize>, parts: &[&str]) -> String {
    let before = document.get(..place.start).unwrap_or_default();
    let after = document.get(place.end..).unwrap_or_default();
    [&[before], parts, &[after]].concat().concat()
}

/// RFC 6901 section 4.
fn unescape(token: &str) -> Option<String> {
    let mut plain = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

/// One step: the member or item that a token names.
struct Child<'t>(&'t str);

enum Found<'de> {
    None,
    One(&'de RawValue),
    Two,
}

impl<'de> DeserializeSeed<'de> for Child<'_> {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Child<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::None;
        while let Some(Name(name)) = access.next_key()? {
            let value = access.next_value::<&RawValue>()?;
            if name == self.0 {
                found = match found {
                    Found::None => Found::One(value),
                    _ => Found::Two,
                };
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Found<'de>, A::Error> {
        let wanted = index(self.0);
        let (mut found, mut at) = (Found::None, 0);
        while let Some(item) = access.next_element::<&RawValue>()? {
            if Some(at) == wanted {
                found = Found::One(item);
            }
            at += 1;
        }
        Ok(found)
    }

    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Found<'de>, E> {
        Ok(Found::None)
    }
}

/// RFC 6901 section 4: no leading zeros.
fn index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    match digits && (token == "0" || !token.starts_with('0')) {
        true => token.parse().ok(),
        false => None,
    }
}

/// Borrowed unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
