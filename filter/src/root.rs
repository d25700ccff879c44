//! One plugin instance in one worker.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::ContextType;
use sallyport_filter_core::Event;
use sallyport_filter_core::config::{Plugin, Protocol};

use crate::TOLD_OF_RESPONSES;
use crate::connection::Connection;
use crate::guard::Guard;
use crate::host;
use crate::http::Request;
use crate::watcher::Watcher;

/// The root context: of a filter, or of a service that watches for the filters of its process.
pub(crate) struct Root {
    context: u32,
    guard: Option<Rc<Guard>>,
    watcher: Option<Watcher>,
}

impl Root {
    pub(crate) const fn new(context: u32) -> Self {
        Self {
            context,
            guard: None,
            watcher: None,
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body_size: usize, _: usize) {
        if let Some(guard) = &self.guard {
            guard.call_returned(token, headers, body_size);
        }
        if let Some(watcher) = &self.watcher {
            watcher.call_returned(token, headers, body_size);
        }
    }
}

impl RootContext for Root {
    /// Also runs on a VM that is thrown away afterwards: it makes no calls, it asks for a tick.
    fn on_configure(&mut self, size: usize) -> bool {
        let text = String::from_utf8(host::configuration(size)).unwrap_or_default();
        match text.parse::<Plugin>() {
            Ok(Plugin::Watcher(vault)) => {
                let watcher = Watcher::new(vault);
                watcher.handle(Event::Start);
                self.watcher = Some(watcher);
                true
            }
            Ok(Plugin::Filter(config)) => {
                let told = TOLD_OF_RESPONSES.load(Ordering::Relaxed);
                if let (false, Err(error)) = (told, config.policy.without_responses()) {
                    host::log_refusal(&error);
                    return false;
                }
                let guard = Guard::new(self.context, *config);
                guard.start();
                self.guard = Some(Rc::new(guard));
                true
            }
            Err(error) => {
                host::log_refusal(&error);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(guard) = &self.guard {
            guard.tick();
        }
        if let Some(watcher) = &self.watcher {
            watcher.handle(Event::Tick);
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request::new(context, self.guard.clone())))
    }

    fn create_stream_context(&self, context: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection::new(context, self.guard.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(match self.guard.as_ref().map(|guard| guard.protocol()) {
            Some(Protocol::Tcp) => ContextType::StreamContext,
            Some(Protocol::Http) | None => ContextType::HttpContext,
        })
    }
}
