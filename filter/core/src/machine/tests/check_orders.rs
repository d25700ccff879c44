//! Whatever the order of events: no request with a body waits for ever, and none goes on but with the
//! body that its caller signed, in full and once.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use sallyport_message::UnixTime;

use super::around::{Around, World, around, pick};
use crate::event::{Event, StreamId};
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{AT, Contents, Fate, Host, Lines, Shelf, secret_key, symmetric};

const SECRET: &str = "secret://payments/sharedSecrets/partner";
const BODY: &[u8] = b"pay 10";

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A request: its nonce, whether it is signed with our key, whether a body follows.
    Request(u8, bool, bool),
    /// So many more bytes.
    Grew(u8, u8),
    /// The end of a body: the one that was signed, or another.
    Ended(u8, bool),
    Closed(u8),
    Around(Around),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        5 => (0_u8..6, any::<bool>(), any::<bool>())
            .prop_map(|(nonce, ours, body)| Happening::Request(nonce, ours, body)),
        4 => any::<(u8, u8)>().prop_map(|(which, more)| Happening::Grew(which, more)),
        5 => any::<(u8, bool)>().prop_map(|(which, same)| Happening::Ended(which, same)),
        2 => any::<u8>().prop_map(Happening::Closed),
        9 => around().prop_map(Happening::Around),
    ]
}

/// What is known of a request.
struct Sent {
    stream: StreamId,
    nonce: u8,
    ours: bool,
    ended: Option<bool>,
    gone: bool,
}

struct Run {
    world: World,
    sent: Vec<Sent>,
}

impl Run {
    fn new() -> Self {
        let config = Host::downstream("").replace(
            r#""tlsContext":"secret://payments/tlsContexts/tls""#,
            &format!(
                r#""body":{{"maxBytes":200,"wait":"3s"}},
                   "check":{{"accept":[{{"scheme":"signature","secrets":["{SECRET}"]}}]}}"#
            ),
        );
        let config = config.replace(r#""cluster""#, r#""watch":"own","cluster""#);
        Self {
            world: World::new(
                Host::sharing(&config, Shelf::new(), Duration::from_secs(1000)),
                Contents::default(),
                SECRET,
                symmetric(&secret_key(1)),
            ),
            sent: Vec::new(),
        }
    }

    fn play(&mut self, happening: Happening) {
        match happening {
            Happening::Request(nonce, ours, body) => {
                let key = secret_key(if ours { 1 } else { 2 });
                let signed = if body { BODY } else { b"" };
                let name = nonce.to_string();
                let lines = Lines::of("POST", "/orders");
                let lines = lines.signed(&key, Some(signed), Some(&name), UnixTime(AT.0));
                let facts = Facts::Downstream(DownstreamFacts::default());
                let stream = self.world.host.starts(lines, !body, facts);
                self.sent.push(Sent {
                    stream,
                    nonce,
                    ours,
                    ended: (!body).then_some(true),
                    gone: false,
                });
            }
            Happening::Grew(which, more) => {
                if let Some(sent) = there(&mut self.sent, which) {
                    let event = Event::BodyGrew(sent.stream, usize::from(more));
                    self.world.host.feed(event);
                }
            }
            Happening::Ended(which, same) => {
                if let Some(sent) = there(&mut self.sent, which)
                    && sent.ended.is_none()
                {
                    let body = if same { BODY } else { b"pay 99" };
                    sent.ended = Some(same);
                    self.world.host.body(sent.stream, body);
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

    fn end(&mut self) {
        self.world.all_deadlines_pass();
        let mut nonces = BTreeMap::new();
        for sent in &self.sent {
            match &self.world.host.fates[&sent.stream] {
                Fate::Held => assert!(sent.gone, "{:?} waits for ever", sent.stream),
                Fate::Denied(_) => {}
                Fate::Resumed => {
                    assert!(sent.ours && sent.ended == Some(true), "{:?}", sent.stream);
                    let before = nonces.insert(sent.nonce, sent.stream);
                    assert_eq!(before, None, "nonce {} was used twice", sent.nonce);
                }
            }
        }
        assert_eq!(self.world.host.state.waiting(), 0);
    }
}

/// One that is still there.
fn there(sent: &mut [Sent], which: u8) -> Option<&mut Sent> {
    pick(sent, which).filter(|sent| !sent.gone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn only_signed_bodies_go_on_each_once_and_nobody_waits_for_ever(
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
