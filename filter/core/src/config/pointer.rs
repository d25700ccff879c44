//! Where a parser stopped in a JSON document, as a JSON pointer (RFC 6901): the value that was being
//! read, or that had just been read. serde_json knows lines and columns only.

/// What is open around a place.
enum Frame {
    /// An object, and the key whose value comes or has come; none where a key is expected.
    Object(Option<String>),
    /// An array, how many elements were read in it, and whether another one has begun.
    Array { position: usize, begun: bool },
}

/// The pointer for a line and a column as serde_json counts them: both from 1, columns in bytes.
pub(super) fn pointer(text: &str, line: usize, column: usize) -> String {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let end = before.saturating_add(column).min(text.len());
    let read = text.as_bytes().get(..end).unwrap_or_default();
    frames(read)
        .iter()
        .fold(String::new(), |pointer, frame| match frame {
            Frame::Object(None) | Frame::Array { begun: false, .. } => pointer,
            Frame::Object(Some(key)) => {
                let token = token(key);
                format!("{pointer}/{token}")
            }
            Frame::Array { position, .. } => format!("{pointer}/{position}"),
        })
}

/// The name of a member, as it stands in a pointer (RFC 6901 section 3).
pub(super) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn frames(mut read: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((byte, rest)) = read.split_first() {
        let here = read;
        read = rest;
        if let Some(Frame::Array { begun, .. }) = frames.last_mut() {
            *begun |= !byte.is_ascii_whitespace() && !b",]".contains(byte);
        }
        match byte {
            b'{' => frames.push(Frame::Object(None)),
            b'[' => frames.push(Frame::Array {
                position: 0,
                begun: false,
            }),
            b'}' | b']' => {
                frames.pop();
            }
            b',' => match frames.last_mut() {
                Some(Frame::Object(key)) => *key = None,
                Some(Frame::Array { position, begun }) => {
                    *position += 1;
                    *begun = false;
                }
                None => {}
            },
            b'"' => {
                let Some(length) = string(here) else { break };
                let (string, rest) = here.split_at_checked(length).unwrap_or_default();
                read = rest;
                if let Some(Frame::Object(key @ None)) = frames.last_mut() {
                    *key = serde_json::from_slice(string).ok();
                }
            }
            _ => {}
        }
    }
    frames
}

/// How long the string is that starts here, quotes included; none if it does not end.
fn string(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let end = bytes.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map(|end| end + 2)
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Value, json};
    use serde_path_to_error::Segment;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Node {
        n: u8,
        #[serde(default)]
        list: Vec<Self>,
        #[serde(default)]
        map: BTreeMap<String, Self>,
        word: Option<Word>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Word {
        One,
    }

    /// What serde_path_to_error says, and what is said here.
    fn both(text: &str) -> Option<(String, String)> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Node>(&mut deserializer).err()?;
        let expected = error.path().iter().fold(String::new(), |at, segment| {
            let token = match segment {
                Segment::Seq { index } => index.to_string(),
                Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
                other => panic!("{other:?}"),
            };
            format!("{at}/{token}")
        });
        let error = serde_json::from_str::<Node>(text).unwrap_err();
        Some((expected, pointer(text, error.line(), error.column())))
    }

    /// A document with one thing wrong in it, somewhere.
    fn wrong() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!({"n": 1, "extra": 1})),
            Just(json!({"n": "a \"text\" with, [every] {thing}"})),
            Just(json!({"n": 300})),
            Just(json!({"list": []})),
            Just(json!({"n": 1, "list": {}})),
            Just(json!({"n": 1, "list": ["x"]})),
            Just(json!({"n": 1, "map": [1]})),
            Just(json!({"n": 1, "word": "tw\\o"})),
            Just(json!({"n": 1, "word": ["one"]})),
        ];
        leaf.prop_recursive(4, 16, 3, |inner| {
            let good = json!({"n": 2, "map": {"a,]": {"n": 3}}});
            prop_oneof![
                (inner.clone(), 0..3_usize).prop_map(move |(wrong, before)| {
                    let mut list = vec![good.clone(); before];
                    list.push(wrong);
                    json!({"n": 0, "list": list})
                }),
                (inner, "[a-c/~\"\\\\{\\[]{0,4}")
                    .prop_map(|(wrong, key)| { json!({"map": {key: wrong}, "n": 0}) }),
            ]
        })
    }

    proptest! {
        #[test]
        fn places_are_those_that_a_tracking_parser_finds(wrong in wrong()) {
            for text in [wrong.to_string(), serde_json::to_string_pretty(&wrong).unwrap()] {
                let (expected, found) = both(&text).unwrap();
                prop_assert_eq!(found, expected, "{}", text);
            }
        }

        #[test]
        fn any_place_in_any_text_has_a_pointer(text: String, line: usize, column: usize) {
            pointer(&text, line, column);
            pointer(&text, line % 4, column % 64);
        }
    }
}
