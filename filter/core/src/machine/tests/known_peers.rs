//! Further requests of peers that have passed.

use sallyport_model::{Material, Outcome};

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::config::Place;
use crate::direction::Direction;
use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::fixtures::{
    AFTER, AT, Authority, Contents, Fate, Host, Leaf, from_client, pinset, tls_context, to_server,
};
use crate::known_peers::PeerId;
use crate::metric::Counter;
use crate::reason::Reason;

const DOWN: Direction = Direction::Downstream;

fn on(connection: u64) -> Place {
    Place {
        peer: Some(PeerId::Connection(connection)),
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
    let context = Material::TlsContext(tls_context(&[&ca]));
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
    let of_partners = Material::TlsContext(tls_context(&[&partners]));
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

const PASSWORD: &str = "secret://payments/sharedSecrets/backend#password";
const INJECT: &str = r#","inject":[{"header":"x-api-key","template":"${secret://payments/sharedSecrets/backend#password}"}]"#;

/// A request to a server, as Envoy shows it on an open connection; whether that had to be looked at.
fn request_to(host: &mut Host, leaf: &Leaf, tls_version: &str) -> (bool, Fate) {
    let before = host.reads.len();
    let place = Place {
        peer: Some(PeerId::Server {
            certificate: leaf.pem().into(),
            tls_version: tls_version.into(),
        }),
        ..Place::default()
    };
    let facts = UpstreamFacts {
        tls_version: Some(tls_version.into()),
        ..to_server(leaf)
    };
    let stream = host.arrive(place, Facts::Upstream(facts));
    (host.reads.len() > before, host.fates[&stream].clone())
}

#[test]
fn a_server_that_passed_is_not_looked_at_again_and_gets_its_credential() {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]).with(PASSWORD, Material::Field("key".to_owned()));
    let mut host = Host::ready(&Host::upstream(INJECT), &contents);
    let leaf = ca.server("backend.test");
    for nth in 0..3 {
        let found = request_to(&mut host, &leaf, "TLSv1.3");
        assert_eq!(found, (nth == 0, Fate::Resumed));
    }
    let put_in = ["-x-api-key", "+x-api-key: key"];
    assert_eq!(host.headers, [put_in, put_in, put_in].concat());
    assert_eq!(host.count(Counter::KnownPeer(Direction::Upstream)), 2);
    assert_eq!(host.count(Counter::Verified(Direction::Upstream)), 1);
}

#[test]
fn a_server_is_looked_at_again_with_another_version_of_tls_or_another_certificate() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::upstream(""), &trusting(&[&ca]));
    let leaf = ca.server("backend.test");
    assert!(request_to(&mut host, &leaf, "TLSv1.3").0);
    assert!(!request_to(&mut host, &leaf, "TLSv1.3").0);
    let (looked, fate) = request_to(&mut host, &leaf, "TLSv1.1");
    assert!(looked && fate.reason() == Some(Reason::TlsVersionRefused));
    let (looked, fate) = request_to(&mut host, &other.server("backend.test"), "TLSv1.3");
    assert!(looked && fate.reason() == Some(Reason::UnknownIssuer));
}

#[test]
fn a_known_server_gets_the_new_credential_and_none_that_was_withdrawn() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]).with(PASSWORD, Material::Field("old".to_owned()));
    let mut host = Host::ready(&Host::upstream(INJECT), &contents);
    let leaf = ca.server("backend.test");
    for _ in 0..2 {
        request_to(&mut host, &leaf, "TLSv1.3");
    }
    contents.put(PASSWORD, Material::Field("new".to_owned()));
    host.vault_answers(&contents);
    request_to(&mut host, &leaf, "TLSv1.3");
    assert_eq!(host.headers.last().unwrap(), "+x-api-key: new");
    contents.set(PASSWORD, Outcome::Withdrawn {});
    host.vault_answers(&contents);
    let (_, fate) = request_to(&mut host, &leaf, "TLSv1.3");
    assert_eq!(fate.reason(), Some(Reason::SecretWithdrawn));
}
