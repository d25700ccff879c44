//! The bodies of the fuzz targets over what a client says, and over the same damaged.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message;
use sallyport_vault::provider::sds::wire::{DeltaDiscoveryRequest, DiscoveryRequest, Rejection};

const NAMES: [&str; 3] = [
    "secret://payments/tlsContexts/inbound#certificate",
    "secret://payments/sharedSecrets/backend#password@previous",
    "default",
];

/// Requests as the targets read them.
fn framed(requests: &[impl Message]) -> Vec<u8> {
    let frames = requests.iter().map(|request| {
        let bytes = request.encode_to_vec();
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], &bytes].concat()
    });
    frames.collect::<Vec<_>>().concat()
}

fn rejection() -> Rejection {
    Rejection {
        code: 13,
        message: "not\nthis".repeat(100),
    }
}

/// A client subscribes, accepts, wants more, rejects, wants less.
fn state_of_the_world() -> Vec<u8> {
    let wants = |names: &[&str], nonce: &str, error_detail: Option<Rejection>| DiscoveryRequest {
        resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        response_nonce: nonce.to_owned(),
        error_detail,
        ..DiscoveryRequest::default()
    };
    framed(&[
        wants(&NAMES[..1], "", None),
        wants(&NAMES[..1], "1", None),
        wants(&NAMES, "1", None),
        wants(&NAMES, "2", Some(rejection())),
        wants(&NAMES[1..], "7", None),
        wants(&[], "3", None),
    ])
}

fn delta() -> Vec<u8> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let says = |more: &[&str], fewer: &[&str], nonce: &str| DeltaDiscoveryRequest {
        resource_names_subscribe: owned(more),
        resource_names_unsubscribe: owned(fewer),
        response_nonce: nonce.to_owned(),
        ..DeltaDiscoveryRequest::default()
    };
    framed(&[
        DeltaDiscoveryRequest {
            initial_resource_versions: [(NAMES[0].to_owned(), "0".to_owned())].into(),
            ..says(&NAMES[..2], &[], "")
        },
        says(&[], &[], "1"),
        says(&NAMES[2..], &NAMES[..1], ""),
        DeltaDiscoveryRequest {
            error_detail: Some(rejection()),
            ..says(&[], &[], "2")
        },
        says(&NAMES, &NAMES, "9"),
    ])
}

#[test]
fn what_a_client_says_is_heard_to_its_end() {
    bodies::sds_state_of_the_world(&state_of_the_world());
    bodies::sds_delta(&delta());
    for name in NAMES {
        bodies::sds_name(name.as_bytes());
    }
}

/// A seed with bytes changed, cut, or sent twice.
fn damaged(seed: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..8);
    let cut = (any::<Index>(), any::<Index>(), 0..3_usize);
    (changes, cut).prop_map(move |(changes, (from, to, times))| {
        let mut bytes = seed.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        let part = bytes[from.min(to)..from.max(to)].repeat(times);
        bytes.splice(from.min(to)..from.max(to), part);
        bytes
    })
}

proptest! {
    #[test]
    fn what_was_damaged_on_its_way_is_heard_or_ends_the_stream(
        world in damaged(state_of_the_world()),
        delta in damaged(delta()),
        name in damaged(NAMES[1].as_bytes().to_vec()),
    ) {
        bodies::sds_state_of_the_world(&world);
        bodies::sds_delta(&delta);
        bodies::sds_name(&name);
    }

    #[test]
    fn no_bytes_at_all_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        bodies::sds_state_of_the_world(&bytes);
        bodies::sds_delta(&bytes);
        bodies::sds_name(&bytes);
    }
}
