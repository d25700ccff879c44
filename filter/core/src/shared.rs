//! One watch for all filters of an Envoy process.
//!
//! Filters of one virtual machine id and one vault are members of a namespace in the host's shared
//! data. One of them has the **lease** and watches for all; what the vault says it publishes: each
//! secret in a place of its own, and an **index** that names the places and has a generation. Every
//! member, the holder too, takes its snapshot from there. When the holder is gone its lease ends
//! and somebody else goes on from the index.

mod answer;
mod data;
mod holder;
mod index;
mod lease;
mod lists;
mod member;
mod registry;
mod watcher;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;

pub use data::{SharedData, Writing};
pub(crate) use index::{EntryState, Index, Place};
pub(crate) use lease::Rank;
pub(crate) use lists::ListedApart;
pub(crate) use member::Member;
pub use watcher::Watcher;
