use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn pointer(text: &str) -> Pointer {
    text.parse().unwrap()
}

fn value<'a>(document: &'a str, at: &str) -> Option<&'a str> {
    find(document, &pointer(at))
        .unwrap()
        .map(|place| &document[place])
}

/// RFC 6901 section 5.
const EXAMPLE: &str = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
    "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#;

#[test]
fn the_examples_of_rfc_6901_are_found() {
    for (at, expected) in [
        ("", EXAMPLE),
        ("/foo", r#"["bar", "baz"]"#),
        ("/foo/0", r#""bar""#),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ] {
        assert_eq!(value(EXAMPLE, at), Some(expected), "{at}");
    }
    for absent in [
        "/bar", "/foo/2", "/foo/-", "/foo/00", "/foo/+1", "/foo/0/x", "/a~1b/0",
    ] {
        assert_eq!(value(EXAMPLE, absent), None, "{absent}");
    }
}

#[test]
fn everything_around_a_replaced_value_stays_as_it_was() {
    let document =
        "{ \"b\": 1.0e2,\n\t\"card\" : {\"pan\":  4111111111111111111111 , \"x\":[ ]}, \"a\":1 }";
    assert_eq!(
        set(document, &pointer("/card/pan"), " \"eyJ\"\n").unwrap(),
        "{ \"b\": 1.0e2,\n\t\"card\" : {\"pan\":  \"eyJ\" , \"x\":[ ]}, \"a\":1 }"
    );
}

#[test]
fn a_new_member_comes_last_and_its_name_is_escaped() {
    assert_eq!(set("{}", &pointer("/a\"b"), "1").unwrap(), r#"{"a\"b":1}"#);
    assert_eq!(
        set(r#"{"a":{"b":1} }"#, &pointer("/a/c"), "[]").unwrap(),
        r#"{"a":{"b":1,"c":[]} }"#
    );
    for (document, at) in [
        ("[]", "/0"),
        ("1", "/a"),
        ("{}", "/a/b"),
        (r#"{"a":"{}"}"#, "/a/b"),
    ] {
        assert_eq!(
            set(document, &pointer(at), "1"),
            Err(JsonFieldError::NoParent),
            "{at}"
        );
    }
}

#[test]
fn a_document_that_has_the_member_twice_is_refused() {
    let document = r#"{"a":{"b":1,"\u0062":2}}"#;
    assert_eq!(
        find(document, &pointer("/a/b")),
        Err(JsonFieldError::Twice { level: 1 })
    );
    assert!(find(document, &pointer("/a")).is_ok());
}

#[test]
fn what_is_no_json_is_refused_wherever_the_pointer_leads() {
    for document in [
        "",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "\"\\x\"",
    ] {
        for at in ["", "/a"] {
            assert!(
                matches!(
                    find(document, &pointer(at)),
                    Err(JsonFieldError::Document(_))
                ),
                "{document}"
            );
        }
    }
    for value in ["", "1 2", "}", "\"", "1},\"admin\":{\"x\":1"] {
        assert!(
            matches!(
                set("{}", &pointer("/a"), value),
                Err(JsonFieldError::Value(_))
            ),
            "{value}"
        );
    }
    let deep = "[".repeat(MAX_DEPTH + 1);
    assert_eq!(
        find(&deep, &pointer("")),
        Err(JsonFieldError::Document(JsonError::TooDeep {
            max: MAX_DEPTH
        }))
    );
}

#[test]
fn what_is_no_pointer_is_refused() {
    let long = format!("/{}", "a".repeat(MAX_POINTER_BYTES));
    let deep = "/a".repeat(MAX_DEPTH + 1);
    for text in ["a", "a/b", "#/a", "/~", "/~2", "/a~", &long, &deep] {
        assert_eq!(
            text.parse::<Pointer>(),
            Err(JsonFieldError::Pointer),
            "{text}"
        );
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c~/\"]{0,2}", inner, 0..4).prop_map(|members| members
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// Pointers to everything in a value.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{index}"), all);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                pointers(member, &format!("{at}/{name}"), all);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_value_is_found_and_replaced_as_serde_json_would(
        tree in document(), new in document(), pretty: bool,
    ) {
        let text = if pretty { serde_json::to_string_pretty(&tree) } else { serde_json::to_string(&tree) };
        let (text, new_text) = (text.unwrap(), new.to_string());
        let mut all = Vec::new();
        pointers(&tree, "", &mut all);
        for at in all {
            let found: Value = serde_json::from_str(value(&text, &at).unwrap()).unwrap();
            prop_assert_eq!(Some(&found), tree.pointer(&at));
            let changed = set(&text, &pointer(&at), &new_text).unwrap();
            let mut expected = tree.clone();
            *expected.pointer_mut(&at).unwrap() = new.clone();
            prop_assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), expected);
        }
    }

    #[test]
    fn no_text_makes_it_panic(document in "\\PC{0,60}", at in "(/[a-c0-2~]{0,2}){0,3}") {
        if let Ok(pointer) = at.parse() {
            let _ = find(&document, &pointer);
            let _ = set(&document, &pointer, &document);
        }
    }
}
