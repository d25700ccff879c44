//! A request.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use sallyport_filter_core::config::Direction;
use sallyport_filter_core::{Reason, Reply, StreamId};

use crate::guard::Guard;
use crate::host;

/// One request, on either side.
pub(crate) struct Request {
    stream: StreamId,
    guard: Option<Rc<Guard>>,
}

impl Request {
    /// A request for a guard; without one nothing passes.
    pub(crate) const fn new(context: u32, guard: Option<Rc<Guard>>) -> Self {
        Self {
            stream: StreamId(context),
            guard,
        }
    }

    fn go_on(&self) -> Action {
        match &self.guard {
            Some(guard) if !guard.stops(self.stream) => Action::Continue,
            _ => Action::Pause,
        }
    }
}

impl Context for Request {
    fn on_done(&mut self) -> bool {
        if let Some(guard) = &self.guard {
            guard.closed(self.stream);
        }
        true
    }
}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match &self.guard {
            Some(guard) => guard.request(self.stream),
            None => {
                host::reply(Reply {
                    reason: Reason::Internal,
                    direction: Direction::Downstream,
                });
                Action::Pause
            }
        }
    }

    fn on_http_request_body(&mut self, _: usize, _: bool) -> Action {
        self.go_on()
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.go_on()
    }
}
