//! Whatever the order of events: no request waits for ever, none goes on undecided, and none in another form
//! than the policy asks for. A vault that takes the key back, and settings that let requests pass for want
//! of one, make no plain request of an encrypted one.

use std::time::Duration;

use proptest::prelude::*;
use sallyport_message::Key;
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Label, Profile, RANDOM_BYTES};
use sallyport_model::{Outcome, SecretString};
use zeroize::Zeroizing;

use crate::event::{Event, StreamId};
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    Contents, Fate, Host, Lines, Shelf, aes_key, random, symmetric, unavailable,
};
use crate::policy::encryption::Way;

const SEALING: &str = "secret://payments/sharedSecrets/sealing";
const BODY: &[u8] = b"pay 10";

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A request; whether a body follows.
    Request(bool),
    /// So many more bytes.
    Grew(u8, u8),
    /// The end of a body: in the form that the policy wants, or in another one.
    Ended(u8, bool),
    /// A response, whoever gives it and whenever; whether a body follows.
    Responds(u8, bool),
    ResponseGrew(u8, u8),
    ResponseEnded(u8),
    Closed(u8),
    Tick(u16),
    Answered,
    Unreachable,
    Withdrawn,
    Restored,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => any::<bool>().prop_map(Happening::Request),
        4 => any::<(u8, u8)>().prop_map(|(which, more)| Happening::Grew(which, more)),
        6 => any::<(u8, bool)>().prop_map(|(which, good)| Happening::Ended(which, good)),
        5 => any::<(u8, bool)>().prop_map(|(which, body)| Happening::Responds(which, body)),
        2 => any::<(u8, u8)>().prop_map(|(which, more)| Happening::ResponseGrew(which, more)),
        5 => any::<u8>().prop_map(Happening::ResponseEnded),
        2 => any::<u8>().prop_map(Happening::Closed),
        3 => (0_u16..2500).prop_map(Happening::Tick),
        4 => Just(Happening::Answered),
        1 => Just(Happening::Unreachable),
        1 => Just(Happening::Withdrawn),
        2 => Just(Happening::Restored),
    ]
}

struct Sent {
    stream: StreamId,
    /// Whether there is a body, and if it ended whether it was a good one.
    has_body: bool,
    ended: Option<bool>,
    /// Whether the response has a body, and whether it ended.
    response: Option<(bool, bool)>,
    gone: bool,
}

struct Run {
    way: Way,
    host: Host,
    contents: Contents,
    sent: Vec<Sent>,
}

fn profile() -> Profile {
    Profile::new(KeyManagement::A256Kw, ContentEncryption::A256Gcm)
}

fn key() -> Key {
    Key::symmetric(&SecretString::new(aes_key(1))).unwrap()
}

fn sealed() -> Vec<u8> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    assert!(random(bytes.as_mut_slice()));
    let message = profile().encrypt(BODY, Label::default(), &key(), &bytes);
    message.unwrap().into_bytes()
}

