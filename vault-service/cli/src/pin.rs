//! `--pin`: one pin of a pinset.

use std::str::FromStr;

use serde_json::{Map, Value};

/// What is said of a pin, as the API has it. The vault checks the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PinSpec(Map<String, Value>);

/// The words before the `=`, and the fields of the API.
const FIELDS: [(&str, &str); 6] = [
    ("digest", "digest"),
    ("kind", "kind"),
    ("role", "role"),
    ("not-before", "notBefore"),
    ("not-after", "notAfter"),
    ("note", "note"),
];

impl PinSpec {
    /// The JSON object of the API.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

impl FromStr for PinSpec {
    type Err = String;

    /// `digest=sha256/...,kind=spki,role=backup,not-before=DAY,not-after=DAY,note=TEXT`, in any order;
    /// the note is the last, because it may have commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut fields = Map::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (word, after) = rest
                .split_once('=')
                .ok_or_else(|| format!("{rest:?} has no = in it"))?;
            let (value, after) = match word {
                "note" => (after, ""),
                _ => after.split_once(',').unwrap_or((after, "")),
            };
            let known = FIELDS.iter().find(|(known, _)| *known == word);
            let Some((_, field)) = known else {
                let words = FIELDS.map(|(word, _)| word).join(", ");
                return Err(format!("{word:?} is not one of {words}"));
            };
            let value = Value::from(value);
            if fields.insert((*field).to_owned(), value).is_some() {
                return Err(format!("{word} is there twice"));
            }
            rest = after;
        }
        if fields.contains_key("digest") {
            Ok(Self(fields))
        } else {
            Err("a pin has a digest".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pin_is_read_word_by_word_and_its_note_to_the_end() {
        let text = "role=backup,digest=sha256/AA==,not-after=2027-12-31,note=a, b=c";
        let pin = text.parse::<PinSpec>().unwrap().into_value();
        let expected = json!({"role": "backup", "digest": "sha256/AA==",
            "notAfter": "2027-12-31", "note": "a, b=c"});
        assert_eq!(pin, expected);
    }

    #[test]
    fn a_typo_is_refused_before_anything_is_sent() {
        for text in [
            "",
            "abc",
            "role=backup",
            "digest=a,digest=b",
            "digest=a,colour=b",
            "digest=a,,role=b",
            "digest=a,role",
        ] {
            assert!(text.parse::<PinSpec>().is_err(), "{text}");
        }
    }
}
