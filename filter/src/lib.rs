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

use std::sync::atomic::{AtomicBool, Ordering};

use proxy_wasm::traits::RootContext;

/// Whether this module has the callbacks of responses. Envoy calls all that there are, for every response.
static TOLD_OF_RESPONSES: AtomicBool = AtomicBool::new(false);

/// Says that the module exports the callbacks of responses.
pub fn is_told_of_responses() {
    TOLD_OF_RESPONSES.store(true, Ordering::Relaxed);
}

/// A new instance of the filter, or of a service that watches for filters: which one, and with what
/// policy, says its configuration.
pub fn root(context: u32) -> Box<dyn RootContext> {
    Box::new(root::Root::new(context))
}
