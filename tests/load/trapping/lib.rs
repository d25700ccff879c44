//! The filter as it is shipped, in a virtual machine that dies on purpose: a client says whose, and at which moment.
//! No gateway may ever run this.
//!
//! The order is a header, `x-trap: <root id> <moment>`, or the first line of a TCP connection. A plugin that sees its
//! own root id obeys; an order for another one (`watcher`, or `anyone`) is posted in the process's shared data.

#![cfg(target_arch = "wasm32")]

mod order;
mod root;
mod stream;

mod entry {
    use proxy_wasm::traits::RootContext;
    use proxy_wasm::types::LogLevel;

    use crate::root::Root;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|id| -> Box<dyn RootContext> { Box::new(Root::new(id)) });
    }}
}
