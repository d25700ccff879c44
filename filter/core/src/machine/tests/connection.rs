use sallyport_model::{Material, Outcome};

use super::{PIN_SETTING, PINS, TLS, trusting};
use crate::config::Place;
use crate::direction::Direction;
use crate::event::{Event, Speaker};
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{AFTER, Authority, Flow, Host, from_client, pinset, tls_context, to_server};
use crate::machine::connection::LOOKS;
use crate::machine::{MAX_CONNECTIONS, MAX_WAITING};
use crate::metric::Counter;
use crate::reason::Reason;

const TCP: &str = r#","protocol":"tcp""#;

fn pinned() -> String {
    Host::downstream(&format!("{TCP}{PIN_SETTING}"))
}

fn cut(reason: Reason) -> Counter {
    Counter::Cut(Direction::Downstream, reason)
}

fn denied(reason: Reason) -> Counter {
    Counter::Denied(Direction::Downstream, reason)
}

#[test]
fn a_client_passes_once_and_a_stranger_is_closed() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&ca]));
    let (stream, flow) = host.caller(&ca.client("partner"));
    assert_eq!(flow, Flow::Open);
    for speaker in [Speaker::Client, Speaker::Server, Speaker::Client] {
        assert_eq!(host.bytes(stream, speaker), Flow::Open);
        assert_eq!(host.looks, 0, "nothing changed");
    }
    let (stranger, flow) = host.caller(&other.client("rogue"));
    assert_eq!(flow, Flow::Closed);
    assert_eq!(host.bytes(stranger, Speaker::Server), Flow::Closed);
    assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 1);
    assert_eq!(host.count(denied(Reason::UnknownIssuer)), 1);
}

#[test]
fn an_intermediate_in_the_truststore_is_an_anchor_for_whom_it_issued() {
    let root = Authority::new("root");
    let (issuing, sibling) = (root.intermediate("issuing"), root.intermediate("sibling"));
    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&issuing]));
    assert_eq!(host.caller(&issuing.client("partner")).1, Flow::Open);
    for stranger in [sibling.client("rogue"), root.client("rogue")] {
        assert_eq!(host.caller(&stranger).1, Flow::Closed);
    }
    // At this level nobody shows the intermediate: the root alone is not enough.
    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&root]));
    assert_eq!(host.caller(&issuing.client("partner")).1, Flow::Closed);
}

#[test]
fn first_bytes_wait_for_the_vault_and_are_then_let_go_or_lost() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::new(&Host::downstream(TCP));
    let (good, flow) = host.caller(&ca.client("partner"));
    assert_eq!(flow, Flow::Held);
    assert_eq!(host.bytes(good, Speaker::Client), Flow::Held);
    let (rogue, _) = host.caller(&other.client("rogue"));
    assert_eq!(host.count(Counter::Held(Direction::Downstream)), 2);
    host.tick(1);
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.flows.of(good), Flow::Open);
    assert_eq!(host.flows.of(rogue), Flow::Closed);
}

#[test]
fn the_wait_for_the_vault_ends_with_a_tick() {
    let ca = Authority::new("root");
    let mut host = Host::new(&Host::downstream(TCP));
    let (stream, _) = host.caller(&ca.client("partner"));
    host.tick(1999);
    assert_eq!(host.flows.of(stream), Flow::Held);
    assert!(host.tick.as_millis() <= 1);
    host.tick(1);
    assert_eq!(host.flows.of(stream), Flow::Closed);
    assert_eq!(host.count(denied(Reason::SecretAbsent)), 1);
}

