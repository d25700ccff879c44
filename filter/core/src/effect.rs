//! What the host is asked to do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sallyport_model::{ResolveRequest, SecretString};
use zeroize::Zeroizing;

use crate::config::Place;
use crate::direction::Direction;
use crate::event::{Reading, StreamId};
use crate::header_name::HeaderName;
use crate::metric::{Counter, Gauge};
use crate::reason::Reason;
use crate::watch::{CallId, Opened};

/// Something to do. Effects of one step are done in their order.
pub enum Effect {
    /// Ask the vault.
    Call(Call),
    /// Tick with this period from now on.
    Tick(Duration),
    /// Look at the server's side of this stream again and report [`crate::Event::Probed`].
    Probe(StreamId),
    /// Look at the connection of this request, which goes to this place, and report
    /// [`crate::Event::Request`].
    Look(StreamId, Box<Place>),
    /// Look at this TCP connection, and report [`crate::Event::Seen`].
    See(StreamId),
    /// Read the head of this request, and report it with [`crate::Event::Head`].
    Read(StreamId, Reading),
    /// Hold the request and its body, and report [`crate::Event::BodyGrew`] and at its end
    /// [`crate::Event::Body`].
    Collect(StreamId),
    /// Hold the response and its body, and report [`crate::Event::ResponseGrew`] and at its end
    /// [`crate::Event::ResponseBody`].
    CollectResponse(StreamId),
    /// Let the response go on.
    ResumeResponse(StreamId),
    /// Keep the request, or the bytes of the client, from going on.
    Hold(StreamId),
    /// Remove `x-forwarded-client-cert`.
    RemoveForwarded(StreamId),
    /// Remove a header of the request.
    RemoveHeader(StreamId, HeaderName),
    /// Add a header that only the gateway says, such as a credential; the name was removed before.
    AddHeader(StreamId, HeaderName, Arc<SecretString>),
    /// Set path and query, which may hold a credential.
    SetTarget(StreamId, Arc<SecretString>),
    /// Give the message of this stream another body, and set headers that are about it.
    Rewrite(StreamId, Rewrite),
    /// Let the request, or all bytes of the connection, go on.
    Resume(StreamId),
    /// Answer in place of the upstream.
    Deny(StreamId, Reply),
    /// Close a TCP connection; nothing of it goes on.
    Close(StreamId),
    /// Tell the other filters of the request the names of its client, a line each.
    Tell(StreamId, Arc<str>),
    /// Show this of the decision in the access log; a later one takes its place.
    Note(StreamId, Arc<str>),
    /// Count.
    Count(Counter),
    /// Show a number.
    Show(Gauge, u64),
    /// Write a line to the log.
    Log(Line),
}

/// A message's new body, and what is said of it. Nothing of the message goes on if it cannot be set.
pub struct Rewrite {
    /// Which message.
    pub message: Message,
    /// All of it, zeroed when the last who needs it lets go; `None` if the message has none.
    pub body: Option<Arc<Zeroizing<Vec<u8>>>>,
    /// Headers that do not hold any more.
    pub remove: &'static [&'static str],
    /// Headers to be set, with their values.
    pub set: Vec<(&'static str, String)>,
}

impl Rewrite {
    /// Bytes of the new body.
    pub fn size(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.len())
    }
}

/// One of the two messages of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The client's.
    Request,
    /// The server's.
    Response,
}

/// `POST` [`sallyport_model::RESOLVE_PATH`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// To be given back with the answer.
    pub call: CallId,
    /// JSON; references and revisions, no secrets.
    pub body: String,
    /// When to give up.
    pub timeout: Duration,
}

/// The answer to a denied request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Why.
    pub reason: Reason,
    /// On which side.
    pub direction: Direction,
    /// `WWW-Authenticate`.
    pub challenge: Option<Arc<str>>,
}

/// A line for the log, free of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How bad.
    pub level: Level,
    /// One line.
    pub text: String,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For who looks for it.
    Debug,
    /// For the record.
    Info,
    /// Somebody should look.
    Warn,
}

impl Call {
    /// The call that a watch opened; `None` if the question cannot be written, which is never so
    /// with strings and numbers.
    pub(crate) fn new(opened: Opened, request: &ResolveRequest) -> Option<Self> {
        Some(Self {
            call: opened.call,
            body: serde_json::to_string(request).ok()?,
            timeout: opened.timeout,
        })
    }
}

impl Line {
    pub(crate) const fn debug(text: String) -> Self {
        Self {
            level: Level::Debug,
            text,
        }
    }

    pub(crate) const fn info(text: String) -> Self {
        Self {
            level: Level::Info,
            text,
        }
    }

    pub(crate) const fn warn(text: String) -> Self {
        Self {
            level: Level::Warn,
            text,
        }
    }
}

