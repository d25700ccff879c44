//! Whatever the order of events: nobody waits for ever, nobody passes undecided, and nothing happens
//! to a stream that is gone.

use proptest::prelude::*;
use sallyport_model::Material;

use super::TLS;
use super::around::{Around, World, around};
use crate::event::Event;
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{Authority, Contents, Host, Ledger, tls_context, to_server};

/// Something that may happen.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A request on a connection that has no peer yet, a good one, or a stranger.
    Request(u8),
    /// A held request's connection is looked at: still nothing, a good peer, or a stranger.
    Probed(u8, u8),
    Closed(u8),
    Around(Around),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0_u8..3).prop_map(Happening::Request),
        4 => (any::<u8>(), 0_u8..3).prop_map(|(which, peer)| Happening::Probed(which, peer)),
        2 => any::<u8>().prop_map(Happening::Closed),
        7 => around().prop_map(Happening::Around),
    ]
}

struct Run {
    world: World,
    peers: [UpstreamFacts; 3],
    streams: Ledger,
}

impl Run {
    fn new() -> Self {
        let (ca, other) = (Authority::new("root"), Authority::new("other root"));
        let settings = r#","handshakeWait":"700ms""#;
        Self {
            world: World::new(
                // Every decision leaves a note.
                Host::new(&Host::upstream(settings).replacen('{', r#"{"notes":"all","#, 1)),
                Contents::default(),
                TLS,
                Material::TlsContext(tls_context(&[&ca])),
            ),
            peers: [
                UpstreamFacts::default(),
                to_server(&ca.server("backend.test")),
                to_server(&other.server("backend.test")),
            ],
            streams: Ledger::default(),
        }
    }

    fn play(&mut self, happening: Happening) {
        match happening {
            Happening::Request(peer) => {
                let facts = Facts::Upstream(self.peers[usize::from(peer)].clone());
                let stream = self.world.host.request(facts);
                self.streams.opened(stream);
            }
            Happening::Probed(which, peer) => {
                if let Some(stream) = self.streams.pick(which) {
                    let facts = self.peers[usize::from(peer)].clone();
                    self.world.host.feed(Event::Probed(stream, facts));
                }
            }
            Happening::Closed(which) => {
                if let Some(stream) = self.streams.pick(which) {
                    self.streams.closes(&mut self.world.host, stream);
                }
            }
            Happening::Around(around) => self.world.play(around),
        }
        self.streams.probes(&mut self.world.host);
    }

    /// Longer than anything may wait: every deadline has passed and every connection was looked at.
    fn end(&mut self) {
        for _ in 0..3 {
            self.world.host.tick(5000);
            for stream in self.streams.probes(&mut self.world.host) {
                let facts = UpstreamFacts::default();
                self.world.host.feed(Event::Probed(stream, facts));
            }
        }
        self.streams.holds(&self.world.host);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nobody_waits_for_ever_or_passes_undecided(
        happenings in prop::collection::vec(happening(), 0..40)
    ) {
        let mut run = Run::new();
        for happening in happenings {
            run.play(happening);
        }
        run.end();
    }
}

#[test]
fn a_recorded_order_of_a_late_probe_after_a_close_and_a_withdrawal_replays() {
    let mut run = Run::new();
    for happening in [
        Happening::Request(0),
        Happening::Around(Around::Tick(1)),
        Happening::Around(Around::Answered),
        Happening::Closed(0),
        Happening::Probed(0, 1),
        Happening::Request(0),
        Happening::Around(Around::Withdrawn),
        Happening::Around(Around::Answered),
        Happening::Probed(1, 1),
        Happening::Around(Around::Tick(700)),
    ] {
        run.play(happening);
    }
    run.end();
}
