//! Sets and maps made by inserting. Collecting into them sorts first, and every kind of thing that is
//! sorted is four kilobytes of WebAssembly.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

pub(crate) fn map<K: Ord, V>(items: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(items);
    map
}