impl Effect {
    /// The stream it is about, if it is about one.
    pub const fn stream(&self) -> Option<StreamId> {
        match self {
            Self::Probe(stream)
            | Self::Look(stream, _)
            | Self::See(stream)
            | Self::Read(stream, _)
            | Self::SetTarget(stream, _)
            | Self::Collect(stream)
            | Self::Close(stream)
            | Self::RemoveForwarded(stream)
            | Self::Hold(stream)
            | Self::RemoveHeader(stream, _)
            | Self::AddHeader(stream, _, _)
            | Self::Rewrite(stream, _)
            | Self::CollectResponse(stream)
            | Self::ResumeResponse(stream)
            | Self::Resume(stream)
            | Self::Deny(stream, _)
            | Self::Tell(stream, _)
            | Self::Note(stream, _) => Some(*stream),
            Self::Call(_) | Self::Tick(_) | Self::Count(_) | Self::Show(..) | Self::Log(_) => None,
        }
    }
}

impl Reply {
    /// Without a challenge.
    pub const fn new(reason: Reason, direction: Direction) -> Self {
        Self {
            reason,
            direction,
            challenge: None,
        }
    }

    /// Header with the code.
    pub const REASON_HEADER: &str = "x-sallyport-reason";

    /// What the access log shows as response code details.
    pub fn details(&self) -> String {
        let (side, code) = (self.direction.as_str(), self.reason.code());
        format!("sallyport_{side}_{code}")
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.reason.status(self.direction)
    }

    /// The JSON body: `{"error":"<code>","message":"<sentence>"}`. Both are fixed texts without
    /// characters that JSON escapes.
    pub fn body(&self) -> String {
        let (code, message) = (self.reason.code(), self.reason.message());
        format!("{{\"error\":\"{code}\",\"message\":\"{message}\"}}\n")
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => f.debug_tuple("Call").field(call).finish(),
            Self::Tick(period) => f.debug_tuple("Tick").field(period).finish(),
            Self::Probe(stream) => f.debug_tuple("Probe").field(stream).finish(),
            Self::Look(stream, place) => f.debug_tuple("Look").field(stream).field(place).finish(),
            Self::See(stream) => f.debug_tuple("See").field(stream).finish(),
            Self::Read(stream, reading) => {
                f.debug_tuple("Read").field(stream).field(reading).finish()
            }
            Self::Collect(stream) => f.debug_tuple("Collect").field(stream).finish(),
            Self::Close(stream) => f.debug_tuple("Close").field(stream).finish(),
            Self::Hold(stream) => f.debug_tuple("Hold").field(stream).finish(),
            Self::RemoveForwarded(stream) => {
                f.debug_tuple("RemoveForwarded").field(stream).finish()
            }
            Self::RemoveHeader(stream, name) => f
                .debug_tuple("RemoveHeader")
                .field(stream)
                .field(name)
                .finish(),
            Self::AddHeader(stream, name, _) => f
                .debug_tuple("AddHeader")
                .field(stream)
                .field(name)
                .finish_non_exhaustive(),
            Self::SetTarget(stream, _) => f
                .debug_tuple("SetTarget")
                .field(stream)
                .finish_non_exhaustive(),
            Self::CollectResponse(stream) => {
                f.debug_tuple("CollectResponse").field(stream).finish()
            }
            Self::ResumeResponse(stream) => f.debug_tuple("ResumeResponse").field(stream).finish(),
            Self::Rewrite(stream, _) => f
                .debug_tuple("Rewrite")
                .field(stream)
                .finish_non_exhaustive(),
            Self::Resume(stream) => f.debug_tuple("Resume").field(stream).finish(),
            Self::Deny(stream, reply) => f.debug_tuple("Deny").field(stream).field(reply).finish(),
            Self::Tell(stream, names) => f.debug_tuple("Tell").field(stream).field(names).finish(),
            Self::Note(stream, note) => f.debug_tuple("Note").field(stream).field(note).finish(),
            Self::Count(counter) => f.debug_tuple("Count").field(counter).finish(),
            Self::Show(gauge, number) => f.debug_tuple("Show").field(gauge).field(number).finish(),
            Self::Log(line) => f.debug_tuple("Log").field(line).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_is_json_with_code_and_message() {
        for reason in Reason::ALL {
            let direction = Direction::Downstream;
            let body: serde_json::Value =
                serde_json::from_str(&Reply::new(reason, direction).body()).unwrap();
            assert_eq!(body["error"], reason.code());
            assert_eq!(body["message"], reason.message());
        }
    }

    #[test]
    fn a_credential_is_not_in_the_debug_output() {
        let value = Arc::new(SecretString::new("canary".to_owned()));
        let name = "authorization".parse().unwrap();
        let effect = Effect::AddHeader(StreamId(1), name, value);
        assert!(!format!("{effect:?}").contains("canary"));
    }
}