#[test]
fn a_client_waits_for_the_handshake_with_its_server() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::upstream(TCP), &trusting(&[&ca]));
    let stream = host.connection(Some(Facts::Upstream(UpstreamFacts::default())));
    assert_eq!(host.bytes(stream, Speaker::Client), Flow::Held);
    host.tick(4000);
    assert_eq!(host.flows.of(stream), Flow::Held);
    let server = Facts::Upstream(to_server(&ca.server("backend.test")));
    host.flows.show(stream, server);
    host.tick(1);
    assert_eq!(host.flows.of(stream), Flow::Open);

    let late = host.connection(Some(Facts::Upstream(UpstreamFacts::default())));
    host.bytes(late, Speaker::Client);
    host.tick(5000);
    assert_eq!(host.flows.of(late), Flow::Closed);
    let counter = Counter::Denied(Direction::Upstream, Reason::HandshakeTimeout);
    assert_eq!(host.count(counter), 1);
}

#[test]
fn what_a_server_says_first_is_let_go_at_once_or_never() {
    let ca = Authority::new("root");
    let partner = from_client(&ca.client("partner"));
    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&ca]));
    let stream = host.connection(Some(partner.clone()));
    assert_eq!(host.bytes(stream, Speaker::Server), Flow::Open);
    // Of a handshake that is not known to be done nothing is read, so nobody can be judged.
    let early = host.connection(None);
    assert_eq!(host.bytes(early, Speaker::Server), Flow::Closed);
    // Bytes of a server cannot be held: the host has no way to let them go.
    let mut host = Host::new(&Host::downstream(TCP));
    let stream = host.connection(Some(partner.clone()));
    assert_eq!(host.bytes(stream, Speaker::Server), Flow::Closed);
    let stream = host.connection(Some(partner));
    assert_eq!(host.bytes(stream, Speaker::Client), Flow::Held);
    assert_eq!(host.bytes(stream, Speaker::Server), Flow::Closed);
    assert_eq!(host.count(denied(Reason::SecretAbsent)), 2);
}

#[test]
fn changed_pins_cut_idle_connections_at_once() {
    let ca = Authority::new("root");
    let (stays, goes) = (ca.client("stays"), ca.client("goes"));
    let mut contents = trusting(&[&ca]).with(
        PINS,
        pinset(&[
            stays.certificate().spki_sha256(),
            goes.certificate().spki_sha256(),
        ]),
    );
    let mut host = Host::ready(&pinned(), &contents);
    let ((one, _), (two, _)) = (host.caller(&stays), host.caller(&goes));
    contents.put(PINS, pinset(&[stays.certificate().spki_sha256()]));
    host.tick(0);
    host.vault_answers(&contents);
    assert_eq!(
        (host.flows.of(one), host.flows.of(two)),
        (Flow::Open, Flow::Closed)
    );
    assert_eq!(host.count(cut(Reason::PinMismatch)), 1);
    assert_eq!(host.count(denied(Reason::PinMismatch)), 0);
    assert!(
        host.log
            .iter()
            .any(|line| line.contains("cut: code=pin_mismatch"))
    );
    assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 2);
    // A cut connection stays cut, whatever arrives on it.
    assert_eq!(host.bytes(two, Speaker::Client), Flow::Closed);
    host.feed(Event::Closed(two));
    assert_eq!(host.state.connections(), 1);
}

#[test]
fn a_withdrawn_context_cuts_and_a_vault_that_stays_away_cuts_in_the_end() {
    let ca = Authority::new("root");
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&Host::downstream(TCP), &contents);
    let (stream, _) = host.caller(&ca.client("partner"));
    contents.set(TLS, Outcome::Withdrawn {});
    host.tick(0);
    host.vault_answers(&contents);
    assert_eq!(host.flows.of(stream), Flow::Closed);
    assert_eq!(host.count(cut(Reason::SecretWithdrawn)), 1);

    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&ca]));
    let (stream, _) = host.caller(&ca.client("partner"));
    host.tick(659_000);
    assert_eq!(host.flows.of(stream), Flow::Open);
    host.tick(1_000);
    assert_eq!(host.flows.of(stream), Flow::Closed);
    assert_eq!(host.count(cut(Reason::SecretExpired)), 1);
}

