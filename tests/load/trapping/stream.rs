//! A request or a connection of the filter, wrapped.

use std::rc::Rc;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, StreamContext};
use proxy_wasm::types::{Action, BufferType, MapType, PeerType};

use crate::order::{HEADER, Moment, Victim, die};

/// A stream.
pub(crate) struct Stream<F: ?Sized> {
    victim: Rc<Victim>,
    filter: Box<F>,
}

impl<F: ?Sized> Stream<F> {
    pub(crate) fn new(filter: Box<F>, victim: &Rc<Victim>) -> Self {
        Self {
            victim: Rc::clone(victim),
            filter,
        }
    }

    /// Lets the filter decide, between an order's two moments.
    fn between(&mut self, order: Option<Vec<u8>>, decide: impl FnOnce(&mut F) -> Action) -> Action {
        let order = order.and_then(|order| String::from_utf8(order).ok());
        let moment = order.and_then(|order| self.victim.told(&order));
        if moment == Some(Moment::Arrival) {
            die(Moment::Arrival);
        }
        let action = decide(&mut self.filter);
        if moment == Some(Moment::Departure) {
            die(Moment::Departure);
        }
        action
    }
}

impl<F: Context + ?Sized> Context for Stream<F> {
    fn on_done(&mut self) -> bool {
        self.filter.on_done()
    }
}

impl HttpContext for Stream<dyn HttpContext> {
    fn on_http_request_headers(&mut self, count: usize, end: bool) -> Action {
        let order = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, HEADER);
        self.between(order.ok().flatten(), |filter| {
            filter.on_http_request_headers(count, end)
        })
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        self.filter.on_http_request_body(size, end)
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        self.filter.on_http_request_trailers(count)
    }

    fn on_http_response_headers(&mut self, count: usize, end: bool) -> Action {
        self.filter.on_http_response_headers(count, end)
    }

    fn on_http_response_body(&mut self, size: usize, end: bool) -> Action {
        self.filter.on_http_response_body(size, end)
    }

    fn on_http_response_trailers(&mut self, count: usize) -> Action {
        self.filter.on_http_response_trailers(count)
    }
}

impl StreamContext for Stream<dyn StreamContext> {
    fn on_new_connection(&mut self) -> Action {
        self.filter.on_new_connection()
    }

    fn on_downstream_data(&mut self, size: usize, end: bool) -> Action {
        let bytes = hostcalls::get_buffer(BufferType::DownstreamData, 0, size);
        let order = bytes.ok().flatten().and_then(|bytes| {
            let line = bytes.split(|byte| *byte == b'\n').next()?;
            Some(line.strip_prefix(b"x-trap: ")?.to_vec())
        });
        self.between(order, |filter| filter.on_downstream_data(size, end))
    }

    fn on_downstream_close(&mut self, peer: PeerType) {
        self.filter.on_downstream_close(peer);
    }

    fn on_upstream_data(&mut self, size: usize, end: bool) -> Action {
        self.filter.on_upstream_data(size, end)
    }

    fn on_upstream_close(&mut self, peer: PeerType) {
        self.filter.on_upstream_close(peer);
    }
}
