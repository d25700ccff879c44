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

/// An enum whose variants are words, for serde and for the schema; or what lets serde read one that has
/// variants besides.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$of_variant:meta])* $variant:ident = $word:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
        $visibility enum $name {
            $(
                $(#[$of_variant])*
                #[cfg_attr(test, schemars(rename = $word))]
                $variant
            ),+
        }

        $crate::word::words!($name { $($variant = $word),+ });
    };
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                const WORDS: &[&str] = &[$($word),+];
                let place = $crate::word::place(deserializer, WORDS)?;
                let known = [$(Self::$variant),+].get(place).copied();
                known.ok_or_else(|| serde::de::Error::custom("no such word"))
            }
        }
    };
}

pub(crate) use words;
