//! Requests that are signed for the server.

use sallyport_message::http_signatures;
use sallyport_message::{BodyDigest, Key, UnixTime};
use sallyport_model::{Material, Outcome, SecretString, SharedSecret};

use super::trusting;
use crate::event::Event;
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{
    AT, Authority, Contents, Fate, Host, Leaf, Lines, secret_key, symmetric, to_server,
};
use crate::metric::Counter;
use crate::reason::Reason;

const STORE: &str = "secret://payments/sharedSecrets/store";

fn s3(secret: &str) -> Material<String> {
    Material::SharedSecret(SharedSecret::S3Credential {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: None,
    })
}

fn temporary(token: &str) -> Material<String> {
    Material::SharedSecret(SharedSecret::S3Credential {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: Some(token.to_owned()),
    })
}

struct Scene {
    ca: Authority,
    leaf: Leaf,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        let leaf = ca.server("backend.test");
        Self { ca, leaf }
    }

    fn host(&self, sign: &str, material: Material<String>) -> Host {
        let contents: Contents = trusting(&[&self.ca]).with(STORE, material);
        let settings = format!(r#","body":{{"maxBytes":8}},"sign":{{"secret":"{STORE}",{sign}}}"#);
        Host::ready(&Host::upstream(&settings), &contents)
    }

    fn starts(&self, host: &mut Host, lines: Lines, ends: bool) -> crate::event::StreamId {
        host.headers.clear();
        host.messages_of_next(lines, ends);
        host.request(Facts::Upstream(to_server(&self.leaf)))
    }
}

const SIGV4: &str = r#""scheme":"sigV4","region":"eu-west-1""#;

fn added<'a>(host: &'a Host, name: &str) -> Option<&'a str> {
    let prefix = format!("+{name}: ");
    host.headers
        .iter()
        .find_map(|line| line.strip_prefix(&prefix))
}

#[test]
fn a_request_is_signed_in_place_of_what_the_client_signed() {
    let scene = Scene::new();
    let mut host = scene.host(SIGV4, s3("canary"));
    let lines = Lines::of("GET", "/bucket/key?list-type=2")
        .with("authorization", "AWS4-HMAC-SHA256 forged")
        .with("x-amz-security-token", "forged");
    let stream = scene.starts(&mut host, lines, true);
    assert_eq!(host.fates[&stream], Fate::Resumed);
    let authorization = added(&host, "authorization").unwrap();
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260609/eu-west-1/s3/aws4_request, ";
    assert!(authorization.starts_with(scope), "{authorization}");
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(added(&host, "x-amz-content-sha256"), Some(nothing));
    assert!(host.headers.contains(&"-x-amz-security-token".to_owned()));
    assert_eq!(host.count(Counter::Signed), 1);
    assert!(host.log.iter().all(|line| !line.contains("canary")));
    assert!(host.headers.iter().all(|line| !line.contains("canary")));
}

#[test]
fn the_token_of_temporary_credentials_is_sent_and_signed() {
    let scene = Scene::new();
    let mut host = scene.host(SIGV4, temporary("FwoGZXIvYXdz=="));
    let lines = Lines::of("GET", "/bucket/key").with("x-amz-security-token", "forged");
    let stream = scene.starts(&mut host, lines, true);
    assert_eq!(host.fates[&stream], Fate::Resumed);
    assert_eq!(added(&host, "x-amz-security-token"), Some("FwoGZXIvYXdz=="));
    assert!(host.headers.contains(&"-x-amz-security-token".to_owned()));
    let authorization = added(&host, "authorization").unwrap();
    let signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
    assert!(authorization.contains(signed), "{authorization}");
    assert!(host.log.iter().all(|line| !line.contains("FwoGZXIvYXdz")));
}

#[test]
fn the_key_of_a_day_is_made_anew_for_the_next_day_and_for_the_next_secret() {
    let scene = Scene::new();
    let get = || Lines::of("GET", "/bucket/key");
    let authorization = |host: &mut Host| {
        scene.starts(host, get(), true);
        added(host, "authorization").unwrap().to_owned()
    };
    let mut host = scene.host(SIGV4, s3("first"));
    let first = authorization(&mut host);
    assert_eq!(authorization(&mut host), first);
    let mut contents = trusting(&[&scene.ca]).with(STORE, s3("first"));
    contents.put(STORE, s3("second"));
    host.vault_answers(&contents);
    let second = authorization(&mut host);
    assert_ne!(second, first);
    assert_eq!(second, authorization(&mut scene.host(SIGV4, s3("second"))));
    host.wall = UnixTime(host.wall.0 + 86_400);
    let mut on_the_next_day = scene.host(SIGV4, s3("second"));
    on_the_next_day.wall = host.wall;
    let third = authorization(&mut host);
    assert!(third.contains("/20260610/"), "{third}");
    assert_eq!(third, authorization(&mut on_the_next_day));
}

