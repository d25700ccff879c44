use sallyport_model::{Material, ServerCertificatePolicy, TlsVersion};

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::direction::Direction;
use crate::event::Event;
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{
    AFTER, Authority, BEFORE, Contents, Fate, Host, pinset, tls_context, to_server,
};
use crate::metric::Counter;
use crate::reason::Reason;

const UP: Direction = Direction::Upstream;

#[test]
fn a_server_of_the_trusted_authority_passes_on_a_connection_that_exists() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    assert_eq!(host.count(Counter::Held(UP)), 0);
}

#[test]
fn a_request_on_a_new_connection_is_held_until_the_server_is_known() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    assert_eq!(host.fates[&stream], Fate::Held);
    assert_eq!(host.tick.as_millis(), 1);
    host.tick(1);
    assert_eq!(host.probes, [stream]);
    host.feed(Event::Probed(stream, UpstreamFacts::default()));
    assert_eq!(host.fates[&stream], Fate::Held);
    host.tick(4);
    host.feed(Event::Probed(stream, to_server(&leaf)));
    assert_eq!(host.fates[&stream], Fate::Resumed);
    host.tick(1);
    assert_eq!(host.probes.len(), 2, "nothing is probed any more");
    assert_eq!(host.tick.as_millis(), 1000, "the tick is slow again");
    assert_eq!(host.count(Counter::Held(UP)), 1);
}

#[test]
fn a_held_request_to_a_server_that_does_not_pass_is_denied() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.tick(1);
    host.feed(Event::Probed(
        stream,
        to_server(&other.server("backend.test")),
    ));
    assert_eq!(host.fates[&stream].status(), Some(502));
    assert_eq!(host.fates[&stream].reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn a_handshake_that_takes_too_long_ends_the_request_with_504() {
    let ca = Authority::new("root");
    let config = Host::upstream(r#","handshakeWait":"100ms""#);
    let mut host = Host::ready(&config, &trusting(&[&ca]));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.tick(99);
    host.feed(Event::Probed(stream, UpstreamFacts::default()));
    assert_eq!(host.fates[&stream], Fate::Held);
    host.tick(1);
    host.feed(Event::Probed(stream, UpstreamFacts::default()));
    assert_eq!(host.fates[&stream].status(), Some(504));
    assert_eq!(host.fates[&stream].reason(), Some(Reason::HandshakeTimeout));
}

#[test]
fn a_connection_that_is_ready_without_a_certificate_is_denied_at_once() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    let plaintext = UpstreamFacts {
        ready: true,
        ..UpstreamFacts::default()
    };
    host.feed(Event::Probed(stream, plaintext));
    assert_eq!(host.fates[&stream].status(), Some(502));
    assert_eq!(
        host.fates[&stream].reason(),
        Some(Reason::TlsVersionUnknown)
    );
    let anonymous = UpstreamFacts {
        ready: true,
        tls_version: Some(b"TLSv1.3".to_vec()),
        peer_certificate: None,
    };
    let stream = host.request(Facts::Upstream(anonymous));
    assert_eq!(
        host.fates[&stream].reason(),
        Some(Reason::CertificateMissing)
    );
}

#[test]
fn a_stream_that_closed_while_it_waited_is_forgotten() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.feed(Event::Closed(stream));
    assert_eq!(host.state.waiting(), 0);
    host.tick(1);
    assert!(host.probes.is_empty());
    host.feed(Event::Probed(stream, to_server(&ca.server("late.test"))));
    assert_eq!(host.fates[&stream], Fate::Held, "a late look is harmless");
}

#[test]
fn a_server_outside_of_the_pinset_is_refused() {
    let ca = Authority::new("root");
    let (pinned, other) = (ca.server("backend.test"), ca.server("backend.test"));
    let pin = pinned.certificate().spki_sha256();
    let contents = trusting(&[&ca]).with(PINS, pinset(&[pin]));
    let mut host = Host::ready(&Host::upstream(PIN_SETTING), &contents);
    assert_eq!(host.server(&pinned), Fate::Resumed);
    let fate = host.server(&other);
    assert_eq!(fate.status(), Some(502));
    assert_eq!(fate.reason(), Some(Reason::PinMismatch));
    assert_eq!(host.count(Counter::Denied(UP, Reason::PinMismatch)), 1);
}

