//! The open call to the vault, by the host's token and by the brain's.

use std::cell::Cell;

use sallyport_filter_core::config::Vault;
use sallyport_filter_core::{Call, CallId, Event};

use crate::host;

/// At most one call is open.
#[derive(Default)]
pub(crate) struct Calls(Cell<Option<(u32, CallId)>>);

impl Calls {
    /// Makes a call; what happened if it could not be made.
    pub(crate) fn make(&self, vault: &Vault, call: &Call) -> Option<Event> {
        match host::call(vault, call) {
            Some(token) => {
                self.0.set(Some((token, call.call)));
                None
            }
            None => Some(Event::CallFailed(call.call)),
        }
    }

    /// A call came back. One that is not the open one is not the brain's any more.
    pub(crate) fn returned(&self, token: u32, headers: usize, body_size: usize) -> Option<Event> {
        let (_, call) = self.0.get().filter(|(open, _)| *open == token)?;
        self.0.set(None);
        Some(match host::call_answer(headers, body_size) {
            Some(answer) => Event::Answer(call, answer),
            None => Event::CallCutOff(call),
        })
    }
}
