//! What happens to the filter.

use std::fmt;

use zeroize::Zeroizing;

use crate::config::{Place, PolicyIndex};
use crate::facts::{Facts, UpstreamFacts};
use crate::head::Head;
use crate::watch::CallId;

/// A request or a connection, by the host's context id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// Something that happened.
pub enum Event {
    /// The filter was configured; nothing else happens before.
    Start,
    /// Time passed.
    Tick,
    /// A call to the vault came back.
    Answer(CallId, CallAnswer),
    /// The host could not make a call.
    CallFailed(CallId),
    /// A call ended without an answer, or in the middle of one.
    CallCutOff(CallId),
    /// The headers of a request arrived, and nothing more is known than where it comes from and goes.
    Arrived(StreamId, Place),
    /// The headers of a request arrived, and its connection was looked at.
    Request(StreamId, Place, Facts),
    /// The head of a request whose peer passed, for the message policies of its policy.
    Head(StreamId, Reading, Head),
    /// So many bytes of a body that is collected are there, and more will come.
    BodyGrew(StreamId, usize),
    /// All of a body that is collected.
    Body(StreamId, Zeroizing<Vec<u8>>),
    /// The head of a response arrived.
    Response(StreamId, Head),
    /// So many bytes of a response's body that is collected are there, and more will come.
    ResponseGrew(StreamId, usize),
    /// All of a response's body that is collected.
    ResponseBody(StreamId, Zeroizing<Vec<u8>>),
    /// The server's side of a held request was looked at again.
    Probed(StreamId, UpstreamFacts),
    /// Bytes, or the end of them, arrived on a TCP connection.
    Data(StreamId, Speaker),
    /// A TCP connection was looked at. There are no facts while its handshake is not known to be done:
    /// looking earlier would spoil what Envoy says later.
    Seen(StreamId, Place, Option<Facts>),
    /// A stream is gone.
    Closed(StreamId),
}

impl Event {
    /// Bytes of a body that is there; 0 for what is about none.
    pub fn body_size(&self) -> usize {
        match self {
            Self::Body(_, body) | Self::ResponseBody(_, body) => body.len(),
            _ => 0,
        }
    }
}

/// What the head of a request is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub(crate) policy: PolicyIndex,
    pub(crate) peer: Peer,
}

/// Whether the peer of a request that goes on is who it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// It is.
    Passed,
    /// It is let go on all the same, and no credential with it.
    Unproven,
}

/// Whose bytes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Of the client, on their way to the server.
    Client,
    /// Of the server, on their way to the client.
    Server,
}

/// What came back on a call, from the vault or from Envoy in its place.
pub struct CallAnswer {
    /// `:status`, where there was one.
    pub(crate) status: Option<u16>,
    /// The vault's marker header.
    pub(crate) marker: Option<Vec<u8>>,
    /// The body; it may hold secrets.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl CallAnswer {
    /// Takes over an answer; its body is zeroed when dropped.
    pub fn new(status: Option<u16>, marker: Option<Vec<u8>>, body: Vec<u8>) -> Self {
        Self {
            status,
            marker,
            body: Zeroizing::new(body),
        }
    }
}

impl CallAnswer {
    /// Whole MiB of the body.
    pub(crate) fn size_in_mib(&self) -> u64 {
        u64::try_from(self.body.len() >> 20).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for CallAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAnswer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
