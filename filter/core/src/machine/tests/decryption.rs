//! Bodies of requests that are decrypted for the server.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sallyport_message::Key;
use sallyport_message::UnixTime;
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Label, Profile, RANDOM_BYTES};
use sallyport_model::{Material, SecretString, SharedSecret};
use zeroize::Zeroizing;

use crate::direction::Direction;
use crate::event::{Event, StreamId};
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    AT, Contents, Fate, Host, Lines, Shelf, aes_key, random, secret_key, symmetric,
};
use crate::metric::Counter;
use crate::policy::keys::Version;
use crate::reason::Reason;

pub(super) const SEALING: &str = "secret://payments/sharedSecrets/sealing";
const PREVIOUS: &str = "secret://payments/sharedSecrets/sealing@previous";

pub(super) fn profile(key_management: KeyManagement) -> Profile {
    Profile::new(key_management, ContentEncryption::A256Gcm)
}

pub(super) fn key(byte: u8, kid: Option<&str>) -> Key {
    let key = Key::symmetric(&SecretString::new(aes_key(byte))).unwrap();
    match kid {
        Some(kid) => key.with_id(kid),
        None => key,
    }
}

/// What a client sends who has the key.
fn sealed(profile: &Profile, key: &Key, plaintext: &[u8], cty: Option<&str>) -> Vec<u8> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    assert!(random(bytes.as_mut_slice()));
    let label = Label { typ: None, cty };
    let message = profile.encrypt(plaintext, label, key, &bytes);
    message.unwrap().into_bytes()
}

pub(super) fn a256kw(byte: u8, kid: Option<&str>, plaintext: &[u8]) -> Vec<u8> {
    let json = Some("json");
    sealed(
        &profile(KeyManagement::A256Kw),
        &key(byte, kid),
        plaintext,
        json,
    )
}

