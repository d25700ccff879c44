//! Pins with a life cycle: what passes, what is counted and logged, and for how long.

use sallyport_model::{Material, ServerCertificatePolicy};
use sallyport_pki::{Pin, PinKind, PinRole, UnixTime};

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::direction::Direction;
use crate::fixtures::{AT, Authority, Contents, Fate, Host, Leaf, pinset_of, tls_context};
use crate::metric::Counter;
use crate::reason::Reason;

const DOWN: Direction = Direction::Downstream;

fn spki(leaf: &Leaf) -> Pin {
    Pin::active(PinKind::Spki, leaf.certificate().spki_sha256())
}

fn whole(leaf: &Leaf) -> Pin {
    Pin::active(PinKind::Certificate, leaf.certificate().sha256())
}

fn with_role(role: PinRole, pin: Pin) -> Pin {
    Pin { role, ..pin }
}

/// A filter with a client's authority in its truststore, and these pins.
fn pinning(ca: &Authority, pins: &[Pin]) -> Host {
    let contents = trusting(&[ca]).with(PINS, pinset_of(pins));
    Host::ready(&Host::downstream(PIN_SETTING), &contents)
}

#[test]
fn the_pin_that_matched_is_logged_once_and_counted_each_time() {
    let ca = Authority::new("root");
    let (leaf, other) = (ca.client("partner"), ca.client("other"));
    let root = Pin::active(PinKind::Spki, ca.spki_sha256());
    let backup = with_role(PinRole::Backup, whole(&leaf));
    let mut host = pinning(&ca, &[root, backup]);
    for _ in 0..3 {
        assert_eq!(host.client(&leaf), Fate::Resumed);
    }
    assert_eq!(host.client(&other), Fate::Resumed);
    let lines: Vec<_> = host
        .log
        .iter()
        .filter(|line| line.contains("pinned"))
        .collect();
    let digest = leaf.certificate().sha256();
    let first =
        format!("downstream pinned: role=backup kind=certificate position=0 sha256={digest}");
    let digest = ca.spki_sha256();
    let second = format!("downstream pinned: role=active kind=spki position=1 sha256={digest}");
    assert_eq!(lines, [&first, &second]);
    assert_eq!(host.count(Counter::Pinned(DOWN, PinRole::Backup)), 3);
    assert_eq!(host.count(Counter::Pinned(DOWN, PinRole::Active)), 1);
}

#[test]
fn a_renewed_certificate_passes_by_its_key_and_not_by_the_old_certificate() {
    let ca = Authority::new("root");
    let (leaf, other) = (ca.client("partner"), ca.client("partner"));
    let mut host = pinning(&ca, &[whole(&leaf)]);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    assert_eq!(host.client(&other).reason(), Some(Reason::PinMismatch));
}

#[test]
fn a_retired_pin_does_not_match_and_the_log_says_that_it_would_have() {
    let ca = Authority::new("root");
    let (leaf, next) = (ca.client("partner"), ca.client("partner"));
    let retired = with_role(PinRole::Retired, spki(&leaf));
    let mut host = pinning(&ca, &[retired, spki(&next)]);
    assert_eq!(host.client(&next), Fate::Resumed);
    let fate = host.client(&leaf);
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::PinMismatch), Some(403))
    );
    let line = host.log.last().unwrap();
    assert!(line.contains("the retired spki pin"), "{line}");
    assert!(line.contains("would match"), "{line}");
}

#[test]
fn an_allowance_does_not_outlive_its_pin() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let ends = Pin {
        not_after: Some(UnixTime(AT.0 + 100)),
        ..spki(&leaf)
    };
    let stranger = whole(&ca.client("stranger"));
    let mut host = pinning(&ca, &[ends, stranger]);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    host.wall = UnixTime(AT.0 + 100);
    assert_eq!(host.client(&leaf), Fate::Resumed);
    host.wall = UnixTime(AT.0 + 101);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::PinMismatch));
    let line = host.log.last().unwrap();
    assert!(line.contains("counted until 2026-"), "{line}");
}

#[test]
fn a_pin_that_begins_later_is_no_pin_yet() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let later = Pin {
        not_before: Some(UnixTime(AT.0 + 100)),
        ..spki(&leaf)
    };
    let stranger = whole(&ca.client("stranger"));
    let mut host = pinning(&ca, &[later, stranger]);
    assert_eq!(host.client(&leaf).reason(), Some(Reason::PinMismatch));
    host.wall = UnixTime(AT.0 + 100);
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn pins_that_have_all_ended_are_the_gateways_fault_and_deny_everybody() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let ended = Pin {
        not_after: Some(UnixTime(AT.0 - 1)),
        ..spki(&leaf)
    };
    let mut host = pinning(&ca, &[ended]);
    for client in [&leaf, &ca.client("other")] {
        let fate = host.client(client);
        assert_eq!(fate.reason(), Some(Reason::PinsOutOfDate));
        assert_eq!(fate.status(), Some(503));
    }
    // Who is not trusted at all is told so first.
    let stranger = Authority::new("stranger").client("stranger");
    assert_eq!(host.client(&stranger).reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn without_a_path_only_the_servers_own_certificate_counts() {
    let ca = Authority::new("root");
    let leaf = ca.server("backend.test");
    let mut context = tls_context(&[]);
    context.server_certificate = ServerCertificatePolicy::Skip;
    for (pin, passes) in [
        (whole(&leaf), true),
        (with_role(PinRole::Backup, spki(&leaf)), true),
        (Pin::active(PinKind::Spki, ca.spki_sha256()), false),
    ] {
        let contents = Contents::default()
            .with(TLS, Material::TlsContext(context.clone()))
            .with(PINS, pinset_of(&[pin]));
        let mut host = Host::ready(&Host::upstream(PIN_SETTING), &contents);
        let fate = host.server(&leaf);
        assert_eq!(fate == Fate::Resumed, passes, "{pin}");
        let counted = host.count(Counter::Pinned(Direction::Upstream, pin.role));
        assert_eq!(counted, u64::from(passes));
    }
}
