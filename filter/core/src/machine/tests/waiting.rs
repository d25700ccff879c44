use super::trusting;
use crate::event::Event;
use crate::facts::{Facts, UpstreamFacts};
use crate::fixtures::{Authority, Fate, Host, from_client, to_server, unavailable};
use crate::machine::MAX_WAITING;
use crate::reason::Reason;

#[test]
fn requests_at_start_wait_for_the_vault_and_are_then_judged() {
    let (ca, other) = (Authority::new("root"), Authority::new("other root"));
    let mut host = Host::new(&Host::downstream(""));
    let good = host.request(from_client(&ca.client("partner")));
    let rogue = host.request(from_client(&other.client("rogue")));
    assert_eq!(host.fates[&good], Fate::Held);
    host.tick(1);
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.fates[&good], Fate::Resumed);
    assert_eq!(host.fates[&rogue].reason(), Some(Reason::UnknownIssuer));
    assert_eq!(host.state.waiting(), 0);
}

#[test]
fn the_wait_at_start_is_bounded_and_recovers_by_itself() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::new(&Host::downstream(""));
    host.tick(0);
    host.answer(unavailable());
    host.pass(1500);
    let stream = host.request(from_client(&leaf));
    assert_eq!(host.fates[&stream], Fate::Held);
    host.tick(499);
    assert_eq!(host.fates[&stream], Fate::Held);
    assert!(host.tick.as_millis() <= 1000);
    host.tick(1);
    assert_eq!(host.fates[&stream].status(), Some(503));
    assert_eq!(host.fates[&stream].reason(), Some(Reason::SecretAbsent));
    assert_eq!(host.client(&leaf).reason(), Some(Reason::SecretAbsent));
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.client(&leaf), Fate::Resumed);
}

#[test]
fn only_so_many_requests_wait_at_a_time() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = Host::new(&Host::downstream(""));
    for _ in 0..MAX_WAITING {
        assert_eq!(host.client(&leaf), Fate::Held);
    }
    let fate = host.client(&leaf);
    assert_eq!(fate.status(), Some(503));
    assert_eq!(fate.reason(), Some(Reason::TooManyWaiting));
    assert_eq!(host.state.waiting(), MAX_WAITING);
}

#[test]
fn a_request_that_closed_while_it_waited_is_not_touched_by_a_late_answer() {
    let ca = Authority::new("root");
    let mut host = Host::new(&Host::downstream(""));
    let stream = host.request(from_client(&ca.client("partner")));
    host.tick(1);
    host.feed(Event::Closed(stream));
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.fates[&stream], Fate::Held);
}

#[test]
fn an_upstream_request_at_start_waits_for_the_vault_and_for_the_handshake() {
    let ca = Authority::new("root");
    let mut host = Host::new(&Host::upstream(""));
    let stream = host.request(Facts::Upstream(UpstreamFacts::default()));
    host.tick(1);
    assert!(host.probes.is_empty(), "nothing to judge by yet");
    host.vault_answers(&trusting(&[&ca]));
    assert_eq!(host.probes, [stream]);
    host.feed(Event::Probed(stream, to_server(&ca.server("backend.test"))));
    assert_eq!(host.fates[&stream], Fate::Resumed);
}
