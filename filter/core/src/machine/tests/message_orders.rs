//! Whatever the order of events: a request that is filled and signed goes on once, to a server that
//! passed, with the credentials that it chose and a signature over all of its body; or not at all.

use proptest::prelude::*;
use sallyport_message::{BodyDigest, Key, http_signatures};
use sallyport_model::SecretString;

use super::around::{Around, World, around, pick};
use super::trusting;
use crate::event::{Event, StreamId};
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{AT, Authority, Fate, Host, Lines, basic, secret_key, symmetric, to_server};

const SIGNING: &str = "secret://payments/sharedSecrets/signing";
const TENANTS: [&str; 2] = ["acme", "globex"];

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A request: on a connection without a peer yet, of a good one or a stranger; of a tenant or of
    /// nobody; with a body that is this long, or none.
    Request(u8, u8, Option<u8>),
    /// The connection of a held request is looked at: nothing, a good peer, or a stranger.
    Probed(u8, u8),
    /// So many bytes are there.
    Grew(u8, u8),
    Ended(u8),
    Closed(u8),
    Around(Around),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0_u8..3, 0_u8..3, prop::option::of(any::<u8>()))
            .prop_map(|(peer, tenant, body)| Happening::Request(peer, tenant, body)),
        4 => (any::<u8>(), 0_u8..3).prop_map(|(which, peer)| Happening::Probed(which, peer)),
        3 => any::<(u8, u8)>().prop_map(|(which, more)| Happening::Grew(which, more)),
        5 => any::<u8>().prop_map(Happening::Ended),
        2 => any::<u8>().prop_map(Happening::Closed),
        9 => around().prop_map(Happening::Around),
    ]
}

/// What is known of a request.
struct Sent {
    stream: StreamId,
    lines: Lines,
    tenant: Option<&'static str>,
    body: Vec<u8>,
    ended: bool,
    /// Whether a good peer was seen, and nothing worse before.
    passed: bool,
    gone: bool,
}

struct Run {
    world: World,
    peers: [UpstreamFacts; 3],
    sent: Vec<Sent>,
}

const GOOD: u8 = 1;

/// Longer bodies are refused.
const MAX_BYTES: usize = 200;