impl Run {
    fn new(way: Way) -> Self {
        let request = match way {
            Way::Encrypt => format!(r#"{{"encrypt":{{"secret":"{SEALING}"}}}}"#),
            Way::Decrypt => format!(r#"{{"decrypt":{{"secrets":["{SEALING}"]}}}}"#),
        };
        let response = format!(r#""response":{{"encrypt":{{"secret":"{SEALING}"}}}}"#);
        let config = Host::downstream("").replace(
            r#""tlsContext":"secret://payments/tlsContexts/tls""#,
            &format!(r#""body":{{"maxBytes":400,"wait":"3s"}},"request":{request},{response}"#),
        );
        let config = config.replace(r#""cluster""#, r#""watch":"own","cluster""#);
        let config = match way {
            Way::Decrypt => config,
            Way::Encrypt => config.replacen(
                '{',
                r#"{"onFailure":{"unreachable":"letPass","denied":"letPass"},"#,
                1,
            ),
        };
        Self {
            way,
            host: Host::sharing(&config, Shelf::new(), Duration::from_secs(1000)),
            contents: Contents::default().with(SEALING, symmetric(&aes_key(1))),
            sent: Vec::new(),
        }
    }

    fn play(&mut self, happening: Happening) {
        match happening {
            Happening::Request(has_body) => {
                let facts = Facts::Downstream(DownstreamFacts::default());
                let stream = self.host.starts(Lines::of("POST", "/"), !has_body, facts);
                self.sent.push(Sent {
                    stream,
                    has_body,
                    ended: None,
                    response: None,
                    gone: false,
                });
            }
            Happening::Grew(which, more) => {
                if let Some(sent) = pick(&mut self.sent, which) {
                    let event = Event::BodyGrew(sent.stream, usize::from(more) * 2);
                    self.host.feed(event);
                }
            }
            Happening::Ended(which, good) => {
                if let Some(sent) = pick(&mut self.sent, which)
                    && sent.has_body
                    && sent.ended.is_none()
                {
                    sent.ended = Some(good);
                    let body = match (self.way, good) {
                        (Way::Decrypt, true) => sealed(),
                        (Way::Encrypt, true) => BODY.to_vec(),
                        (_, false) => vec![b'x'; 401 - usize::from(which)],
                    };
                    self.host.body(sent.stream, &body);
                }
            }
            Happening::Responds(which, has_body) => {
                // What the filter answers itself is no response to it.
                if let Some(sent) = pick(&mut self.sent, which)
                    && sent.response.is_none()
                    && !matches!(self.host.fates[&sent.stream], Fate::Denied(_))
                {
                    sent.response = Some((has_body, false));
                    let lines = Lines::default().with(":status", "200");
                    self.host.answers(sent.stream, lines, !has_body);
                }
            }
            Happening::ResponseGrew(which, more) => {
                if let Some(sent) = pick(&mut self.sent, which)
                    && sent.response == Some((true, false))
                {
                    let event = Event::ResponseGrew(sent.stream, usize::from(more) * 2);
                    self.host.feed(event);
                }
            }
            Happening::ResponseEnded(which) => {
                if let Some(sent) = pick(&mut self.sent, which)
                    && sent.response == Some((true, false))
                {
                    sent.response = Some((true, true));
                    self.host.answer_body(sent.stream, BODY);
                }
            }
            Happening::Closed(which) => {
                if let Some(sent) = pick(&mut self.sent, which) {
                    sent.gone = true;
                    self.host.feed(Event::Closed(sent.stream));
                }
            }
            Happening::Tick(millis) => self.host.tick(millis.into()),
            Happening::Answered if !self.host.calls.is_empty() => {
                self.host.vault_answers(&self.contents);
            }
            Happening::Unreachable if !self.host.calls.is_empty() => {
                self.host.answer(unavailable());
            }
            Happening::Answered | Happening::Unreachable => {}
            Happening::Withdrawn => self.contents.set(SEALING, Outcome::Withdrawn {}),
            Happening::Restored => self.contents.put(SEALING, symmetric(&aes_key(1))),
        }
    }

    fn end(&mut self) {
        for _ in 0..3 {
            self.host.tick(5000);
        }
        for sent in &self.sent {
            let stream = sent.stream;
            let rewritten = self.host.rewritten.get(&stream);
            match &self.host.fates[&stream] {
                Fate::Held => {
                    assert!(
                        sent.gone || sent.response.is_some(),
                        "{stream:?} waits for ever"
                    );
                }
                Fate::Denied(_) => assert!(rewritten.is_none(), "{stream:?}"),
                Fate::Resumed if !sent.has_body => assert!(rewritten.is_none()),
                Fate::Resumed => {
                    let body = rewritten.and_then(|rewrite| rewrite.body.as_ref());
                    let body = body.map(|body| body.as_slice());
                    let body = body.expect("a body that went on as it was");
                    let message = std::str::from_utf8(body).unwrap();
                    match self.way {
                        Way::Decrypt => assert_eq!((body, sent.ended), (BODY, Some(true))),
                        Way::Encrypt => {
                            let opened = profile().decrypt(message, &[key()]).ok().unwrap();
                            assert!(sent.ended.is_some());
                            assert_eq!(
                                opened.plaintext.as_slice() == BODY,
                                sent.ended == Some(true)
                            );
                        }
                    }
                }
            }
        }
        for sent in &self.sent {
            let rewritten = self.host.answers_rewritten.get(&sent.stream);
            let body = rewritten.and_then(|rewrite| rewrite.body.as_ref());
            match (sent.response, self.host.answers.get(&sent.stream)) {
                (None, None) => {}
                (Some(_), Some(Some(Fate::Held))) => assert!(sent.gone, "{:?}", sent.stream),
                (Some(_), Some(Some(Fate::Denied(_)))) => assert!(body.is_none()),
                (Some((false, _)), Some(Some(Fate::Resumed))) => assert!(body.is_none()),
                (Some((true, ended)), Some(Some(Fate::Resumed))) => {
                    let message = std::str::from_utf8(body.unwrap()).unwrap();
                    let opened = profile().decrypt(message, &[key()]).ok().unwrap();
                    assert!(ended && opened.plaintext.as_slice() == BODY);
                }
                (response, answer) => panic!("{response:?} {answer:?}"),
            }
        }
        assert_eq!(self.host.state.waiting(), 0);
    }
}

/// One that is still there.
fn pick(sent: &mut [Sent], which: u8) -> Option<&mut Sent> {
    let index = usize::from(which).checked_rem(sent.len())?;
    sent.get_mut(index).filter(|sent| !sent.gone)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn only_bodies_in_the_form_of_the_policy_go_on_and_nobody_waits_for_ever(
        encrypts in any::<bool>(), happenings in prop::collection::vec(happening(), 0..60)
    ) {
        let mut run = Run::new(if encrypts { Way::Encrypt } else { Way::Decrypt });
        run.play(Happening::Tick(0));
        for happening in happenings {
            run.play(happening);
        }
        run.end();
    }
}
