//! The filter as it is shipped, and all that it lives through in Envoy's log: what `make recordings` runs. Secrets are in
//! that log, so that no gateway may ever run this with any that count.

#![cfg(target_arch = "wasm32")]

mod entry {
    use proxy_wasm::types::LogLevel;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(sallyport_filter_shell::root);
    }}
}
