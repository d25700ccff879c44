//! Limits on JSON that are checked on the bytes, before a parser spends memory on them.
//!
//! The scan does not decide whether the bytes are JSON: it counts what a parser would have to keep,
//! and is right about that for every document a parser would accept.

use thiserror::Error;

/// Deepest nesting of arrays and objects.
pub(super) const MAX_DEPTH: usize = 32;

/// Most values and keys in a document, containers included.
pub(super) const MAX_VALUES: usize = 10_000;

/// Which limit was passed, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum JsonLimit {
    #[error("is nested too deeply at byte {offset}; there may be {MAX_DEPTH} levels")]
    Depth { offset: usize },
    #[error(
        "has too many values at byte {offset}; there may be {MAX_VALUES}, keys counted with them"
    )]
    Values { offset: usize },
}

/// Where the scan is.
#[derive(Clone, Copy)]
enum State {
    Between,
    Word,
    Text,
    Escape,
}

/// Refuses a document that is too deep or has too many values. One pass, no memory.
pub(super) fn check(bytes: &[u8]) -> Result<(), JsonLimit> {
    let (mut depth, mut values, mut state) = (0_usize, 0_usize, State::Between);
    for (offset, byte) in bytes.iter().enumerate() {
        state = match (state, byte) {
            (State::Text, b'"') => State::Between,
            (State::Text, b'\\') => State::Escape,
            (State::Text | State::Escape, _) => State::Text,
            (State::Between | State::Word, b'{' | b'[') => {
                depth += 1;
                values += 1;
                State::Between
            }
            (State::Between | State::Word, b'}' | b']') => {
                depth = depth.saturating_sub(1);
                State::Between
            }
            (State::Between | State::Word, b'"') => {
                values += 1;
                State::Text
            }
            (State::Between | State::Word, b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => {
                State::Between
            }
            (State::Between, _) => {
                values += 1;
                State::Word
            }
            (State::Word, _) => State::Word,
        };
        if depth > MAX_DEPTH {
            return Err(JsonLimit::Depth { offset });
        }
        if values > MAX_VALUES {
            return Err(JsonLimit::Values { offset });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_limits_are_exact() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(
            check(nested(MAX_DEPTH + 1).as_bytes()),
            Err(JsonLimit::Depth { offset: MAX_DEPTH })
        );

        // The array itself is a value too.
        let array = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert_eq!(check(array(MAX_VALUES - 1).as_bytes()), Ok(()));
        assert!(matches!(
            check(array(MAX_VALUES).as_bytes()),
            Err(JsonLimit::Values { .. })
        ));
        let keys: Vec<_> = (0..MAX_VALUES / 2)
            .map(|n| format!("\"{n}\":true"))
            .collect();
        assert!(matches!(
            check(format!("{{{}}}", keys.join(",")).as_bytes()),
            Err(JsonLimit::Values { .. })
        ));
    }

    #[test]
    fn brackets_and_quotes_inside_text_do_not_count() {
        let text = format!(r#"{{"a\"{}":"\\"}}"#, "[{".repeat(MAX_DEPTH));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        assert_eq!(check(text.as_bytes()), Ok(()));
    }

    #[test]
    fn documents_that_never_close_are_stopped_at_the_limit() {
        for piece in ["[", "{\"a\":", "[[[[", "{\"a\":{\"a\":"] {
            let error = check(piece.repeat(100_000).as_bytes()).unwrap_err();
            assert!(matches!(error, JsonLimit::Depth { offset } if offset < 40 * piece.len()));
        }
        let error = check("1,".repeat(100_000).as_bytes()).unwrap_err();
        assert!(matches!(error, JsonLimit::Values { offset: 20_000 }));
    }

    /// What a parser keeps.
    fn measure(value: &Value) -> (usize, usize) {
        let inside = |values: Vec<(usize, usize)>, keys: usize| {
            let depth = values.iter().map(|(depth, _)| depth).max().unwrap_or(&0) + 1;
            let count: usize = values.iter().map(|(_, count)| count).sum();
            (depth, count + keys + 1)
        };
        match value {
            Value::Array(items) => inside(items.iter().map(measure).collect(), 0),
            Value::Object(fields) => inside(fields.values().map(measure).collect(), fields.len()),
            _ => (0, 1),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        // Deeper than the limit, so that both sides of it are seen.
        leaf.prop_recursive(40, 400, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..3).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,8}", inner, 1..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_scan_agrees_with_the_parser(value in values(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let (depth, count) = measure(&value);
            let within = depth <= MAX_DEPTH && count <= MAX_VALUES;
            prop_assert_eq!(check(text.as_bytes()).is_ok(), within, "{} deep, {} values", depth, count);
        }

        #[test]
        fn any_bytes_are_scanned_without_panic(bytes: Vec<u8>) {
            let _ = check(&bytes);
        }
    }
}
