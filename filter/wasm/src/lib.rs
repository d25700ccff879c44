//! `filter.wasm`: the entry that a proxy-wasm host calls. The filter itself is `sallyport-filter-shell`, so that a
//! test can wrap it in a module of its own.

mod entry {
    use proxy_wasm::types::LogLevel;

    proxy_wasm::main! {{
        // Also installs the hook that writes a panic to Envoy's log.
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(sallyport_filter_shell::root);
    }}

    /// A host calls it after `_initialize`, where it is exported: together with the callbacks of responses
    /// (`filter/responses.py`). Without it the filter knows that nobody will tell it of them.
    #[unsafe(export_name = "main")]
    extern "C" fn begin(_: i32, _: i32) -> i32 {
        sallyport_filter_shell::is_told_of_responses();
        0
    }
}
