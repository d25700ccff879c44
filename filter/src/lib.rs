//! `filter.wasm`: translates callbacks of a proxy-wasm host to events and effects to host calls.
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
mod root;
mod watcher;

mod entry {
    use proxy_wasm::traits::RootContext;
    use proxy_wasm::types::LogLevel;

    use crate::root::Root;

    proxy_wasm::main! {{
        // Also installs the hook that writes a panic to Envoy's log.
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|id| -> Box<dyn RootContext> { Box::new(Root::new(id)) });
    }}
}
