//! Callers that show a credential.

use std::time::Duration;

use sallyport_message::UnixTime;
use sallyport_model::{Outcome, Refusal};

use super::trusting;
use crate::event::Event;
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    Authority, Contents, Fate, Host, Lines, Shelf, basic, from_client, secret_key, symmetric, token,
};
use crate::metric::Counter;
use crate::policy::check::SchemeName;
use crate::policy::keys::Version;
use crate::reason::Reason;

pub(super) const PARTNER: &str = "secret://payments/sharedSecrets/partner";
pub(super) const PREVIOUS: &str = "secret://payments/sharedSecrets/partner@previous";

/// A filter without TLS context that accepts one scheme.
pub(super) fn configuration(accept: &str, more: &str) -> String {
    let secrets = format!(r#""secrets":["{PARTNER}","{PREVIOUS}"]"#);
    Host::downstream("").replacen(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &format!(
            r#""forwardClientCertificate":"keep","check":{{"accept":[{{{accept},{secrets}}}]{more}}}"#
        ),
        1,
    )
}

fn not_rotated() -> Outcome<String> {
    Outcome::Refused {
        reason: Refusal::NotFound,
        detail: "no previous version".to_owned(),
    }
}

pub(super) fn host(accept: &str, more: &str, contents: &Contents) -> Host {
    let mut host = Host::sharing(
        &configuration(accept, more).replace(r#""cluster""#, r#""watch":"own","cluster""#),
        Shelf::new(),
        Duration::from_secs(1000),
    );
    host.tick(0);
    host.vault_answers(contents);
    host
}

pub(super) fn get() -> Lines {
    Lines::of("GET", "/orders?id=7")
}

pub(super) fn plain() -> Facts {
    Facts::Downstream(DownstreamFacts::default())
}

#[test]
fn both_versions_of_a_password_are_accepted_while_it_rotates_and_counted_apart() {
    let mut contents = Contents::default().with_password(PARTNER, "app", "old");
    contents.set(PREVIOUS, not_rotated());
    let mut host = host(r#""scheme":"basic""#, "", &contents);
    let shows = |password| get().with("authorization", &basic("app", password));
    let passed = |host: &Host, version| host.count(Counter::Caller(SchemeName::Basic, version));
    assert_eq!(host.sends(shows("old")), Fate::Resumed);
    assert_eq!(host.headers, ["-authorization"]);
    assert_eq!(
        host.sends(shows("new")).reason(),
        Some(Reason::CredentialWrong)
    );

    let contents = Contents::default()
        .with_password("secret://payments/sharedSecrets/other", "-", "-")
        .with_password(PARTNER, "app", "new")
        .with_password(PREVIOUS, "app", "old");
    host.vault_answers(&contents);
    assert_eq!(host.sends(shows("old")), Fate::Resumed);
    assert_eq!(host.sends(shows("new")), Fate::Resumed);
    assert_eq!(passed(&host, Version::Current), 2);
    assert_eq!(passed(&host, Version::Previous), 1);
}

#[test]
fn a_caller_without_credential_is_told_what_to_show() {
    let contents = Contents::default().with_password(PARTNER, "app", "canary");
    for (lines, reason, status) in [
        (get(), Reason::CredentialAbsent, 401),
        (
            get().with("authorization", "Bearer x"),
            Reason::CredentialAbsent,
            401,
        ),
        (
            get().with("authorization", "Basic !"),
            Reason::CredentialMalformed,
            401,
        ),
        (
            get().with("authorization", &basic("app", "canary2")),
            Reason::CredentialWrong,
            401,
        ),
        (
            get()
                .with("authorization", &basic("app", "canary"))
                .with("authorization", &basic("app", "canary")),
            Reason::CredentialAmbiguous,
            400,
        ),
    ] {
        let mut host = host(r#""scheme":"basic""#, r#","realm":"partners""#, &contents);
        let fate = host.sends(lines);
        assert_eq!((fate.reason(), fate.status()), (Some(reason), Some(status)));
        let challenge = (status == 401).then_some(r#"Basic realm="partners", charset="UTF-8""#);
        assert_eq!(fate.challenge(), challenge);
        assert!(host.log.iter().all(|line| !line.contains("canary")));
        assert_eq!(
            host.count(Counter::Allowed(crate::direction::Direction::Downstream)),
            0
        );
    }
}

#[test]
fn the_upstream_learns_who_called_and_never_from_the_caller() {
    let contents = Contents::default().with(PARTNER, symmetric(&secret_key(1)));
    let more = r#","identity":[{"header":"x-caller"},{"header":"x-tenant","claim":"tenant"}]"#;
    let scheme = r#""scheme":"jwt","algorithm":"HS256""#;
    let mut host = host(scheme, more, &contents);
    let claims = |more: &str| format!(r#"{{"sub":"alice","exp":{}{more}}}"#, host_time() + 60);
    let spoofed = |token: &str| {
        get()
            .with("x-caller", "root")
            .with("X-Tenant", "root")
            .with("authorization", &format!("Bearer {token}"))
    };
    let good = token(
        &secret_key(1),
        r#"{"alg":"HS256"}"#,
        &claims(r#","tenant":"acme""#),
    );
    assert_eq!(host.sends(spoofed(&good)), Fate::Resumed);
    assert_eq!(
        host.headers,
        [
            "-x-caller",
            "-x-tenant",
            "-authorization",
            "+x-caller: alice",
            "+x-tenant: acme"
        ]
    );
    for tenant in [r#","tenant":["acme"]"#, r#","tenant":"a\r\nx-evil: 1""#] {
        let bad = token(&secret_key(1), r#"{"alg":"HS256"}"#, &claims(tenant));
        let fate = host.sends(spoofed(&bad));
        assert_eq!(
            (fate.reason(), fate.status()),
            (Some(Reason::CallerRefused), Some(403))
        );
        assert_eq!(host.headers, ["-x-caller", "-x-tenant"]);
    }
}

#[test]
fn a_token_about_nobody_in_particular_is_not_named_after_its_key() {
    let contents = Contents::default().with(PARTNER, symmetric(&secret_key(1)));
    let more = r#","identity":[{"header":"x-caller"}]"#;
    let mut host = host(r#""scheme":"jwt","algorithm":"HS256""#, more, &contents);
    for subject in ["42", "null", r#""""#, r#"["alice"]"#] {
        let claims = format!(r#"{{"sub":{subject},"exp":{}}}"#, host_time() + 60);
        let token = token(&secret_key(1), r#"{"alg":"HS256"}"#, &claims);
        let fate = host.sends(get().with("authorization", &format!("Bearer {token}")));
        assert_eq!(fate.reason(), Some(Reason::CallerRefused), "{subject}");
        assert_eq!(host.headers, ["-x-caller"]);
    }
}

pub(super) fn host_time() -> i64 {
    crate::fixtures::AT.0
}

#[test]
fn tokens_that_choose_for_themselves_are_refused() {
    let contents = Contents::default().with(PARTNER, symmetric(&secret_key(1)));
    let scheme = r#""scheme":"jwt","algorithm":"HS256","issuers":["https://idp.test"],"audiences":["orders"]"#;
    let mut host = host(scheme, "", &contents);
    let exp = host_time() + 60;
    let good = format!(r#"{{"iss":"https://idp.test","aud":"orders","exp":{exp}}}"#);
    let head = r#"{"alg":"HS256"}"#;
    let unsigned = {
        let token = token(&secret_key(1), r#"{"alg":"none"}"#, &good);
        let (signed, _) = token.rsplit_once('.').unwrap();
        format!("{signed}.")
    };
    for (token, reason) in [
        (unsigned, Reason::CredentialWrong),
        (
            token(&secret_key(1), r#"{"alg":"HS512"}"#, &good),
            Reason::CredentialWrong,
        ),
        (
            token(&secret_key(1), r#"{"alg":"RS256"}"#, &good),
            Reason::CredentialWrong,
        ),
        (
            token(
                &secret_key(1),
                r#"{"alg":"HS256","crit":["x"],"x":1}"#,
                &good,
            ),
            Reason::CredentialWrong,
        ),
        (
            token(&secret_key(1), r#"{"alg":"HS256","alg":"HS256"}"#, &good),
            Reason::CredentialMalformed,
        ),
        (token(&secret_key(2), head, &good), Reason::CredentialWrong),
        (
            token(&secret_key(1), head, r#"{"aud":"orders"}"#),
            Reason::CallerRefused,
        ),
        (
            token(&secret_key(1), head, &good.replace("orders", "ledger")),
            Reason::CallerRefused,
        ),
        (
            token(&secret_key(1), head, &good.replace(&exp.to_string(), "1")),
            Reason::CredentialExpired,
        ),
        ("a.b".to_owned(), Reason::CredentialMalformed),
    ] {
        let fate = host.sends(get().with("authorization", &format!("Bearer {token}")));
        assert_eq!(fate.reason(), Some(reason), "{token}");
        let invalid = r#"Bearer error="invalid_token", realm="gateway""#;
        let challenge = (fate.status() == Some(401)).then_some(invalid);
        assert_eq!(fate.challenge(), challenge);
    }
    let fate = host.sends(get().with(
        "authorization",
        &format!("Bearer {}", token(&secret_key(1), head, &good)),
    ));
    assert_eq!(fate, Fate::Resumed);
    let fate = host.sends(get());
    assert_eq!(fate.challenge(), Some(r#"Bearer realm="gateway""#));
}

#[test]
fn an_api_key_is_there_once_and_is_taken_out() {
    let contents = Contents::default().with(PARTNER, symmetric("c2VjcmV0"));
    let mut host = host(r#""scheme":"apiKey","header":"X-Key""#, "", &contents);
    assert_eq!(host.sends(get().with("x-key", "c2VjcmV0")), Fate::Resumed);
    assert_eq!(host.headers, ["-x-key"]);
    let twice = get().with("x-key", "c2VjcmV0").with("x-key", "other");
    assert_eq!(
        host.sends(twice).reason(),
        Some(Reason::CredentialAmbiguous)
    );
    assert_eq!(
        host.sends(get().with("x-key", "")).reason(),
        Some(Reason::CredentialWrong)
    );
}

#[test]
fn a_signature_holds_once_and_within_its_time() {
    let contents = Contents::default().with(PARTNER, symmetric(&secret_key(1)));
    let mut host = host(r#""scheme":"signature""#, "", &contents);
    let at = |seconds: i64| UnixTime(host_time() + seconds);
    let signed = |nonce, seconds| get().signed(&secret_key(1), None, nonce, at(seconds));
    assert_eq!(host.sends(signed(Some("n1"), 0)), Fate::Resumed);
    for (lines, reason) in [
        (signed(Some("n1"), 0), Reason::SignatureReplayed),
        (signed(None, 0), Reason::CallerRefused),
        (signed(Some("n2"), -400), Reason::CredentialExpired),
        (signed(Some("n2"), 60), Reason::CredentialExpired),
        (
            signed(Some("n2"), 0).changed(":path", "/orders?id=8"),
            Reason::CredentialWrong,
        ),
        (
            signed(Some("n2"), 0).changed(":method", "DELETE"),
            Reason::CredentialWrong,
        ),
        (
            get().signed(&secret_key(2), None, Some("n2"), at(0)),
            Reason::CredentialWrong,
        ),
        (
            signed(Some("n2"), 0).with("signature", "sig1=:AAAA:"),
            Reason::CredentialAmbiguous,
        ),
    ] {
        assert_eq!(host.sends(lines).reason(), Some(reason));
    }
    // What was refused has not used up its nonce.
    assert_eq!(host.sends(signed(Some("n2"), 0)), Fate::Resumed);
}

#[test]
fn a_signed_body_is_held_until_it_is_the_one_that_was_signed() {
    let contents = Contents::default().with(PARTNER, symmetric(&secret_key(1)));
    let config = configuration(r#""scheme":"signature""#, "").replacen(
        r#""check""#,
        r#""body":{"maxBytes":8,"wait":"3s"},"check""#,
        1,
    );
    let mut host = Host::sharing(
        &config.replace(r#""cluster""#, r#""watch":"own","cluster""#),
        Shelf::new(),
        Duration::from_secs(1000),
    );
    host.tick(0);
    host.vault_answers(&contents);
    let post = |nonce, body: Option<&[u8]>| {
        let at = UnixTime(host_time());
        Lines::of("POST", "/orders").signed(&secret_key(1), body, Some(nonce), at)
    };
    let start = |host: &mut Host, nonce| {
        let stream = host.starts(post(nonce, Some(b"pay 10")), false, plain());
        assert_eq!(host.fates[&stream], Fate::Held);
        stream
    };

    let stream = start(&mut host, "a");
    host.feed(Event::BodyGrew(stream, 3));
    assert_eq!(host.body(stream, b"pay 10"), Fate::Resumed);

    let stream = start(&mut host, "b");
    let fate = host.body(stream, b"pay 99");
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::BodyAltered), Some(400))
    );

    let stream = start(&mut host, "c");
    host.feed(Event::BodyGrew(stream, 9));
    assert_eq!(host.fates[&stream].status(), Some(413));
    host.feed(Event::Body(stream, b"pay 10".to_vec().into()));

    let stream = start(&mut host, "d");
    host.tick(2999);
    assert_eq!(host.fates[&stream], Fate::Held);
    host.tick(1);
    assert_eq!(host.fates[&stream].reason(), Some(Reason::BodyTimeout));

    let stream = start(&mut host, "e");
    host.feed(Event::Closed(stream));
    host.feed(Event::Body(stream, b"pay 10".to_vec().into()));
    assert_eq!(host.fates[&stream], Fate::Held);

    let announced = post("f", Some(b"pay 10")).with("content-length", "9");
    let stream = host.starts(announced, false, plain());
    assert_eq!(host.fates[&stream].reason(), Some(Reason::BodyTooLarge));

    // A body that the signature says nothing of.
    let stream = host.starts(post("g", None), false, plain());
    assert_eq!(host.fates[&stream].reason(), Some(Reason::CallerRefused));
    // No body where one was signed.
    let stream = host.starts(post("h", Some(b"pay 10")), true, plain());
    assert_eq!(host.fates[&stream].reason(), Some(Reason::BodyAltered));
    assert_eq!(host.state.waiting(), 0);
}

#[test]
fn with_a_tls_context_a_caller_needs_both() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let contents = trusting(&[&ca]).with_password(PARTNER, "app", "p");
    let check = format!(r#","check":{{"accept":[{{"scheme":"basic","secrets":["{PARTNER}"]}}]}}"#);
    let mut host = Host::ready(&Host::downstream(&check), &contents);
    let shown = get().with("authorization", &basic("app", "p"));
    let (friend, rogue) = (
        from_client(&ca.client("a")),
        from_client(&other.client("a")),
    );
    for (lines, facts, reason) in [
        (shown.clone(), &friend, None),
        (get(), &friend, Some(Reason::CredentialAbsent)),
        (shown, &rogue, Some(Reason::UnknownIssuer)),
    ] {
        let stream = host.starts(lines, true, facts.clone());
        assert_eq!(host.fates[&stream].reason(), reason);
    }
}

#[test]
fn an_observed_certificate_does_not_open_the_check_of_the_caller() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let contents = trusting(&[&ca]).with_password(PARTNER, "app", "p");
    let check = format!(
        r#","mode":"observe","check":{{"accept":[{{"scheme":"basic","secrets":["{PARTNER}"]}}]}}"#
    );
    let mut host = Host::ready(&Host::downstream(&check), &contents);
    let rogue = from_client(&other.client("a"));
    let stream = host.starts(get(), true, rogue.clone());
    assert_eq!(host.fates[&stream].reason(), Some(Reason::CredentialAbsent));
    let shown = get().with("authorization", &basic("app", "p"));
    let stream = host.starts(shown, true, rogue);
    assert_eq!(host.fates[&stream], Fate::Resumed);
}

#[test]
fn an_observed_caller_goes_on_but_is_nobody() {
    let contents = Contents::default().with_password(PARTNER, "app", "p");
    let more = r#","mode":"observe","identity":[{"header":"x-caller"}]"#;
    let mut host = host(r#""scheme":"basic""#, more, &contents);
    let wrong = get()
        .with("authorization", &basic("app", "q"))
        .with("x-caller", "root");
    assert_eq!(host.sends(wrong), Fate::Resumed);
    assert_eq!(host.headers, ["-x-caller"]);
    let side = crate::direction::Direction::Downstream;
    assert_eq!(
        host.count(Counter::Observed(side, Reason::CredentialWrong)),
        1
    );
}
