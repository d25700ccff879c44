//! Whatever is said in whatever order: a client ends up with what there is, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use prost::Message as _;
use sallyport_model::Revision;

use super::super::wire::{DeltaDiscoveryRequest, DiscoveryRequest, Rejection, Secret};
use super::{Delta, Found, Heard, Protocol, StateOfTheWorld};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// What may happen to a stream.
#[derive(Clone, Debug)]
enum Happening {
    /// The client wants these names, of [`NAMES`] by bit, and answers with this nonce.
    Wants {
        names: u8,
        nonce: Option<u64>,
        rejects: bool,
    },
    /// There is another version of a name, or none.
    Changes { name: usize, version: Option<u8> },
    /// The stream has time to look.
    Looks,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let wants = (0..16_u8, proptest::option::of(0..6_u64), any::<bool>()).prop_map(
        |(names, nonce, rejects)| Happening::Wants {
            names,
            nonce,
            rejects,
        },
    );
    let changes = (0..NAMES.len(), proptest::option::of(0..3_u8))
        .prop_map(|(name, version)| Happening::Changes { name, version });
    let one = prop_oneof![wants, changes, Just(Happening::Looks)];
    proptest::collection::vec(one, 0..60)
}

/// What there is, by name.
#[derive(Default)]
struct World(BTreeMap<String, u8>);

impl World {
    fn change(&mut self, name: usize, version: Option<u8>) {
        let name = NAMES[name].to_owned();
        match version {
            Some(version) => self.0.insert(name, version),
            None => self.0.remove(&name),
        };
    }

    fn found(&self, name: &str) -> Found {
        match self.0.get(name) {
            Some(version) => Found {
                revision: Revision(version.to_string()),
                secret: Some(format!("{name}={version}").into()),
            },
            None => Found {
                revision: Revision("none".to_owned()),
                secret: None,
            },
        }
    }

    /// Lets a stream look until it has nothing more to say.
    fn look<P: Protocol>(&self, stream: &mut P, mut hears: impl FnMut(P::Response)) -> bool {
        let mut spoke = false;
        for _ in 0..2 {
            let names = stream.names().clone();
            let now = names.iter().map(|name| (name.clone(), self.found(name)));
            let now: BTreeMap<String, Found> = now.collect();
            let revisions = now
                .iter()
                .map(|(name, found)| (name.clone(), found.revision.clone()));
            let due = stream.due(&revisions.collect());
            let found = now.into_iter().filter(|(name, _)| due.contains(name));
            match due.is_empty() {
                true => return spoke,
                false => {
                    if let Some(response) = stream.tell(found.collect()) {
                        spoke = true;
                        hears(response);
                    }
                }
            }
        }
        panic!("a stream that has just been told everything wants to know more")
    }
}

fn names(bits: u8) -> BTreeSet<String> {
    let chosen = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1);
    chosen.map(|(_, name)| (*name).to_owned()).collect()
}

fn text(nonce: Option<u64>) -> String {
    nonce.map(|nonce| nonce.to_string()).unwrap_or_default()
}