#[test]
fn a_connection_ends_with_the_certificate_whether_bytes_arrive_or_not() {
    let ca = Authority::new("root");
    let mut host = Host::ready(&Host::downstream(TCP), &trusting(&[&ca]));
    let ((idle, _), (active, _)) = (host.caller(&ca.client("a")), host.caller(&ca.client("b")));
    host.wall = AFTER;
    assert_eq!(host.bytes(active, Speaker::Server), Flow::Closed);
    assert_eq!(host.flows.of(idle), Flow::Open);
    host.tick(1);
    assert_eq!(host.flows.of(idle), Flow::Closed);
    assert_eq!(host.count(cut(Reason::CertificateExpired)), 2);
}

#[test]
fn many_connections_are_looked_at_in_small_steps_and_none_is_forgotten() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut contents = trusting(&[&ca]).with(PINS, pinset(&[leaf.certificate().spki_sha256()]));
    let mut host = Host::ready(&pinned(), &contents);
    let many = 5 * LOOKS + 7;
    let mut last = None;
    for _ in 0..many {
        let (stream, flow) = host.caller(&leaf);
        assert_eq!(flow, Flow::Open);
        last = Some(stream);
    }
    contents.put(
        PINS,
        pinset(&[ca.client("another").certificate().spki_sha256()]),
    );
    host.tick(0);
    host.vault_answers(&contents);
    assert_eq!(host.flows.count(Flow::Closed), LOOKS);
    // Bytes do not wait for their turn.
    assert_eq!(host.bytes(last.unwrap(), Speaker::Server), Flow::Closed);
    let mut ticks = 0;
    while host.flows.count(Flow::Closed) < many {
        assert_eq!(host.tick.as_millis(), 1, "the rest follows at once");
        host.tick(1);
        assert!(host.looks <= LOOKS);
        ticks += 1;
    }
    assert_eq!(ticks, 5);
    host.tick(1);
    assert!(host.tick.as_millis() > 1, "{:?}", host.tick);
}

#[test]
fn a_change_during_the_walk_begins_another_one() {
    let ca = Authority::new("root");
    let (old, new) = (ca.client("old"), ca.client("new"));
    let mut contents = trusting(&[&ca]).with(PINS, pinset(&[old.certificate().spki_sha256()]));
    let mut host = Host::ready(&pinned(), &contents);
    for _ in 0..4 * LOOKS {
        host.caller(&old);
    }
    contents.put(
        PINS,
        pinset(&[
            old.certificate().spki_sha256(),
            new.certificate().spki_sha256(),
        ]),
    );
    host.tick(0);
    host.vault_answers(&contents);
    assert_eq!(host.flows.count(Flow::Closed), 0);
    contents.put(PINS, pinset(&[new.certificate().spki_sha256()]));
    host.tick(0);
    host.vault_answers(&contents);
    for _ in 0..3 {
        host.tick(1);
    }
    assert_eq!(host.flows.count(Flow::Closed), 4 * LOOKS);
}

#[test]
fn observing_lets_go_counts_and_judges_again() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mode = format!(r#"{TCP},"mode":"observe""#);
    let mut contents = trusting(&[&ca]);
    let mut host = Host::ready(&Host::downstream(&mode), &contents);
    let (stream, flow) = host.caller(&other.client("rogue"));
    assert_eq!(flow, Flow::Open);
    assert_eq!(host.bytes(stream, Speaker::Client), Flow::Open);
    let observed = |reason| Counter::Observed(Direction::Downstream, reason);
    assert_eq!(host.count(observed(Reason::UnknownIssuer)), 1);
    assert_eq!(host.count(Counter::Allowed(Direction::Downstream)), 0);
    contents.set(TLS, Outcome::Withdrawn {});
    host.tick(0);
    host.vault_answers(&contents);
    assert_eq!(host.flows.of(stream), Flow::Open);
    assert_eq!(host.count(observed(Reason::SecretWithdrawn)), 1);
}

