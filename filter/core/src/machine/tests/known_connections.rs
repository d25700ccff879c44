//! Further requests on a connection whose client has passed.

use sallyport_model::Outcome;

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::config::{Direction, Place};
use crate::facts::{DownstreamFacts, Facts};
use crate::fixtures::{
    AFTER, AT, Authority, Contents, Fate, Host, Leaf, from_client, pinset, tls_context,
};
use crate::known_connections::ConnectionId;
use crate::metric::Counter;
use crate::reason::Reason;

const DOWN: Direction = Direction::Downstream;

fn on(connection: u64) -> Place {
    Place {
        connection: Some(ConnectionId(connection)),
        ..Place::default()
    }
}

/// One more request on a connection; whether the connection had to be looked at, and what became of it.
fn request(host: &mut Host, place: Place, leaf: &Leaf) -> (bool, Fate) {
    let before = host.reads.len();
    let stream = host.arrive(place, from_client(leaf));
    (host.reads.len() > before, host.fates[&stream].clone())
}

fn known(host: &Host) -> u64 {
    host.count(Counter::KnownConnection(DOWN))
}

#[test]
fn a_connection_is_looked_at_once_and_then_known_with_all_that_is_counted_and_shown() {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]).with(PINS, pinset(&[ca.spki_sha256()]));
    let configuration = Host::downstream(PIN_SETTING).replacen('{', r#"{"notes":"all","#, 1);
    let mut host = Host::ready(&configuration, &contents);
    let leaf = ca.client("partner");
    let calls = host.calls.len();
    for nth in 0..5 {
        let read = nth == 0;
        assert_eq!(request(&mut host, on(7), &leaf), (read, Fate::Resumed));
    }
    assert_eq!((known(&host), host.count(Counter::Verified(DOWN))), (4, 1));
    assert_eq!(host.count(Counter::Allowed(DOWN)), 5);
    let role = sallyport_pki::PinRole::Active;
    assert_eq!(host.count(Counter::Pinned(DOWN, role)), 5);
    assert_eq!(host.headers, ["-x-forwarded-client-cert"; 5]);
    let notes: Vec<&String> = host.notes.values().collect();
    assert!(
        notes.len() == 5 && notes.iter().all(|note| *note == notes[0]),
        "{notes:?}"
    );
    assert_eq!(host.calls.len(), calls, "none for a request");
}

#[test]
fn another_connection_of_the_same_client_is_looked_at_but_not_verified() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let leaf = ca.client("partner");
    assert_eq!(request(&mut host, on(1), &leaf), (true, Fate::Resumed));
    assert_eq!(request(&mut host, on(2), &leaf), (true, Fate::Resumed));
    assert_eq!(host.count(Counter::Verified(DOWN)), 1);
    assert_eq!(host.count(Counter::KnownPeer(DOWN)), 1);
}

#[test]
fn a_refused_client_is_looked_at_every_time() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    for leaf in [other.client("rogue"), ca.client("partner")] {
        for _ in 0..2 {
            let (read, fate) = request(&mut host, on(7), &leaf);
            let rogue = fate.reason() == Some(Reason::UnknownIssuer);
            assert!(rogue || fate == Fate::Resumed);
            assert!(read || !rogue);
        }
    }
    assert_eq!(known(&host), 1);
}

#[test]
fn what_the_vault_changes_counts_at_the_next_request_of_a_known_connection() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&Host::downstream(""), &contents);
    let leaf = ca.client("partner");
    for _ in 0..2 {
        assert_eq!(request(&mut host, on(7), &leaf).1, Fate::Resumed);
    }
    contents.set(TLS, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let (read, fate) = request(&mut host, on(7), &leaf);
    assert_eq!((read, fate.reason()), (true, Some(Reason::SecretWithdrawn)));
}

