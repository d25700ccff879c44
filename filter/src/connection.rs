//! A TCP connection.

use std::rc::Rc;

use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::{Action, PeerType};
use sallyport_filter_core::{Speaker, StreamId};

use crate::attributes::Handshake;
use crate::guard::Guard;
use crate::host;

/// One connection of a client, whichever side the guard is for. What `on_new_connection` could see is
/// older than the handshake, so everything begins with the first bytes.
pub(crate) struct Connection {
    stream: StreamId,
    guard: Option<Rc<Guard>>,
    handshake: Handshake,
}

impl Connection {
    /// A connection for a guard; without one nothing passes.
    pub(crate) const fn new(context: u32, guard: Option<Rc<Guard>>) -> Self {
        Self {
            stream: StreamId(context),
            guard,
            handshake: Handshake::Unknown,
        }
    }

    fn data(&self, speaker: Speaker) -> Action {
        match &self.guard {
            Some(guard) => guard.data(self.stream, speaker, self.handshake),
            None => {
                host::close_connection();
                Action::Pause
            }
        }
    }

    fn forget(&self) {
        if let Some(guard) = &self.guard {
            guard.closed(self.stream);
        }
    }
}

impl Context for Connection {
    fn on_done(&mut self) -> bool {
        self.forget();
        true
    }
}

impl StreamContext for Connection {
    fn on_downstream_data(&mut self, _: usize, _: bool) -> Action {
        // Bytes of the client come out of the finished handshake.
        self.handshake = Handshake::Done;
        self.data(Speaker::Client)
    }

    fn on_upstream_data(&mut self, _: usize, _: bool) -> Action {
        self.data(Speaker::Server)
    }

    fn on_downstream_close(&mut self, _: PeerType) {
        self.forget();
    }
}