#[test]
fn a_context_that_skips_verification_still_honours_pins() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let (pinned, stranger) = (other.server("backend.test"), ca.server("backend.test"));
    let mut context = tls_context(&[]);
    context.server_certificate = ServerCertificatePolicy::Skip;
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    let mut unpinned = Host::ready(&Host::upstream(""), &contents);
    assert_eq!(unpinned.server(&stranger), Fate::Resumed);
    let contents = contents.with(PINS, pinset(&[pinned.certificate().spki_sha256()]));
    let mut host = Host::ready(&Host::upstream(PIN_SETTING), &contents);
    assert_eq!(host.server(&pinned), Fate::Resumed);
    assert_eq!(host.server(&stranger).reason(), Some(Reason::PinMismatch));
}

#[test]
fn the_pin_of_an_authority_is_worth_nothing_without_verification() {
    let ca = Authority::new("root");
    let mut context = tls_context(&[]);
    context.server_certificate = ServerCertificatePolicy::Skip;
    let contents = Contents::default()
        .with(TLS, Material::TlsContext(context))
        .with(PINS, pinset(&[ca.spki_sha256()]));
    let mut host = Host::ready(&Host::upstream(PIN_SETTING), &contents);
    let fate = host.server(&ca.server("backend.test"));
    assert_eq!(fate.reason(), Some(Reason::PinMismatch));
}

#[test]
fn the_configured_name_must_be_in_the_certificate() {
    let ca = Authority::new("root");
    let config = Host::upstream(r#","serverName":"backend.test""#);
    let mut host = Host::ready(&config, &trusting(&[&ca]));
    assert_eq!(host.server(&ca.server("backend.test")), Fate::Resumed);
    let fate = host.server(&ca.server("other.test"));
    assert_eq!(fate.status(), Some(502));
    assert_eq!(fate.reason(), Some(Reason::ServerNameMismatch));
}

#[test]
fn a_server_is_judged_by_dates_purpose_and_version() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    for (wall, reason) in [
        (AFTER, Reason::CertificateExpired),
        (BEFORE, Reason::CertificateNotYetValid),
    ] {
        let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
        host.wall = wall;
        assert_eq!(host.server(&leaf).reason(), Some(reason));
    }
    let mut context = tls_context(&[&ca]);
    context.max_version = TlsVersion::V1_2;
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    let mut host = Host::ready(&Host::upstream(""), &contents);
    assert_eq!(host.server(&leaf).reason(), Some(Reason::TlsVersionRefused));
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    assert_eq!(
        host.server(&ca.client("partner")).reason(),
        Some(Reason::WrongUsage)
    );
    let versionless = UpstreamFacts {
        tls_version: None,
        ..to_server(&leaf)
    };
    let stream = host.request(Facts::Upstream(versionless));
    assert_eq!(
        host.fates[&stream].reason(),
        Some(Reason::TlsVersionUnknown)
    );
}

#[test]
fn verification_without_a_truststore_lets_no_server_pass() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[]));
    let fate = host.server(&ca.server("backend.test"));
    assert_eq!(fate.status(), Some(503));
    assert_eq!(fate.reason(), Some(Reason::TruststoreMissing));
}

#[test]
fn a_changed_pinset_denies_the_next_request_on_an_open_connection() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let mut contents = trusting(&[&ca]).with(PINS, pinset(&[leaf.certificate().spki_sha256()]));
    let mut host = Host::ready(&Host::upstream(PIN_SETTING), &contents);
    assert_eq!(host.server(&leaf), Fate::Resumed);
    contents.put(PINS, pinset(&[ca.spki_sha256()]));
    host.vault_answers(&contents);
    assert_eq!(
        host.server(&leaf),
        Fate::Resumed,
        "the authority is pinned now"
    );
    contents.put(PINS, pinset(&[Authority::new("x").spki_sha256()]));
    host.vault_answers(&contents);
    assert_eq!(host.server(&leaf).reason(), Some(Reason::PinMismatch));
}
