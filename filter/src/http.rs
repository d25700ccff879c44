//! A request.

use std::cell::Cell;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use sallyport_filter_core::Direction;
use sallyport_filter_core::{Reason, Reply, StreamId};

use crate::guard::Guard;
use crate::host;

/// One request, on either side.
pub(crate) struct Request {
    stream: StreamId,
    guard: Option<Rc<Guard>>,
    /// Bytes of the body that are there.
    size: Cell<usize>,
    /// The same of the response.
    response_size: Cell<usize>,
}

impl Request {
    /// A request for a guard; without one nothing passes.
    pub(crate) const fn new(context: u32, guard: Option<Rc<Guard>>) -> Self {
        Self {
            stream: StreamId(context),
            guard,
            size: Cell::new(0),
            response_size: Cell::new(0),
        }
    }

    fn body(&self, ends: bool) -> Action {
        match &self.guard {
            Some(guard) => guard.body(self.stream, self.size.get(), ends),
            None => Action::Pause,
        }
    }

    fn response_body(&self, ends: bool) -> Action {
        let size = self.response_size.get();
        let guard = self.guard.as_ref();
        guard.map_or(Action::Continue, |guard| {
            guard.response_body(self.stream, size, ends)
        })
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
    fn on_http_request_headers(&mut self, _: usize, ends: bool) -> Action {
        match &self.guard {
            Some(guard) => guard.request(self.stream, ends),
            None => {
                host::reply(&Reply::new(Reason::Internal, Direction::Downstream));
                Action::Pause
            }
        }
    }

    /// Only asked where Envoy goes on with the body of a paused request
    /// (`allow_on_headers_stop_iteration`).
    fn on_http_request_body(&mut self, size: usize, ends: bool) -> Action {
        self.size.set(size);
        self.body(ends)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.body(true)
    }

    /// These three are exports of `filter-responses.wasm` only: Envoy calls what there is, for every response.
    fn on_http_response_headers(&mut self, _: usize, ends: bool) -> Action {
        let guard = self.guard.as_ref();
        guard.map_or(Action::Continue, |guard| guard.response(self.stream, ends))
    }

    fn on_http_response_body(&mut self, size: usize, ends: bool) -> Action {
        self.response_size.set(size);
        self.response_body(ends)
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.response_body(true)
    }
}
