//! JSON of the vault and of our own. Structs are read from objects alone: to read them from arrays too is a
//! third of what reading is in WebAssembly.

use sallyport_model::Objects;
use serde::de::Deserialize;

/// Reads all of `text`.
///
/// # Errors
/// It is not JSON, or not of the shape of `T`.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(Objects(&mut json))?;
    json.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
        #[serde(default)]
        y: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Shape {
        Nothing,
        Dot(Point),
        Line { from: Point, to: Point },
        Marks(Vec<Point>),
        Named(BTreeMap<String, Point>),
    }

    const fn point(x: u8) -> Point {
        Point { x, y: None }
    }

    #[test]
    fn structs_and_variants_are_read_from_objects_wherever_they_are() {
        for (text, shape) in [
            (r#""Nothing""#, Shape::Nothing),
            (r#"{"Dot":{"x":1,"y":null,"z":[]}}"#, Shape::Dot(point(1))),
            (
                r#"{"Line":{"to":{"x":2},"from":{"x":1}}}"#,
                Shape::Line {
                    from: point(1),
                    to: point(2),
                },
            ),
            (r#"{"Marks":[{"x":3}]} "#, Shape::Marks(vec![point(3)])),
            (
                r#"{"Named":{"a":{"x":4}}}"#,
                Shape::Named(BTreeMap::from([("a".into(), point(4))])),
            ),
        ] {
            assert_eq!(read::<Shape>(text.as_bytes()).unwrap(), shape);
        }
    }

    #[test]
    fn arrays_are_not_read_as_structs_however_deep() {
        for text in [
            r#"{"Dot":[1,2]}"#,
            r#"{"Line":[{"x":1},{"x":2}]}"#,
            r#"{"Line":{"from":[1,null],"to":{"x":2}}}"#,
            r#"{"Marks":[[1,2]]}"#,
            r#"{"Named":{"a":[1,2]}}"#,
        ] {
            assert!(serde_json::from_str::<Shape>(text).is_ok(), "{text}");
            let refused = read::<Shape>(text.as_bytes()).unwrap_err();
            assert!(refused.to_string().contains("sequence"), "{refused}");
        }
    }

    #[test]
    fn raw_values_are_borrowed_and_nothing_may_follow() {
        let raw: &RawValue = read(br#"[1, {"x": 2}]"#).unwrap();
        assert_eq!(raw.get(), r#"[1, {"x": 2}]"#);
        assert!(read::<Point>(br#"{"x":1} {}"#).is_err());
        assert!(read::<Point>(br#"{"x":256}"#).is_err());
    }
}
