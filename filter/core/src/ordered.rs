//! Sets and maps of some hundred things, in vectors. A tree of the standard library is five kilobytes of
//! WebAssembly for each kind of thing, and so is sorting one.

use litemap::LiteMap;

/// By key.
pub(crate) type Map<K, V> = LiteMap<K, V>;

/// Maps by name as JSON objects; the map's own way is to sort what it reads.
pub(crate) mod object {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde::{Serialize, Serializer};

    use super::Map;

    pub(crate) fn serialize<V: Serialize, S: Serializer>(
        map: &Map<String, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(map.iter())
    }

    pub(crate) fn deserialize<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Map<String, V>, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }

    struct Members<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
        type Value = Map<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut map = Map::new();
            while let Some((name, value)) = members.next_entry()? {
                map.insert(name, value);
            }
            Ok(map)
        }
    }
}

/// Each once, in order.
#[derive(Debug)]
pub(crate) struct Set<T>(Map<T, ()>);

impl<T: Ord> Set<T> {
    /// Whether it was not in it.
    pub(crate) fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }

    pub(crate) fn contains(&self, item: &T) -> bool {
        self.0.contains_key(item)
    }

    pub(crate) fn into_vec(self) -> Vec<T> {
        let items = self.0.into_tuple_vec().into_iter();
        items.map(|(item, ())| item).collect()
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut set = Self(Map::new_vec());
        set.extend(items);
        set
    }
}
