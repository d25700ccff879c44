//! Connections, whatever happens in whatever order.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sallyport_model::Outcome;

use super::{PIN_SETTING, PINS, trusting};
use crate::event::{Event, Speaker, StreamId};
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{Authority, Contents, Flow, Host, Leaf, pinset, to_server, unavailable};

const PEERS: usize = 3;

#[derive(Clone, Debug)]
enum Happening {
    /// A connection of this peer, whose handshake is not done.
    Comes(usize),
    Handshake(usize),
    Bytes(usize, Speaker),
    Leaves(usize),
    Time(u64),
    /// The vault answers: these peers are pinned.
    Pins(BTreeSet<usize>),
    Withdrawal,
    Outage,
}

fn happening() -> impl Strategy<Value = Happening> {
    let connection = || 0..8_usize;
    let speaker = prop_oneof![3 => Just(Speaker::Client), 1 => Just(Speaker::Server)];
    prop_oneof![
        3 => (0..PEERS).prop_map(Happening::Comes),
        3 => connection().prop_map(Happening::Handshake),
        6 => (connection(), speaker).prop_map(|(which, speaker)| Happening::Bytes(which, speaker)),
        1 => connection().prop_map(Happening::Leaves),
        3 => (0..3000_u64).prop_map(Happening::Time),
        3 => proptest::collection::btree_set(0..PEERS, 0..PEERS).prop_map(Happening::Pins),
        1 => Just(Happening::Withdrawal),
        1 => Just(Happening::Outage),
    ]
}

/// The filter, and what it should come to.
struct Scene {
    host: Host,
    contents: Contents,
    servers: Vec<Leaf>,
    /// Peers that pass by what the vault said last.
    good: BTreeSet<usize>,
    /// With their peers, as long as they are there.
    connections: Vec<(StreamId, usize)>,
    ready: BTreeSet<StreamId>,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        let servers = (0..PEERS).map(|_| ca.server("backend.test")).collect();
        let config = Host::upstream(&format!(r#","protocol":"tcp"{PIN_SETTING}"#));
        Self {
            host: Host::new(&config),
            contents: trusting(&[&ca]),
            servers,
            good: BTreeSet::new(),
            connections: Vec::new(),
            ready: BTreeSet::new(),
        }
    }

    fn happens(
        &mut self,
        happening: Happening,
    ) -> Result<(), proptest::test_runner::TestCaseError> {
        match happening {
            Happening::Comes(peer) => {
                let unseen = Facts::Upstream(UpstreamFacts::default());
                self.connections
                    .push((self.host.connection(Some(unseen)), peer));
            }
            Happening::Handshake(which) => {
                if let Some(&(stream, peer)) = self.connections.get(which) {
                    self.ready.insert(stream);
                    let seen = Facts::Upstream(to_server(&self.servers[peer]));
                    self.host.flows.show(stream, seen);
                }
            }
            Happening::Bytes(which, speaker) => {
                if let Some(&(stream, peer)) = self.connections.get(which) {
                    let before = self.host.flows.of(stream);
                    let flow = self.host.bytes(stream, speaker);
                    let good = self.ready.contains(&stream) && self.good.contains(&peer);
                    let passes = good && before != Flow::Closed;
                    prop_assert_eq!(flow == Flow::Open, passes, "{:?} {:?}", before, flow);
                    prop_assert!(flow != Flow::Held || speaker == Speaker::Client);
                }
            }
            Happening::Leaves(which) => {
                if which < self.connections.len() {
                    let (stream, _) = self.connections.remove(which);
                    self.host.feed(Event::Closed(stream));
                }
            }
            Happening::Time(millis) => self.host.tick(millis),
            Happening::Pins(peers) => {
                let keys = peers
                    .iter()
                    .map(|&peer| self.servers[peer].certificate().spki_sha256());
                self.contents.put(PINS, pinset(&keys.collect::<Vec<_>>()));
                self.answers(peers);
            }
            Happening::Withdrawal => {
                self.contents.set(PINS, Outcome::Withdrawn {});
                self.answers(BTreeSet::new());
            }
            Happening::Outage => {
                self.ask();
                self.host.answer(unavailable());
            }
        }
        for (stream, peer) in &self.connections {
            let open = self.host.flows.of(*stream) == Flow::Open;
            prop_assert!(!open || self.good.contains(peer), "left open: {:?}", stream);
        }
        Ok(())
    }

    /// Until there is a new call to answer.
    fn ask(&mut self) {
        let calls = self.host.calls.len();
        while self.host.calls.len() == calls {
            self.host.tick(1000);
        }
    }

    fn answers(&mut self, good: BTreeSet<usize>) {
        self.ask();
        self.good = good;
        self.host.vault_answers(&self.contents);
    }
}

proptest! {
    #[test]
    fn nothing_passes_undecided_nothing_follows_a_close_and_nobody_waits_for_ever(
        happenings in proptest::collection::vec(happening(), 0..40)
    ) {
        let mut scene = Scene::new();
        for happening in happenings {
            scene.happens(happening)?;
        }
        scene.host.tick(5000);
        for (stream, _) in &scene.connections {
            prop_assert!(scene.host.flows.of(*stream) != Flow::Held);
        }
        let known = scene.connections.len();
        prop_assert!(scene.host.state.connections() <= known);
    }
}
