//! Translates callbacks of a proxy-wasm host to events and effects to host calls.
//!
//! Whatever is decided is decided in `sallyport-filter-core`. A panic in a callback would hang the
//! requests that wait, so nothing here unwraps; a filter that cannot work denies.

mod abi;
mod attributes;
mod calls;
mod connection;
mod guard;
mod host;
mod http;
mod metrics;
#[cfg(feature = "recording")]
mod recorder;
mod root;
mod watcher;

use proxy_wasm::traits::RootContext;

/// A new instance of the filter, or of a service that watches for filters: which one, and with what
/// policy, says its configuration.
pub fn root(context: u32) -> Box<dyn RootContext> {
    Box::new(root::Root::new(context))
}