proptest! {
    #[test]
    fn no_bytes_make_a_stream_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(request) = DiscoveryRequest::decode(bytes.as_slice()) {
            let _ = StateOfTheWorld::default().hear(request);
        }
        if let Ok(request) = DeltaDiscoveryRequest::decode(bytes.as_slice()) {
            let _ = Delta::default().hear(request);
        }
        let _ = Secret::decode(bytes.as_slice());
    }

    #[test]
    fn damaged_requests_are_read_or_refused(
        names in proptest::collection::vec(".{0,20}", 0..5), at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let request = DeltaDiscoveryRequest {
            initial_resource_versions: names.iter().map(|name| (name.clone(), name.clone())).collect(),
            resource_names_subscribe: names.clone(),
            response_nonce: "1".to_owned(),
            error_detail: Some(Rejection { code: 1, message: names.concat() }),
            ..DeltaDiscoveryRequest::default()
        };
        let mut bytes = request.encode_to_vec();
        let position = at.index(bytes.len());
        bytes[position] = byte;
        if let Ok(request) = DeltaDiscoveryRequest::decode(bytes.as_slice()) {
            let mut stream = Delta::default();
            let _ = stream.hear(request);
            prop_assert!(stream.names().len() <= names.len() + 1);
        }
    }

    #[test]
    fn a_client_of_the_state_of_the_world_has_what_there_is(happenings in happenings()) {
        let (mut world, mut stream) = (World::default(), StateOfTheWorld::default());
        let mut has: Option<BTreeSet<String>> = None;
        for happening in happenings {
            match happening {
                Happening::Wants { names: bits, nonce, rejects } => {
                    let request = DiscoveryRequest {
                        resource_names: names(bits).into_iter().collect(),
                        response_nonce: text(nonce),
                        error_detail: rejects.then(Rejection::default),
                        ..DiscoveryRequest::default()
                    };
                    let before = stream.names().clone();
                    match stream.hear(request).unwrap() {
                        Heard::Stale => prop_assert_eq!(stream.names(), &before),
                        Heard::Fine | Heard::Accepted => prop_assert!(!rejects),
                        Heard::Rejected { .. } => prop_assert!(rejects),
                    }
                    if let Some(has) = &mut has {
                        has.retain(|secret| stream.names().contains(&secret[..1]));
                    }
                }
                Happening::Changes { name, version } => {
                    world.change(name, version);
                }
                Happening::Looks => {
                    world.look(&mut stream, |response| {
                        let secrets = response.resources.iter();
                        let secrets = secrets.map(|any| String::from_utf8(any.value.to_vec()).unwrap());
                        has = Some(secrets.collect());
                    });
                    let there = stream.names().iter().filter_map(|name| {
                        world.0.get(name).map(|version| format!("{name}={version}"))
                    });
                    let there: BTreeSet<String> = there.collect();
                    prop_assert_eq!(has.clone().unwrap_or_default(), there);
                }
            }
        }
        // Looking once more tells nothing.
        world.look(&mut stream, |_| ());
        prop_assert!(!world.look(&mut stream, |_| ()));
    }

    #[test]
    fn a_delta_client_has_what_there_is(happenings in happenings()) {
        let (mut world, mut stream) = (World::default(), Delta::default());
        let mut has = BTreeMap::new();
        for happening in happenings {
            match happening {
                Happening::Wants { names: bits, nonce, rejects } => {
                    let wanted = names(bits);
                    let dropped: Vec<String> = stream.names().difference(&wanted).cloned().collect();
                    has.retain(|name, _| !dropped.contains(name));
                    let request = DeltaDiscoveryRequest {
                        resource_names_subscribe: wanted.iter().cloned().collect(),
                        resource_names_unsubscribe: dropped,
                        response_nonce: text(nonce),
                        error_detail: rejects.then(Rejection::default),
                        ..DeltaDiscoveryRequest::default()
                    };
                    stream.hear(request).unwrap();
                    prop_assert_eq!(stream.names(), &wanted);
                }
                Happening::Changes { name, version } => {
                    world.change(name, version);
                }
                Happening::Looks => {
                    world.look(&mut stream, |response| {
                        for resource in response.resources {
                            has.insert(resource.name, resource.version);
                        }
                        for name in response.removed_resources {
                            has.remove(&name);
                        }
                    });
                    let there = stream.names().iter().filter_map(|name| {
                        world.0.get(name).map(|version| (name.clone(), version.to_string()))
                    });
                    let there: BTreeMap<String, String> = there.collect();
                    prop_assert_eq!(&has, &there);
                }
            }
        }
        world.look(&mut stream, |_| ());
        prop_assert!(!world.look(&mut stream, |_| ()));
    }
}
