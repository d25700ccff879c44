//! JSON from strangers: limits before it is parsed, and no member twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

/// How much of it is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Length of the text, in bytes.
    pub(crate) bytes: usize,
    /// Objects and arrays within each other.
    pub(crate) depth: usize,
    /// Values, at any depth.
    pub(crate) values: usize,
}

/// Why a text is not taken. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Longer than is taken.
    #[error("{found} bytes of JSON, at most {max} are taken")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes taken.
        max: usize,
    },
    /// Objects and arrays within each other.
    #[error("JSON of more than {max} levels")]
    TooDeep {
        /// Levels taken.
        max: usize,
    },
    /// More values than are taken.
    #[error("JSON of more than {max} values")]
    TooMany {
        /// Values taken.
        max: usize,
    },
    /// Not JSON (RFC 8259), or an object that has a member twice, which parsers read in different
    /// ways.
    #[error("no JSON, or a member twice, at line {line}, column {column}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self::Syntax {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Parses an object.
pub(crate) fn parse_object(text: &[u8], limits: Limits) -> Result<Map<String, Value>, JsonError> {
    scan(text, limits)?;
    let mut parser = serde_json::Deserializer::from_slice(text);
    let object = parser.deserialize_map(Object)?;
    parser.end()?;
    Ok(object)
}

/// Of secrets that are JSON documents.
const SECRET: Limits = Limits {
    bytes: 256 * 1024,
    depth: 16,
    values: 8 * 1024,
};

/// The text or number at a JSON pointer (RFC 6901) of an object; `None` where there is none, or another
/// kind of value. What was parsed is zeroed.
///
/// # Errors
/// The document is no JSON object within its limits.
pub fn text_at(document: &str, pointer: &str) -> Result<Option<Zeroizing<String>>, JsonError> {
    let mut document = Value::Object(parse_object(document.as_bytes(), SECRET)?);
    let text = match document.pointer(pointer) {
        Some(Value::String(text)) => Some(Zeroizing::new(text.clone())),
        Some(Value::Number(number)) => Some(Zeroizing::new(number.to_string())),
        _ => None,
    };
    forget(&mut document);
    Ok(text)
}

fn forget(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Object(members) => members.values_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Looks at length, depth and number of values without parsing: what is no JSON may pass.
pub(crate) fn scan(text: &[u8], limits: Limits) -> Result<(), JsonError> {
    if text.len() > limits.bytes {
        return Err(JsonError::TooLong {
            found: text.len(),
            max: limits.bytes,
        });
    }
    let (mut depth, mut values) = (0_usize, 1_usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                depth += 1;
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > limits.depth {
            return Err(JsonError::TooDeep { max: limits.depth });
        }
        if values > limits.values {
            return Err(JsonError::TooMany { max: limits.values });
        }
    }
    Ok(())
}

/// A text as JSON. A writer of whole trees would bring floats, which nothing here writes.
pub(crate) fn quoted(text: &str) -> String {
    // A string that is written into a string does not fail.
    serde_json::to_string(text).unwrap_or_default()
}

/// An object of members whose values are JSON already, and whose names need no escapes.
pub(crate) fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Any)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(members)
    }
}

/// As `Value`, but for members that come twice.
struct Any;

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        Object.visit_map(access).map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 200,
        depth: 3,
        values: 12,
    };

    fn parse(text: &str) -> Result<Value, JsonError> {
        parse_object(text.as_bytes(), LIMITS).map(Value::Object)
    }

    #[test]
    fn every_kind_of_value_is_read_as_serde_json_reads_it() {
        let text = r#" {"a":[null,true,-1,2.5],"b":{"c":"\u00e4\"]"},"d":18446744073709551615} "#;
        assert_eq!(parse(text), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn texts_and_numbers_are_taken_out_of_a_document_and_nothing_else_is() {
        let document = r#"{"a":{"b~/":["x",7,true,null,{}]}}"#;
        let at = |pointer| {
            text_at(document, pointer)
                .unwrap()
                .map(|text| text.to_string())
        };
        assert_eq!(at("/a/b~0~1/0").as_deref(), Some("x"));
        assert_eq!(at("/a/b~0~1/1").as_deref(), Some("7"));
        for pointer in [
            "",
            "/a",
            "/a/b~0~1/2",
            "/a/b~0~1/3",
            "/a/b~0~1/4",
            "/a/b~0~1/00",
            "/c",
        ] {
            assert_eq!(at(pointer), None, "{pointer}");
        }
        assert!(text_at(r#"{"a":1,"a":2}"#, "/a").is_err());
    }

    #[test]
    fn a_member_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"b":2,"a":3}]}"#,
        ] {
            assert!(
                matches!(parse(text), Err(JsonError::Syntax { line: 1, .. })),
                "{text}"
            );
        }
        assert!(parse(r#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn limits_hold_before_anything_is_parsed() {
        let deep = format!("{{\"a\":{}", "[".repeat(100));
        assert_eq!(parse(&deep), Err(JsonError::TooDeep { max: 3 }));
        assert!(parse(r#"{"a":[[1]],"[[[[":"]]]]"}"#).is_ok());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(200));
        let found = long.len();
        assert_eq!(parse(&long), Err(JsonError::TooLong { found, max: 200 }));
        assert_eq!(
            parse(&format!("[{}", "1,".repeat(12))),
            Err(JsonError::TooMany { max: 12 })
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "",
            "[]",
            "1",
            "{",
            "{} {}",
            "{\"a\"}",
            "\u{feff}{}",
            "{\"a\":NaN}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