#[test]
fn a_known_connection_ends_with_its_certificate() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&ca]));
    let leaf = ca.client("partner");
    for _ in 0..2 {
        assert_eq!(request(&mut host, on(7), &leaf).1, Fate::Resumed);
    }
    host.wall = AFTER;
    let (read, fate) = request(&mut host, on(7), &leaf);
    assert_eq!(
        (read, fate.reason()),
        (true, Some(Reason::CertificateExpired))
    );
    host.wall = AT;
    assert_eq!(request(&mut host, on(7), &leaf).1, Fate::Resumed);
}

#[test]
fn stale_secrets_are_counted_and_expired_ones_deny_on_a_known_connection_too() {
    let ca = Authority::new("root");
    let context = sallyport_model::Material::TlsContext(tls_context(&[&ca]));
    let contents = Contents::default().fresh(10, 20).with(TLS, context);
    let mut host = Host::ready(&Host::downstream(""), &contents);
    let leaf = ca.client("partner");
    assert_eq!(request(&mut host, on(7), &leaf), (true, Fate::Resumed));
    host.pass(9_999);
    assert_eq!(request(&mut host, on(7), &leaf), (false, Fate::Resumed));
    host.pass(1);
    for _ in 0..2 {
        assert_eq!(request(&mut host, on(7), &leaf), (true, Fate::Resumed));
    }
    assert_eq!(host.count(Counter::Stale(DOWN)), 2);
    host.pass(20_000);
    let (_, fate) = request(&mut host, on(7), &leaf);
    assert_eq!(fate.reason(), Some(Reason::SecretExpired));
}

#[test]
fn a_connection_known_to_one_policy_is_not_known_to_another() {
    let (ca, partners) = (Authority::new("root"), Authority::new("partners"));
    let settings = r#","routes":[{"match":{"route":"partners"},"tlsContext":"secret://payments/tlsContexts/partners"}]"#;
    let of_partners = sallyport_model::Material::TlsContext(tls_context(&[&partners]));
    let contents = trusting(&[&ca]).with("secret://payments/tlsContexts/partners", of_partners);
    let mut host = Host::ready(&Host::downstream(settings), &contents);
    let leaf = ca.client("customer");
    for _ in 0..2 {
        assert_eq!(request(&mut host, on(7), &leaf).1, Fate::Resumed);
    }
    let place = Place {
        route: Some(b"partners".to_vec()),
        ..on(7)
    };
    let (_, fate) = request(&mut host, place, &leaf);
    assert_eq!(fate.reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn what_a_request_forwards_makes_no_difference_once_the_certificate_has_passed() {
    let root = Authority::new("root");
    let issuing = root.intermediate("issuing");
    let leaf = issuing.client("partner");
    let mut host = Host::ready(&Host::downstream(""), &trusting(&[&root]));
    let with_chain = |chain: &[&Authority]| {
        let Facts::Downstream(facts) = from_client(&leaf) else {
            unreachable!()
        };
        Facts::Downstream(DownstreamFacts {
            forwarded_client_certificate: Some(leaf.forwarded(chain).into_bytes()),
            ..facts
        })
    };
    // Without the intermediate nothing is known yet.
    let stream = host.arrive(on(7), with_chain(&[]));
    assert_eq!(host.fates[&stream].reason(), Some(Reason::UnknownIssuer));
    for chain in [&[&issuing][..], &[]] {
        let stream = host.arrive(on(7), with_chain(chain));
        assert_eq!(host.fates[&stream], Fate::Resumed);
    }
    // Another connection has to show it again.
    let stream = host.arrive(on(8), with_chain(&[]));
    assert_eq!(host.fates[&stream].reason(), Some(Reason::UnknownIssuer));
}

#[test]
fn a_client_with_something_observed_is_looked_at_every_time() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let config = Host::downstream(r#","observe":["path"]"#);
    let mut host = Host::ready(&config, &trusting(&[&ca]));
    for _ in 0..2 {
        let found = request(&mut host, on(7), &other.client("rogue"));
        assert_eq!(found, (true, Fate::Resumed));
    }
    let observed = Counter::Observed(DOWN, Reason::UnknownIssuer);
    assert_eq!(host.count(observed), 2);
}
