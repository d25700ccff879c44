//! The root context of the filter, wrapped.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::ContextType;

use crate::order::{Moment, Victim};
use crate::stream::Stream;

/// The root.
pub(crate) struct Root {
    filter: Box<dyn RootContext>,
    victim: Rc<Victim>,
}

impl Root {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            filter: sallyport_filter_shell::root(context),
            victim: Rc::default(),
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, trailers: usize) {
        self.victim.meets(Moment::Answer);
        self.filter
            .on_http_call_response(token, headers, body, trailers);
    }

    fn on_done(&mut self) -> bool {
        self.filter.on_done()
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        self.victim.is_configured();
        self.filter.on_configure(size)
    }

    fn on_tick(&mut self) {
        self.victim.meets(Moment::Tick);
        self.filter.on_tick();
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let filter = self.filter.create_http_context(context)?;
        Some(Box::new(Stream::new(filter, &self.victim)))
    }

    fn create_stream_context(&self, context: u32) -> Option<Box<dyn StreamContext>> {
        let filter = self.filter.create_stream_context(context)?;
        Some(Box::new(Stream::new(filter, &self.victim)))
    }

    fn get_type(&self) -> Option<ContextType> {
        self.filter.get_type()
    }
}
