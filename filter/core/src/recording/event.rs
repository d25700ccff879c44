//! Events in a recording. Each of these is what serde makes of a type of the brain's, which itself has nothing to do
//! with serde.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::bytes;
use crate::attribute::Attribute;
use crate::config::{Place, PolicyIndex};
use crate::event::{CallAnswer, Event, Peer, Reading, Speaker, StreamId};
use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::head::Head;
use crate::known_peers::PeerId;
use crate::watch::CallId;

/// An event as JSON.
pub(super) fn written(event: &Event) -> Value {
    EventDocument::serialize(event, serde_json::value::Serializer).unwrap_or_default()
}

/// And back.
#[cfg(test)]
pub(super) fn read(event: Value) -> serde_json::Result<Event> {
    EventDocument::deserialize(event)
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event", rename_all = "camelCase")]
enum EventDocument {
    Start,
    Tick,
    Answer(
        #[serde(with = "CallIdDocument")] CallId,
        #[serde(with = "CallAnswerDocument")] CallAnswer,
    ),
    CallFailed(#[serde(with = "CallIdDocument")] CallId),
    CallCutOff(#[serde(with = "CallIdDocument")] CallId),
    Arrived(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "PlaceDocument")] Place,
    ),
    Request(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "PlaceDocument")] Place,
        #[serde(with = "FactsDocument")] Facts,
    ),
    Head(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "ReadingDocument")] Reading,
        #[serde(with = "HeadDocument")] Head,
    ),
    BodyGrew(#[serde(with = "StreamIdDocument")] StreamId, usize),
    Body(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "bytes")] Zeroizing<Vec<u8>>,
    ),
    Response(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "HeadDocument")] Head,
    ),
    ResponseGrew(#[serde(with = "StreamIdDocument")] StreamId, usize),
    ResponseBody(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "bytes")] Zeroizing<Vec<u8>>,
    ),
    Probed(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "UpstreamDocument")] UpstreamFacts,
    ),
    Data(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "SpeakerDocument")] Speaker,
    ),
    Seen(
        #[serde(with = "StreamIdDocument")] StreamId,
        #[serde(with = "PlaceDocument")] Place,
        #[serde(with = "facts_or_none")] Option<Facts>,
    ),
    Closed(#[serde(with = "StreamIdDocument")] StreamId),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CallId")]
struct CallIdDocument(u64);

#[derive(Serialize, Deserialize)]
#[serde(remote = "StreamId")]
struct StreamIdDocument(u32);

#[derive(Serialize, Deserialize)]
#[serde(remote = "CallAnswer")]
struct CallAnswerDocument {
    status: Option<u16>,
    #[serde(with = "bytes::optional")]
    marker: Option<Vec<u8>>,
    #[serde(with = "bytes")]
    body: Zeroizing<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reading")]
struct ReadingDocument {
    #[serde(with = "PolicyIndexDocument")]
    policy: PolicyIndex,
    #[serde(with = "PeerDocument")]
    peer: Peer,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PolicyIndex")]
struct PolicyIndexDocument(usize);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Peer", rename_all = "camelCase")]
enum PeerDocument {
    Passed,
    Unproven,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Speaker", rename_all = "camelCase")]
enum SpeakerDocument {
    Client,
    Server,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Head")]
struct HeadDocument {
    #[serde(getter = "header_lines")]
    lines: Vec<HeaderLine>,
    ends: bool,
    #[serde(default, getter = "attributes", skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<AttributeValue>,
}

#[derive(Serialize, Deserialize)]
struct HeaderLine(String, #[serde(with = "bytes")] Vec<u8>);

/// Its path and its value.
#[derive(Serialize, Deserialize)]
struct AttributeValue(Vec<String>, #[serde(with = "bytes")] Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Place", rename_all = "camelCase")]
struct PlaceDocument {
    #[serde(
        default,
        with = "peer_or_none",
        skip_serializing_if = "Option::is_none"
    )]
    peer: Option<PeerId>,
    #[serde(
        default,
        with = "bytes::optional",
        skip_serializing_if = "Option::is_none"
    )]
    route: Option<Vec<u8>>,
    #[serde(
        default,
        with = "bytes::optional",
        skip_serializing_if = "Option::is_none"
    )]
    virtual_host: Option<Vec<u8>>,
    #[serde(
        default,
        with = "bytes::optional",
        skip_serializing_if = "Option::is_none"
    )]
    cluster: Option<Vec<u8>>,
    #[serde(
        default,
        with = "bytes::optional",
        skip_serializing_if = "Option::is_none"
    )]
    server_name: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(
    remote = "PeerId",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum PeerIdDocument {
    Connection(u64),
    Server {
        #[serde(with = "bytes")]
        certificate: Vec<u8>,
        #[serde(with = "bytes")]
        tls_version: Vec<u8>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Facts", rename_all = "camelCase")]
enum FactsDocument {
    Downstream(#[serde(with = "DownstreamDocument")] DownstreamFacts),
    Upstream(#[serde(with = "UpstreamDocument")] UpstreamFacts),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DownstreamFacts", rename_all = "camelCase")]
struct DownstreamDocument {
    mtls: Option<bool>,
    #[serde(with = "bytes::optional")]
    tls_version: Option<Vec<u8>>,
    #[serde(with = "bytes::optional")]
    peer_certificate: Option<Vec<u8>>,
    #[serde(with = "bytes::optional")]
    forwarded_client_certificate: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UpstreamFacts", rename_all = "camelCase")]
struct UpstreamDocument {
    ready: bool,
    #[serde(with = "bytes::optional")]
    tls_version: Option<Vec<u8>>,
    #[serde(with = "bytes::optional")]
    peer_certificate: Option<Vec<u8>>,
}

fn header_lines(head: &Head) -> Vec<HeaderLine> {
    let lines = head.lines.iter();
    lines
        .map(|(name, value)| HeaderLine(name.clone(), value.clone()))
        .collect()
}

fn attributes(head: &Head) -> Vec<AttributeValue> {
    let attributes = head.attributes.iter();
    attributes
        .map(|(attribute, value)| AttributeValue(attribute.0.clone(), value.clone()))
        .collect()
}

impl From<HeadDocument> for Head {
    fn from(document: HeadDocument) -> Self {
        let lines = document.lines.into_iter();
        let attributes = document.attributes.into_iter();
        let attributes = attributes.map(|AttributeValue(path, value)| (Attribute(path), value));
        Self::new(
            lines.map(|HeaderLine(name, value)| (name, value)).collect(),
            document.ends,
        )
        .with_attributes(attributes.collect())
    }
}

/// serde reads and writes types of others only where they are not in an `Option`.
macro_rules! or_none {
    ($name:ident, $type:ty, $document:literal) => {
        mod $name {
            use super::*;

            #[derive(Serialize, Deserialize)]
            struct There(#[serde(with = $document)] $type);

            pub(super) fn serialize<S: Serializer>(
                value: &Option<$type>,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                value.clone().map(There).serialize(to)
            }

            #[cfg_attr(not(test), expect(dead_code, reason = "only tests read recordings"))]
            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<Option<$type>, D::Error> {
                let there = Option::<There>::deserialize(from)?;
                Ok(there.map(|There(value)| value))
            }
        }
    };
}

or_none!(peer_or_none, PeerId, "PeerIdDocument");
or_none!(facts_or_none, Facts, "FactsDocument");
