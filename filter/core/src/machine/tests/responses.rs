//! Bodies of responses that are encrypted for the client, or decrypted for it.

use std::time::Duration;

use sallyport_message::Key;
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Label, Profile, RANDOM_BYTES};
use sallyport_model::{Outcome, SecretString};
use zeroize::Zeroizing;

use crate::config::Place;
use crate::direction::Direction;
use crate::event::{Event, StreamId};
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{Contents, Fate, Host, Lines, Shelf, aes_key, random, symmetric};
use crate::metric::Counter;
use crate::policy::keys::Version;
use crate::reason::Reason;

const SEALING: &str = "secret://payments/sharedSecrets/sealing";
const BODY: &[u8] = br#"{"paid":10}"#;

fn profile() -> Profile {
    Profile::new(KeyManagement::A256Kw, ContentEncryption::A256Gcm)
}

fn key() -> Key {
    Key::symmetric(&SecretString::new(aes_key(1))).unwrap()
}

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    assert!(random(bytes.as_mut_slice()));
    let label = Label {
        typ: None,
        cty: Some("json"),
    };
    let message = profile().encrypt(plaintext, label, &key(), &bytes);
    message.unwrap().into_bytes()
}

fn encrypting(more: &str) -> String {
    format!(r#""encrypt":{{"secret":"{SEALING}"{more}}}"#)
}

fn decrypting(more: &str) -> String {
    format!(r#""decrypt":{{"secrets":["{SEALING}"]{more}}}"#)
}

/// A listener that does this with responses.
fn listener(response: &str) -> Host {
    let contents = Contents::default().with(SEALING, symmetric(&aes_key(1)));
    holding(response, "", &contents)
}

fn holding(response: &str, settings: &str, contents: &Contents) -> Host {
    let body = r#""body":{"maxBytes":400,"wait":"3s"}"#;
    let config = Host::downstream("").replacen(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &format!(r#""response":{{{response}}},{body}"#),
        1,
    );
    let config = config.replacen('{', &format!("{{{settings}"), 1);
    let config = config.replace(r#""cluster""#, r#""watch":"own","cluster""#);
    let mut host = Host::sharing(&config, Shelf::new(), Duration::from_secs(1000));
    host.tick(0);
    host.vault_answers(contents);
    host
}

/// A request that went on.
fn asked(host: &mut Host) -> StreamId {
    let facts = Facts::Downstream(DownstreamFacts::default());
    let stream = host.starts(Lines::of("GET", "/orders"), true, facts);
    assert_eq!(host.fates[&stream], Fate::Resumed);
    stream
}

fn answer(status: &str) -> Lines {
    let media_type = "application/json";
    Lines::default()
        .with(":status", status)
        .with("content-type", media_type)
}

/// What a client makes of it.
fn opened(host: &Host, stream: StreamId) -> Vec<u8> {
    let message = std::str::from_utf8(body(host, stream)).unwrap();
    let opened = profile().decrypt(message, &[key()]).ok().unwrap();
    opened.plaintext.to_vec()
}

fn body(host: &Host, stream: StreamId) -> &[u8] {
    host.answers_rewritten[&stream].body.as_ref().unwrap()
}

#[test]
fn the_server_is_asked_for_a_whole_answer_and_the_client_gets_it_encrypted() {
    let mut host = listener(&encrypting(""));
    let stream = asked(&mut host);
    for name in ["range", "if-range", "accept-encoding"] {
        assert!(host.headers.contains(&format!("-{name}")), "{name}");
    }
    assert!(
        host.headers
            .contains(&"+accept-encoding: identity".to_owned())
    );
    assert_eq!(host.answers(stream, answer("200"), false), Fate::Held);
    host.feed(Event::ResponseGrew(stream, 5));
    assert!(!host.answers_rewritten.contains_key(&stream));
    assert_eq!(host.answer_body(stream, BODY), Fate::Resumed);
    assert_eq!(opened(&host, stream), BODY);
    let set = &host.answers_rewritten[&stream].set;
    assert!(set.contains(&("content-type", "application/jose".to_owned())));
    assert_eq!(host.count(Counter::Encrypted), 1);
    assert_eq!(host.state.waiting(), 0);
}

#[test]
fn answers_of_every_status_are_met_by_the_policy() {
    let mut host = listener(&encrypting(""));
    for status in ["200", "404", "503"] {
        let stream = asked(&mut host);
        assert_eq!(host.answers(stream, answer(status), false), Fate::Held);
        assert_eq!(host.answer_body(stream, b"plain"), Fate::Resumed);
        assert_eq!(opened(&host, stream), b"plain");
    }
}

#[test]
fn an_answer_is_decrypted_for_the_client_or_is_none() {
    let mut host = listener(&decrypting(""));
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    assert_eq!(host.answer_body(stream, &sealed(BODY)), Fate::Resumed);
    assert_eq!(body(&host, stream), BODY);
    assert_eq!(host.count(Counter::Decrypted(Version::Current)), 1);
    for wrong in [BODY, b"....", b"\xff"] {
        let stream = asked(&mut host);
        host.answers(stream, answer("200"), false);
        let fate = host.answer_body(stream, wrong);
        let found = (fate.reason(), fate.status());
        let expected = (Some(Reason::ResponseDecryptionFailed), Some(502));
        assert_eq!(found, expected);
        assert!(!host.answers_rewritten.contains_key(&stream));
    }
}

#[test]
fn an_answer_without_the_field_is_not_what_is_encrypted() {
    let mut host = listener(&encrypting(r#","fields":["/card"]"#));
    for (text, reason) in [
        (r#"{"card":1}"#, None),
        (r#"{"crad":1}"#, Some(Reason::ResponseEncryptionFailed)),
        ("<html>", Some(Reason::ResponseEncryptionFailed)),
    ] {
        let stream = asked(&mut host);
        host.answers(stream, answer("200"), false);
        let fate = host.answer_body(stream, text.as_bytes());
        assert_eq!(fate.reason(), reason, "{text}");
        assert_eq!(
            host.answers_rewritten.contains_key(&stream),
            reason.is_none()
        );
    }
}

#[test]
fn answers_without_a_body_go_on_without_what_is_said_of_one() {
    let mut host = listener(&encrypting(""));
    for status in ["200", "204", "304"] {
        let stream = asked(&mut host);
        assert_eq!(host.answers(stream, answer(status), true), Fate::Resumed);
        let rewrite = &host.answers_rewritten[&stream];
        assert!(rewrite.body.is_none());
        for name in ["content-length", "content-type", "etag"] {
            assert!(rewrite.remove.contains(&name), "{name}");
        }
    }
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    assert_eq!(host.answer_body(stream, b""), Fate::Resumed);
    assert!(!host.answers_rewritten.contains_key(&stream));
}

#[test]
fn streams_parts_and_encoded_answers_are_refused_before_a_byte_of_them() {
    let mut host = listener(&encrypting(""));
    for lines in [
        answer("101"),
        answer("206"),
        answer("200").with("content-range", "bytes 0-5/10"),
        answer("200").with("content-encoding", "gzip"),
        Lines::default()
            .with(":status", "200")
            .with("content-type", "text/event-stream"),
        Lines::default()
            .with(":status", "200")
            .with("content-type", "application/grpc"),
    ] {
        let stream = asked(&mut host);
        let fate = host.answers(stream, lines, false);
        let found = (fate.reason(), fate.status());
        assert_eq!(found, (Some(Reason::ResponseUnsupported), Some(502)));
    }
}

#[test]
fn answers_that_are_too_long_or_too_late_are_refused() {
    let mut host = listener(&encrypting(""));
    let stream = asked(&mut host);
    let fate = host.answers(stream, answer("200").with("content-length", "401"), false);
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::ResponseTooLarge), Some(502))
    );
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    host.feed(Event::ResponseGrew(stream, 401));
    let fate = host.answers[&stream].clone().unwrap();
    assert_eq!(fate.reason(), Some(Reason::ResponseTooLarge));
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    host.tick(3000);
    let fate = host.answers[&stream].clone().unwrap();
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::ResponseTimeout), Some(504))
    );
    assert_eq!(host.state.waiting(), 0);
}

#[test]
fn nothing_goes_back_in_plain_for_want_of_a_key() {
    let settings = r#""onFailure":{"unreachable":"letPass","denied":"letPass"},"#;
    let mut withdrawn = Contents::default();
    withdrawn.set(SEALING, Outcome::Withdrawn {});
    let mut host = holding(&encrypting(""), settings, &withdrawn);
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    let fate = host.answer_body(stream, BODY);
    assert_eq!(fate.reason(), Some(Reason::SecretWithdrawn));
    let denied = Counter::Denied(Direction::Downstream, Reason::SecretWithdrawn);
    assert_eq!(host.count(denied), 1);

    // Sealed as it came, it may go back.
    let mut host = holding(&decrypting(""), settings, &withdrawn);
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    assert_eq!(host.answer_body(stream, &sealed(BODY)), Fate::Resumed);
    assert!(!host.answers_rewritten.contains_key(&stream));
}

#[test]
fn an_answer_that_is_only_observed_goes_back_as_it_came() {
    let mut host = listener(&decrypting(r#","mode":"observe""#));
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    assert_eq!(host.answer_body(stream, BODY), Fate::Resumed);
    assert!(!host.answers_rewritten.contains_key(&stream));
    let reason = Reason::ResponseDecryptionFailed;
    let observed = Counter::Observed(Direction::Downstream, reason);
    assert_eq!(host.count(observed), 1);
    let stream = asked(&mut host);
    host.answers(stream, answer("200"), false);
    host.tick(3000);
    assert_eq!(host.answers[&stream], Some(Fate::Resumed));
}

#[test]
fn routes_without_such_a_policy_get_their_answers_as_they_are() {
    let contents = Contents::default().with(SEALING, symmetric(&aes_key(1)));
    let route = format!(
        r#","routes":[{{"match":{{"route":"plain"}},"request":{{{}}}}}]"#,
        decrypting("")
    );
    let config = Host::downstream("").replacen(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &format!(r#""response":{{{}}}{route}"#, encrypting("")),
        1,
    );
    let mut host = Host::ready(&config, &contents);
    let place = |route: &str| Place {
        route: Some(route.as_bytes().to_vec()),
        ..Place::default()
    };
    for (route, fate) in [("plain", Fate::Resumed), ("other", Fate::Held)] {
        let facts = Facts::Downstream(DownstreamFacts::default());
        host.messages_of_next(Lines::of("GET", "/"), true);
        let stream = host.arrive(place(route), facts);
        assert_eq!(host.fates[&stream], Fate::Resumed);
        assert_eq!(host.answers(stream, answer("200"), false), fate, "{route}");
        assert!(!host.answers_rewritten.contains_key(&stream));
    }
}

#[test]
fn a_request_at_start_waits_for_the_key_of_its_answer() {
    let contents = Contents::default().with(SEALING, symmetric(&aes_key(1)));
    let config = Host::downstream("").replacen(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &format!(r#""response":{{{}}}"#, encrypting("")),
        1,
    );
    let mut host = Host::new(&config);
    host.tick(0);
    let facts = Facts::Downstream(DownstreamFacts::default());
    let stream = host.starts(Lines::of("GET", "/orders"), true, facts);
    assert_eq!(host.fates[&stream], Fate::Held);
    host.vault_answers(&contents);
    assert_eq!(host.fates[&stream], Fate::Resumed);
}

#[test]
fn an_answer_to_nobody_is_refused() {
    let mut host = listener(&encrypting(""));
    let fate = host.answers(StreamId(77), answer("200"), false);
    assert_eq!(fate.reason(), Some(Reason::Internal));
    let stream = asked(&mut host);
    host.feed(Event::Closed(stream));
    let fate = host.answers(stream, answer("200"), false);
    assert_eq!(fate.reason(), Some(Reason::Internal));
}
