//! Settings that are one of a few words. What serde makes of an enum is a kilobyte for each in WebAssembly.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// Reads a word; its place among `words`.
pub(crate) fn place<'de, D: Deserializer<'de>>(
    deserializer: D,
    words: &'static [&'static str],
) -> Result<usize, D::Error> {
    deserializer.deserialize_str(OneOf(words))
}

struct OneOf(&'static [&'static str]);

impl Visitor<'_> for OneOf {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of ")?;
        f.write_str(&self.0.join(", "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        let place = self.0.iter().position(|word| *word == text);
        place.ok_or_else(|| E::unknown_variant(text, self.0))
    }
}

/// Lets serde read an enum by these words, which are those of its schema.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                const WORDS: &[&str] = &[$($word),+];
                let place = $crate::config::place_of_word(deserializer, WORDS)?;
                let known = [$(Self::$variant),+].get(place).copied();
                known.ok_or_else(|| serde::de::Error::custom("no such word"))
            }
        }
    };
}

pub(crate) use words;
