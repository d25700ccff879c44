//! What `make bench` measures. The same cases run natively and, as a plugin, in Envoy's WebAssembly
//! engine; nothing here runs in a test.

#![forbid(unsafe_code)]

mod case;
mod measurement;
#[cfg(target_arch = "wasm32")]
mod plugin;

pub use case::{Case, cases};
pub use measurement::{MARKER, Measurement, Place, ROUNDS, Rounds, Spread};

#[cfg(target_arch = "wasm32")]
mod entry {
    use proxy_wasm::traits::RootContext;
    use proxy_wasm::types::LogLevel;

    use crate::plugin::Plugin;

    proxy_wasm::main! {{
        proxy_wasm::set_log_level(LogLevel::Info);
        proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Plugin::new()) });
    }}
}
