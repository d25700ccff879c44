//! What the fuzz targets call. `tests/doors/fuzz_bodies.rs` runs the same over seeds and over damaged
//! seeds, so that nothing in here can rot.

#![allow(dead_code, reason = "each fuzz target calls one of them")]

use std::collections::BTreeMap;

use prost::Message as _;
use sallyport_model::{Reference, Revision};
use sallyport_vault::provider::sds::{
    Delta, Found, Heard, MAX_NAMES, Protocol, ResourceName, StateOfTheWorld,
};

/// A client of `StreamSecrets`.
pub(crate) fn sds_state_of_the_world(data: &[u8]) {
    stream::<StateOfTheWorld>(data);
}

/// A client of `DeltaSecrets`.
pub(crate) fn sds_delta(data: &[u8]) {
    stream::<Delta>(data);
}

/// What reads as the name of a resource is a reference with something behind it.
pub(crate) fn sds_name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.parse::<ResourceName>().is_ok() {
        let reference: Result<Reference, _> = text.parse();
        assert!(reference.is_ok_and(|reference| reference.field.is_some()));
    }
}

/// A stream of requests, over a world in which every name has another version each time, and every
/// second one is not there.
fn stream<P: Protocol>(data: &[u8]) {
    let mut stream = P::default();
    for (turn, bytes) in requests(data).enumerate() {
        let Ok(request) = P::Request::decode(bytes) else {
            return;
        };
        match stream.hear(request) {
            // It has ended.
            Err(_) => return,
            Ok(Heard::Rejected { reason }) => {
                assert!(reason.chars().count() <= 256 && !reason.contains(char::is_control));
            }
            Ok(Heard::Fine | Heard::Accepted | Heard::Stale) => {}
        }
        assert!(stream.names().len() <= MAX_NAMES);
        let revision = Revision(turn.to_string());
        let names = stream.names().iter();
        let now: BTreeMap<_, _> = names.map(|name| (name.clone(), revision.clone())).collect();
        let due = stream.due(&now);
        assert!(due.iter().all(|name| now.contains_key(name)));
        let found = due.into_iter().map(|name| {
            let secret = (name.len() % 2 == 0).then(|| name.clone().into());
            let revision = revision.clone();
            (name, Found { revision, secret })
        });
        if let Some(response) = stream.tell(found.collect()) {
            assert!(!P::nonce(&response).is_empty());
            assert!(P::Response::decode(response.encode_to_vec().as_slice()).is_ok());
        }
        // Whoever was told everything is told nothing more until something changes.
        assert!(stream.due(&now).is_empty());
        assert!(stream.kept().iter().all(|name| now.contains_key(name)));
    }
}

/// Requests with the length of each in two octets before it.
fn requests(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (request, rest) = rest.split_at_checked(length)?;
        data = rest;
        Some(request)
    })
}