#[test]
fn a_body_is_held_until_it_can_be_signed_unless_it_stays_unsigned() {
    let scene = Scene::new();
    let put = || Lines::of("PUT", "/bucket/key");
    let mut host = scene.host(SIGV4, s3("secret"));
    let stream = scene.starts(&mut host, put(), false);
    assert_eq!(host.fates[&stream], Fate::Held);
    assert!(host.headers.is_empty());
    host.feed(Event::BodyGrew(stream, 3));
    assert_eq!(host.body(stream, b"hello"), Fate::Resumed);
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(added(&host, "x-amz-content-sha256"), Some(digest));

    let stream = scene.starts(&mut host, put(), false);
    assert_eq!(host.body(stream, b"too long!").status(), Some(413));

    let mut host = scene.host(&format!(r#"{SIGV4},"payload":"unsigned""#), s3("secret"));
    let stream = scene.starts(&mut host, put(), false);
    assert_eq!(host.fates[&stream], Fate::Resumed);
    assert_eq!(
        added(&host, "x-amz-content-sha256"),
        Some("UNSIGNED-PAYLOAD")
    );
}

#[test]
fn a_body_that_came_during_the_handshake_is_signed_after_it() {
    let scene = Scene::new();
    let mut host = scene.host(SIGV4, s3("secret"));
    host.messages_of_next(Lines::of("PUT", "/bucket/key"), false);
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    assert_eq!(host.body(stream, b"hello"), Fate::Held);
    assert!(host.headers.is_empty());
    host.feed(Event::Probed(stream, to_server(&scene.leaf)));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    assert!(added(&host, "authorization").is_some());
}

#[test]
fn what_is_signed_already_in_its_query_or_in_chunks_is_refused() {
    let scene = Scene::new();
    let mut host = scene.host(SIGV4, s3("secret"));
    for lines in [
        Lines::of("GET", "/bucket/key?X-Amz-Signature=abc&X-Amz-Credential=x"),
        Lines::of("GET", "/bucket/key?X%2dAmz-Signature=abc"),
        Lines::of("GET", "/bucket/key?AWSAccessKeyId=x&Signature=abc"),
        Lines::of("GET", "/bucket/%zz"),
        Lines::of("PUT", "/bucket/key")
            .with("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ] {
        let stream = scene.starts(&mut host, lines, true);
        let fate = &host.fates[&stream];
        assert_eq!(
            (fate.reason(), fate.status()),
            (Some(Reason::RequestMalformed), Some(400))
        );
        assert_eq!(added(&host, "authorization"), None);
    }
    assert_eq!(host.count(Counter::SignFailed), 5);
}

#[test]
fn no_server_but_the_one_that_passed_gets_a_signature() {
    let scene = Scene::new();
    let stranger = Authority::new("other root").server("backend.test");
    let contents = trusting(&[&scene.ca]).with(STORE, s3("secret"));
    let settings = format!(r#","mode":"observe","sign":{{"secret":"{STORE}",{SIGV4}}}"#);
    let mut host = Host::ready(&Host::upstream(&settings), &contents);
    host.messages_of_next(Lines::of("GET", "/"), true);
    assert_eq!(host.server(&stranger), Fate::Resumed);
    assert_eq!(added(&host, "authorization"), None);
    assert!(host.headers.contains(&"-authorization".to_owned()));
    assert_eq!(host.count(Counter::Signed), 0);
}

#[test]
fn a_request_without_its_secret_or_with_another_type_is_not_sent() {
    let scene = Scene::new();
    let lines = || Lines::of("GET", "/");
    for (sign, material) in [
        (SIGV4, symmetric(&secret_key(1))),
        (SIGV4, s3("")),
        (SIGV4, temporary("two\nlines")),
        (r#""scheme":"signature""#, s3("secret")),
        (r#""scheme":"signature""#, symmetric("c2hvcnQ=")),
    ] {
        let mut host = scene.host(sign, material);
        let stream = scene.starts(&mut host, lines(), true);
        let reason = host.fates[&stream].reason();
        assert_eq!(reason, Some(Reason::CredentialUnusable), "{sign}");
    }
    let mut contents = trusting(&[&scene.ca]);
    contents.set(STORE, Outcome::Withdrawn {});
    let settings = format!(r#","sign":{{"secret":"{STORE}",{SIGV4}}}"#);
    let mut host = Host::ready(&Host::upstream(&settings), &contents);
    let stream = scene.starts(&mut host, lines(), true);
    assert_eq!(host.fates[&stream].reason(), Some(Reason::SecretWithdrawn));
}

#[test]
fn a_message_signature_holds_for_who_has_the_key() {
    let scene = Scene::new();
    let sign = r#""scheme":"signature","keyId":"edge","tag":"orders""#;
    let mut host = scene.host(sign, symmetric(&secret_key(1)));
    let lines = Lines::of("POST", "/orders").with("signature", "forged=:AAAA:");
    let stream = scene.starts(&mut host, lines.clone(), false);
    assert_eq!(host.body(stream, b"pay 10"), Fate::Resumed);
    let mut sent = lines.changed("signature", added(&host, "signature").unwrap());
    for name in ["signature-input", "content-digest"] {
        sent = sent.with(name, added(&host, name).unwrap());
    }
    let required = ["@method", "@target-uri", "content-digest"];
    let required = required.map(|name| name.parse().unwrap()).to_vec();
    let policy = http_signatures::Policy {
        tag: Some("orders".to_owned()),
        ..http_signatures::Policy::new(required)
    };
    let key = Key::symmetric(&SecretString::new(secret_key(1))).unwrap();
    let verify = |lines: Lines, keys: &[Key]| {
        let head = lines.head(false);
        head.with(|request| policy.verify(request, keys, AT))
            .unwrap()
    };
    let verified = verify(sent.clone(), &[key.clone().with_id("edge")]).unwrap();
    assert_eq!(verified.content_digest, Some(BodyDigest::of(b"pay 10")));
    assert!(verified.nonce.is_some());
    assert!(verify(sent.clone(), &[key.clone().with_id("other")]).is_err());
    assert!(verify(sent.changed(":path", "/ledger"), &[key]).is_err());
}