impl Run {
    fn new() -> Self {
        let (ca, other) = (Authority::new("root"), Authority::new("other root"));
        let group = "secret://payments/sharedSecrets";
        let secrets = TENANTS.map(|name| format!(r#""{name}":"{group}/{name}""#));
        let secrets = secrets.join(",");
        let settings = format!(
            r#","handshakeWait":"700ms","body":{{"maxBytes":{MAX_BYTES},"wait":"3s"}},
               "inject":[{{"header":"authorization","basic":"{group}/gateway"}},
                 {{"query":"key","value":{{"by":{{"header":"x-tenant"}},"secrets":{{{secrets}}}}}}}],
               "sign":{{"scheme":"signature","secret":"{SIGNING}","components":["@method","@target-uri","authorization"]}}"#
        );
        let contents = trusting(&[&ca]).with_password(&format!("{group}/gateway"), "gateway", "pw");
        let contents = TENANTS
            .into_iter()
            .zip(2..)
            .fold(contents, |all, (name, byte)| {
                all.with(&format!("{group}/{name}"), symmetric(&secret_key(byte)))
            });
        Self {
            world: World::new(
                Host::new(&Host::upstream(&settings)),
                contents,
                SIGNING,
                symmetric(&secret_key(1)),
            ),
            peers: [
                UpstreamFacts::default(),
                to_server(&ca.server("backend.test")),
                to_server(&other.server("backend.test")),
            ],
            sent: Vec::new(),
        }
    }

    fn play(&mut self, happening: Happening) {
        match happening {
            Happening::Request(peer, tenant, body) => self.request(peer, tenant, body),
            Happening::Probed(which, peer) => {
                if let Some(sent) = there(&mut self.sent, which) {
                    sent.passed |= peer == GOOD;
                    let facts = self.peers[usize::from(peer)].clone();
                    self.world.host.feed(Event::Probed(sent.stream, facts));
                }
            }
            Happening::Grew(which, more) => {
                if let Some(sent) = there(&mut self.sent, which) {
                    let event = Event::BodyGrew(sent.stream, usize::from(more));
                    self.world.host.feed(event);
                }
            }
            Happening::Ended(which) => {
                if let Some(sent) = there(&mut self.sent, which)
                    && !sent.ended
                {
                    sent.ended = true;
                    self.world.host.body(sent.stream, &sent.body);
                }
            }
            Happening::Closed(which) => {
                if let Some(sent) = there(&mut self.sent, which) {
                    sent.gone = true;
                    self.world.host.feed(Event::Closed(sent.stream));
                }
            }
            Happening::Around(around) => self.world.play(around),
        }
    }

    fn request(&mut self, peer: u8, tenant: u8, body: Option<u8>) {
        let tenant = TENANTS.get(usize::from(tenant)).copied();
        let lines = Lines::of("POST", "/orders?key=forged");
        let lines = lines.with("x-tenant", tenant.unwrap_or("nobody"));
        let host = &mut self.world.host;
        host.messages_of_next(lines.clone(), body.is_none());
        let stream = host.request(Facts::Upstream(self.peers[usize::from(peer)].clone()));
        self.sent.push(Sent {
            stream,
            lines,
            tenant,
            body: vec![b'x'; usize::from(body.unwrap_or(0))],
            ended: body.is_none(),
            passed: peer == GOOD,
            gone: false,
        });
    }

    fn end(&mut self) {
        for _ in 0..3 {
            self.world.all_deadlines_pass();
            for stream in std::mem::take(&mut self.world.host.probes) {
                let facts = UpstreamFacts::default();
                self.world.host.feed(Event::Probed(stream, facts));
            }
        }
        for sent in &self.sent {
            match &self.world.host.fates[&sent.stream] {
                Fate::Held => assert!(sent.gone, "{:?} waits for ever", sent.stream),
                Fate::Denied(_) => {}
                Fate::Resumed => self.went_on(sent),
            }
        }
        assert_eq!(self.world.host.state.waiting(), 0);
    }

    fn went_on(&self, sent: &Sent) {
        let stream = sent.stream;
        assert!(sent.passed && sent.ended, "{stream:?}");
        assert!(sent.body.len() <= MAX_BYTES, "{stream:?}");
        let tenant = sent.tenant.expect("a request of nobody went on");
        let lines = self.world.host.as_sent(stream, sent.lines.clone());
        let number = TENANTS.iter().position(|name| *name == tenant).unwrap();
        let key = secret_key(2 + number as u8);
        let key = key
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        let target = format!("/orders?key={key}");
        assert_eq!(lines.values(":path"), [target.as_str()]);
        assert_eq!(
            lines.values("authorization"),
            [basic("gateway", "pw").as_str()]
        );

        let covered = ["@method", "@target-uri", "authorization", "content-digest"];
        let covered = covered.map(|name| name.parse().unwrap()).to_vec();
        let policy = http_signatures::Policy::new(covered);
        let key = Key::symmetric(&SecretString::new(secret_key(1))).unwrap();
        let head = lines.head(false);
        let verified = head
            .with(|request| policy.verify(request, &[key], AT))
            .unwrap()
            .unwrap();
        assert_eq!(verified.content_digest, Some(BodyDigest::of(&sent.body)));
    }
}

/// One that is still there.
fn there(sent: &mut [Sent], which: u8) -> Option<&mut Sent> {
    pick(sent, which).filter(|sent| !sent.gone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_request_goes_on_filled_and_signed_as_a_whole_or_not_at_all(
        happenings in prop::collection::vec(happening(), 0..50)
    ) {
        let mut run = Run::new();
        run.play(Happening::Around(Around::Tick(0)));
        for happening in happenings {
            run.play(happening);
        }
        run.end();
    }
}

#[test]
fn a_body_that_ends_before_the_handshake_is_signed_once_the_server_passed() {
    let mut run = Run::new();
    for happening in [
        Happening::Around(Around::Tick(0)),
        Happening::Around(Around::Answered),
        Happening::Request(0, 0, Some(7)),
        Happening::Ended(0),
        Happening::Probed(0, GOOD),
        Happening::Request(GOOD, 1, None),
    ] {
        run.play(happening);
    }
    let fates: Vec<_> = run.world.host.fates.values().cloned().collect();
    assert_eq!(fates, [Fate::Resumed, Fate::Resumed]);
    run.end();
}