#[test]
fn connections_are_told_apart_by_the_name_the_client_asked_for() {
    let (everybody, partners) = (Authority::new("everybody"), Authority::new("partners"));
    const PARTNERS: &str = "secret://payments/tlsContexts/partners";
    let routes = format!(
        r#"{TCP},"routes":[{{"match":{{"serverName":"*.partners.test"}},"tlsContext":"{PARTNERS}"}}]"#
    );
    let context = Material::TlsContext(tls_context(&[&partners]));
    let contents = trusting(&[&everybody]).with(PARTNERS, context);
    let mut host = Host::ready(&Host::downstream(&routes), &contents);
    let place = |name: &str| Place {
        server_name: Some(name.as_bytes().to_vec()),
        ..Place::default()
    };
    let (customer, partner) = (everybody.client("customer"), partners.client("partner"));
    for (name, leaf, expected) in [
        ("a.partners.test", &partner, Flow::Open),
        ("a.partners.test", &customer, Flow::Closed),
        ("www.test", &customer, Flow::Open),
        ("www.test", &partner, Flow::Closed),
    ] {
        let stream = host.connection_to(place(name), Some(from_client(leaf)));
        assert_eq!(host.bytes(stream, Speaker::Client), expected, "{name}");
    }
}

#[test]
fn only_so_many_connections_wait_and_only_so_many_are_known() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::new(&Host::downstream(TCP));
    for _ in 0..MAX_WAITING {
        assert_eq!(host.caller(&leaf).1, Flow::Held);
    }
    assert_eq!(host.caller(&leaf).1, Flow::Closed);
    assert_eq!(host.count(denied(Reason::TooManyWaiting)), 1);

    for (mode, expected) in [("enforce", Flow::Closed), ("observe", Flow::Open)] {
        let config = Host::downstream(&format!(r#"{TCP},"mode":"{mode}""#));
        let mut host = Host::ready(&config, &trusting(&[&ca]));
        let mut first = None;
        for _ in 0..MAX_CONNECTIONS {
            first = Some(host.caller(&leaf).0);
        }
        let (_, flow) = host.caller(&leaf);
        assert_eq!(
            (flow, host.state.connections()),
            (expected, MAX_CONNECTIONS)
        );
        host.feed(Event::Closed(first.unwrap()));
        assert_eq!(host.caller(&leaf).1, Flow::Open);
    }
}

#[test]
fn where_secrets_may_not_be_stale_a_connection_lives_as_long_as_they_are_confirmed() {
    let ca = Authority::new("root");
    let contents = trusting(&[&ca]);
    let config = Host::downstream(TCP).replacen('{', r#"{"onFailure":{"stale":"deny"},"#, 1);
    let mut host = Host::ready(&config, &contents);
    let (stream, _) = host.caller(&ca.client("partner"));
    for _ in 0..5 {
        host.wall.0 += 20;
        host.tick(20_000);
        host.vault_answers(&contents);
        assert_eq!(host.flows.of(stream), Flow::Open);
    }
    for seconds in [59, 2] {
        assert_eq!(host.flows.of(stream), Flow::Open);
        host.wall.0 += seconds;
        host.tick(1000 * seconds.unsigned_abs());
    }
    assert_eq!(host.flows.of(stream), Flow::Closed);
    assert_eq!(host.count(cut(Reason::SecretStale)), 1);
}

#[test]
fn what_may_pass_without_a_secret_passes_until_there_is_one() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let config =
        Host::downstream(TCP).replacen('{', r#"{"onFailure":{"unreachable":"letPass"},"#, 1);
    let mut host = Host::new(&config);
    let (stream, flow) = host.caller(&other.client("rogue"));
    assert_eq!(flow, Flow::Held);
    host.tick(2000);
    assert_eq!(host.flows.of(stream), Flow::Open);
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.flows.of(stream), Flow::Closed);
    assert_eq!(host.count(cut(Reason::UnknownIssuer)), 1);
}
