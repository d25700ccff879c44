//! JSON objects with known members. What serde makes of a struct reads arrays too, and is twice as long in
//! WebAssembly.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// Reads the name of a member; its place among the known ones.
pub(in crate::config) struct Member(pub(in crate::config) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Member {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Member {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let place = self.0.iter().position(|known| *known == name);
        place.ok_or_else(|| E::unknown_field(name, self.0))
    }
}

/// Lets serde read a struct from an object: `field = "member"` takes its default where there is no such
/// member, `field = "member", required` is missed.
macro_rules! object {
    ($name:ident { $($field:ident = $member:literal $(, $required:ident)?);+ $(;)? }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> Result<Self, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A>(self, mut access: A) -> Result<$name, A::Error>
                    where
                        A: serde::de::MapAccess<'de>,
                    {
                        use serde::de::Error as _;

                        const MEMBERS: &[&str] = &[$($member),+];
                        $(let mut $field = None;)+
                        while let Some(place) = access.next_key_seed(
                            $crate::config::document::object::Member(MEMBERS),
                        )? {
                            let mut rest = place;
                            $(
                                if rest == 0 {
                                    // Before its value is read: the parser still stands at the name.
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field($member));
                                    }
                                    $field = Some(access.next_value()?);
                                    continue;
                                }
                                rest = rest.saturating_sub(1);
                            )+
                            // `Member` knows no other place.
                            let _ = rest;
                        }
                        Ok($name {
                            $($field: $crate::config::document::object::given!(
                                $field, $member, A $(, $required)?
                            ),)+
                        })
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }
    };
}

/// A member's value, or what stands for it.
macro_rules! given {
    ($field:ident, $member:literal, $access:ident) => {
        $field.unwrap_or_default()
    };
    ($field:ident, $member:literal, $access:ident, required) => {
        $field.ok_or_else(|| $access::Error::missing_field($member))?
    };
}

pub(in crate::config) use {given, object};