/// A downstream filter without TLS context that does this with requests.
fn listener(request: &str, more: &str, contents: &Contents) -> Host {
    without_context(&format!(r#""request":{{{request}}}{more}"#), contents)
}

/// A downstream filter that has a message policy and no TLS context.
pub(super) fn without_context(policy: &str, contents: &Contents) -> Host {
    let context = r#""tlsContext":"secret://payments/tlsContexts/tls""#;
    let config = Host::downstream("").replacen(context, policy, 1);
    let config = config.replace(r#""cluster""#, r#""watch":"own","cluster""#);
    let mut host = Host::sharing(&config, Shelf::new(), Duration::from_secs(1000));
    host.tick(0);
    host.vault_answers(contents);
    host
}

/// Two versions: 2 is current, 1 the one before.
fn rotated() -> Contents {
    Contents::default()
        .with(PREVIOUS, symmetric(&aes_key(1)))
        .with(SEALING, symmetric(&aes_key(2)))
}

fn decrypting(more: &str) -> String {
    format!(r#""decrypt":{{"secrets":["{SEALING}","{PREVIOUS}"]{more}}}"#)
}

pub(super) fn post() -> Lines {
    Lines::of("POST", "/orders").with("content-type", "application/jose")
}

pub(super) fn plain() -> Facts {
    Facts::Downstream(DownstreamFacts::default())
}

/// A request with a body; what became of it.
pub(super) fn posts(host: &mut Host, lines: Lines, body: &[u8]) -> (StreamId, Fate) {
    let stream = host.starts(lines, false, plain());
    let fate = match host.fates[&stream] {
        Fate::Held => host.body(stream, body),
        _ => host.fates[&stream].clone(),
    };
    (stream, fate)
}

pub(super) fn body(host: &Host, stream: StreamId) -> &str {
    std::str::from_utf8(host.rewritten[&stream].body.as_ref().unwrap()).unwrap()
}

pub(super) fn set(host: &Host, stream: StreamId, name: &str) -> Option<String> {
    let mut set = host.rewritten[&stream].set.iter();
    set.find_map(|(set, value)| (*set == name).then(|| value.clone()))
}

#[test]
fn what_a_holder_of_the_key_encrypted_reaches_the_server_in_plain() {
    let mut host = listener(&decrypting(""), "", &rotated());
    let message = a256kw(2, None, br#"{"pay":10}"#);
    let stream = host.starts(post(), false, plain());
    assert_eq!(host.fates[&stream], Fate::Held);
    host.feed(Event::BodyGrew(stream, 10));
    assert!(host.rewritten.is_empty());
    assert_eq!(host.body(stream, &message), Fate::Resumed);
    assert_eq!(body(&host, stream), r#"{"pay":10}"#);
    let named = |name| set(&host, stream, name);
    assert_eq!(named("content-type").as_deref(), Some("application/json"));
    assert_eq!(named("content-length").as_deref(), Some("10"));
    for name in ["content-digest", "etag", "transfer-encoding"] {
        assert!(host.rewritten[&stream].remove.contains(&name), "{name}");
    }
    assert_eq!(host.count(Counter::Decrypted(Version::Current)), 1);
    assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 1);

    // A message that does not say what it holds is bytes.
    let other = profile(KeyManagement::A256Kw);
    let message = sealed(&other, &key(2, None), b"\xff", None);
    let (stream, fate) = posts(&mut host, post(), &message);
    assert_eq!(fate, Fate::Resumed);
    let media_type = set(&host, stream, "content-type");
    assert_eq!(media_type.as_deref(), Some("application/octet-stream"));
}

#[test]
fn the_previous_version_stays_readable_and_a_kid_names_exactly_one() {
    let mut host = listener(&decrypting(""), "", &rotated());
    for (byte, kid, version) in [
        (1, None, Some(Version::Previous)),
        (
            1,
            Some("secret://payments/sharedSecrets/sealing@1"),
            Some(Version::Previous),
        ),
        (
            2,
            Some("secret://payments/sharedSecrets/sealing@2"),
            Some(Version::Current),
        ),
        (2, Some("secret://payments/sharedSecrets/sealing@1"), None),
        (2, Some("secret://payments/sharedSecrets/sealing"), None),
        (2, Some("sealing"), None),
        (3, None, None),
    ] {
        let before = version.map(|version| host.count(Counter::Decrypted(version)));
        let (_, fate) = posts(&mut host, post(), &a256kw(byte, kid, b"{}"));
        match version {
            None => assert_eq!(fate.reason(), Some(Reason::DecryptionFailed), "{kid:?}"),
            Some(version) => {
                assert_eq!(fate, Fate::Resumed, "{kid:?}");
                let after = host.count(Counter::Decrypted(version));
                assert_eq!(Some(after - 1), before, "{kid:?}");
            }
        }
    }
}

#[test]
fn a_previous_key_that_cannot_be_used_opens_nothing_and_is_in_nobodys_way() {
    let blob = SharedSecret::Blob {
        content: "text".to_owned(),
    };
    let kid = |version| format!("{SEALING}@{version}");
    for bad in [symmetric("c2hvcnQ="), Material::SharedSecret(blob)] {
        let mut contents = rotated();
        contents.put(PREVIOUS, bad.clone());
        let mut host = listener(&decrypting(""), "", &contents);
        for (byte, kid, reason) in [
            (2, Some(kid(2)), None),
            (2, None, None),
            (1, Some(kid(1)), Some(Reason::DecryptionFailed)),
            (1, None, Some(Reason::DecryptionFailed)),
        ] {
            let (_, fate) = posts(&mut host, post(), &a256kw(byte, kid.as_deref(), b"{}"));
            assert_eq!(fate.reason(), reason, "{kid:?}");
        }

        // A bad one that is current is not passed over.
        contents.put(SEALING, bad);
        host.vault_answers(&contents);
        let (_, fate) = posts(&mut host, post(), &a256kw(2, None, b"{}"));
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable));
    }
}

/// A message with another protected header.
fn with_header(message: &[u8], header: &str) -> Vec<u8> {
    let text = std::str::from_utf8(message).unwrap();
    let (_, rest) = text.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header)).into_bytes()
}

#[test]
fn whatever_is_wrong_with_a_message_the_answer_is_the_same_and_nothing_goes_on() {
    let mut host = listener(&decrypting(""), "", &rotated());
    let message = a256kw(2, None, b"pay 10");
    let mut altered = message.clone();
    let last = altered.len() - 1;
    altered[last] = if altered[last] == b'A' { b'Q' } else { b'A' };
    let header = |text: &str| with_header(&message, text);
    let rest = r#""enc":"A256GCM""#;
    let mut answers = Vec::new();
    for body in [
        altered,
        header(&format!(r#"{{"alg":"dir",{rest}}}"#)),
        header(r#"{"alg":"A256KW","enc":"A128GCM"}"#),
        header(&format!(r#"{{"alg":"A256KW",{rest},"zip":"DEF"}}"#)),
        header(&format!(
            r#"{{"alg":"A256KW",{rest},"crit":["exp"],"exp":1}}"#
        )),
        header(&format!(r#"{{"alg":"A256KW","alg":"A256KW",{rest}}}"#)),
        header(&format!(
            r#"{{"alg":"PBES2-HS512+A256KW",{rest},"p2s":"AAAAAAAAAAA","p2c":4000000000}}"#
        )),
        br#"{"pay":10}"#.to_vec(),
        b"....".to_vec(),
        vec![0xff; 40],
    ] {
        let (stream, fate) = posts(&mut host, post(), &body);
        let Fate::Denied(reply) = fate else {
            panic!("{body:?}")
        };
        assert!(!host.rewritten.contains_key(&stream));
        answers.push((reply.status(), reply.details(), reply.body()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, 400);
    let denied = Counter::Denied(Direction::Downstream, Reason::DecryptionFailed);
    assert_eq!(host.count(denied), 10);
    // Whoever runs the gateway learns more.
    assert!(host.log.iter().any(|line| line.contains(r#"detail="zip""#)));
}

#[test]
fn work_that_a_sender_asks_for_is_bounded() {
    let settings = |more: &str| {
        format!(
            r#""decrypt":{{"secrets":["{SEALING}#password"],"keyManagement":"PBES2-HS512+A256KW"{more}}}"#
        )
    };
    let field = format!("{SEALING}#password");
    let material = || Material::Field("open sesame".to_owned());
    let contents = Contents::default().with(&field, material());
    let password = Key::text(&SecretString::new("open sesame".to_owned()));
    let asks_for = |iterations| {
        let profile = Profile {
            iterations,
            ..profile(KeyManagement::Pbes2Hs512A256Kw)
        };
        sealed(&profile, &password, b"{}", None)
    };
    let mut host = listener(&settings(r#","iterations":2000"#), "", &contents);
    assert_eq!(posts(&mut host, post(), &asks_for(2000)).1, Fate::Resumed);
    let (_, fate) = posts(&mut host, post(), &asks_for(2001));
    assert_eq!(fate.reason(), Some(Reason::DecryptionFailed));
    assert!(host.log.last().unwrap().contains(r#"detail="p2c""#));
}

#[test]
fn single_fields_are_decrypted_where_they_stand() {
    let fields = r#","fields":["/card","/owner/name"]"#;
    let mut host = listener(&decrypting(fields), "", &rotated());
    let field = |plaintext: &[u8]| String::from_utf8(a256kw(1, None, plaintext)).unwrap();
    let (card, name) = (field(br#"{"number":4111,"cvc":null}"#), field(br#""Ann""#));
    let document = format!(r#"{{ "card":"{card}", "big":1e400, "owner":{{"name":"{name}"}} }}"#);
    let lines = || Lines::of("POST", "/orders").with("content-type", "application/json");
    let (stream, fate) = posts(&mut host, lines(), document.as_bytes());
    assert_eq!(fate, Fate::Resumed);
    let expected = r#"{ "card":{"number":4111,"cvc":null}, "big":1e400, "owner":{"name":"Ann"} }"#;
    assert_eq!(body(&host, stream), expected);
    assert_eq!(set(&host, stream, "content-type"), None);
    assert_eq!(host.count(Counter::Decrypted(Version::Previous)), 1);

    let no_json = field(b"not json");
    for document in [
        format!(r#"{{"card":"{card}","owner":{{}}}}"#),
        format!(r#"{{"card":{{"number":4111}},"owner":{{"name":"{name}"}}}}"#),
        format!(r#"{{"card":"{card}","card":"{card}","owner":{{"name":"{name}"}}}}"#),
        format!(r#"{{"card":"{no_json}","owner":{{"name":"{name}"}}}}"#),
        format!(r#"{{"card":"{card}","owner":{{"name":"{name}"}}"#),
        card.clone(),
    ] {
        let (stream, fate) = posts(&mut host, lines(), document.as_bytes());
        assert_eq!(fate.reason(), Some(Reason::DecryptionFailed), "{document}");
        assert!(!host.rewritten.contains_key(&stream));
    }
    let mut host = listener(
        &decrypting(&format!(r#"{fields},"absent":"pass""#)),
        "",
        &rotated(),
    );
    let document = format!(r#"{{"card":"{card}"}}"#);
    let (stream, fate) = posts(&mut host, lines(), document.as_bytes());
    assert_eq!(fate, Fate::Resumed);
    assert_eq!(
        body(&host, stream),
        r#"{"card":{"number":4111,"cvc":null}}"#
    );
}

#[test]
fn what_is_empty_has_nothing_to_decrypt() {
    let mut host = listener(&decrypting(""), "", &rotated());
    assert_eq!(host.sends(Lines::of("GET", "/orders")), Fate::Resumed);
    assert_eq!(posts(&mut host, post(), b"").1, Fate::Resumed);
    assert!(host.rewritten.is_empty());
}

#[test]
fn streams_and_encoded_bodies_are_refused_before_they_come() {
    let mut host = listener(&decrypting(""), "", &rotated());
    for lines in [
        Lines::of("POST", "/").with("content-type", "application/grpc+proto"),
        Lines::of("GET", "/").with("upgrade", "websocket"),
        Lines::of("CONNECT", "/"),
        post().with("content-encoding", "gzip"),
        post().with("content-range", "bytes 0-5/10"),
        post().with("content-type", "text/plain"),
    ] {
        let stream = host.starts(lines, false, plain());
        let fate = &host.fates[&stream];
        let found = (fate.reason(), fate.status());
        assert_eq!(found, (Some(Reason::BodyUnsupported), Some(415)));
    }
    let (_, fate) = posts(
        &mut host,
        post().with("content-encoding", "identity"),
        &a256kw(2, None, b"{}"),
    );
    assert_eq!(fate, Fate::Resumed);
}

#[test]
fn bodies_that_are_too_long_or_too_late_are_refused() {
    let more = r#","body":{"maxBytes":200,"wait":"2s"}"#;
    let mut host = listener(&decrypting(""), more, &rotated());
    let stream = host.starts(post().with("content-length", "201"), false, plain());
    assert_eq!(host.fates[&stream].status(), Some(413));
    let stream = host.starts(post(), false, plain());
    host.feed(Event::BodyGrew(stream, 201));
    assert_eq!(host.fates[&stream].status(), Some(413));
    let stream = host.starts(post(), false, plain());
    host.tick(2000);
    assert_eq!(host.fates[&stream].status(), Some(408));
    assert_eq!(host.state.waiting(), 0);
}

#[test]
fn what_cannot_be_decrypted_goes_on_as_it_is_where_that_is_only_observed() {
    let mut host = listener(&decrypting(r#","mode":"observe""#), "", &rotated());
    let (stream, fate) = posts(&mut host, post(), b"plain");
    assert_eq!(fate, Fate::Resumed);
    assert!(!host.rewritten.contains_key(&stream));
    let observed = Counter::Observed(Direction::Downstream, Reason::DecryptionFailed);
    assert_eq!(host.count(observed), 1);
    let (stream, fate) = posts(&mut host, post(), &a256kw(2, None, b"{}"));
    assert_eq!((fate, body(&host, stream)), (Fate::Resumed, "{}"));
    let stream = host.starts(post().with("content-encoding", "gzip"), false, plain());
    assert_eq!(host.fates[&stream], Fate::Resumed);
}

#[test]
fn an_observed_check_does_not_let_a_body_slip_through_undecrypted() {
    let check = format!(
        r#","check":{{"mode":"observe","accept":[{{"scheme":"signature","secrets":["{SEALING}"]}}]}}"#
    );
    let contents = Contents::default().with(SEALING, symmetric(&aes_key(2)));
    let decrypt = format!(r#""decrypt":{{"secrets":["{SEALING}"]}}"#);
    let mut host = listener(&decrypt, &check, &contents);
    // Nobody signed it, and that is only observed.
    let (stream, fate) = posts(&mut host, post(), &a256kw(2, None, b"{}"));
    assert_eq!((fate, body(&host, stream)), (Fate::Resumed, "{}"));
    let (_, fate) = posts(&mut host, post(), b"plain");
    assert_eq!(fate.reason(), Some(Reason::DecryptionFailed));
    let stream = host.starts(post().with("content-length", "9999999"), false, plain());
    assert_eq!(host.fates[&stream].reason(), Some(Reason::BodyTooLarge));
}

#[test]
fn a_signature_covers_the_body_as_it_came_and_then_it_is_decrypted() {
    let signing = "secret://payments/sharedSecrets/signing";
    let check =
        format!(r#","check":{{"accept":[{{"scheme":"signature","secrets":["{signing}"]}}]}}"#);
    let contents = rotated().with(signing, symmetric(&secret_key(7)));
    let mut host = listener(&decrypting(""), &check, &contents);
    let message = a256kw(2, None, b"pay 10");
    for (nonce, sent, reason) in [
        ("n1", message.clone(), None),
        ("n2", a256kw(2, None, b"pay 99"), Some(Reason::BodyAltered)),
    ] {
        let at = UnixTime(AT.0);
        let lines = post().signed(&secret_key(7), Some(&message), Some(nonce), at);
        let (stream, fate) = posts(&mut host, lines, &sent);
        assert_eq!(fate.reason(), reason);
        assert_eq!(host.rewritten.contains_key(&stream), reason.is_none());
    }
}
