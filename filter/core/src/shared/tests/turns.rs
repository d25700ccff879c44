//! Recorded orders of events.

use sallyport_model::ResolveRequest;

use super::process::{FIRST, OTHER, Process, SECOND, Service, Worker, held, held_of_both};
use crate::direction::Direction;
use crate::event::Event;
use crate::fixtures::unavailable;
use crate::metric::{Counter, Gauge};
use crate::snapshot::Unusable;

/// Two workers, of which the first one has the lease, and the vault's first answer is published.
fn running() -> (Process, Worker, Worker) {
    let mut process = Process::new();
    process.rotate("one");
    let (first, second) = (process.worker(), process.worker());
    process.tick(&first);
    process.tick(&second);
    process.answer(&first);
    process.tick(&second);
    (process, first, second)
}

fn asked(worker: &Worker) -> ResolveRequest {
    serde_json::from_str(&worker.borrow().calls.last().unwrap().body).unwrap()
}

#[test]
fn one_member_asks_and_all_have_the_answer() {
    let (mut process, first, second) = running();
    assert!(second.borrow().calls.is_empty(), "one watch for all");
    assert_eq!(held_of_both(&first), Ok("one".to_owned()));
    assert_eq!(held_of_both(&second), Ok("one".to_owned()));
    assert_eq!(first.borrow().count(Counter::SharedLeaseTaken), 1);
    assert_eq!(second.borrow().count(Counter::SharedApplied), 1);

    process.rotate("two");
    process.pass(20);
    process.answer(&first);
    assert_eq!(held_of_both(&second), Ok("one".to_owned()));
    process.tick(&second);
    assert_eq!(held_of_both(&second), Ok("two".to_owned()));
    let gauge = Gauge::Generation(Direction::Upstream);
    assert_eq!(second.borrow().gauges[&gauge], 2);
    assert!(
        !process.shelf.holds("one"),
        "the host keeps no former secret"
    );
}

#[test]
fn a_tick_without_news_writes_nothing_and_places_are_used_again() {
    let (mut process, first, second) = running();
    let writings = process.shelf.history.borrow().len();
    process.pass(20);
    process.tick(&second);
    process.tick(&first);
    assert_eq!(process.shelf.history.borrow().len(), writings);
    let mut keys = Vec::new();
    for number in 0..20 {
        process.rotate(&format!("password-{number}"));
        process.answer(&first);
        keys.push(process.shelf.keys());
    }
    assert_eq!(keys[19], keys[1], "{keys:?}");
}

#[test]
fn when_the_holder_is_gone_another_member_goes_on_from_the_index() {
    let (process, first, second) = running();
    drop(first);
    process.pass(2400);
    process.tick(&second);
    assert!(second.borrow().calls.is_empty());
    process.pass(200);
    process.tick(&second);
    let question = asked(&second);
    assert!(question.references.iter().all(|known| {
        known.revision.is_some() == known.reference.contains("sharedSecrets")
            || known.reference.contains("tlsContexts")
    }));
    assert_eq!(question.wait, 0, "it learns at once what still holds");
    process.answer(&second);
    assert_eq!(held_of_both(&second), Ok("one".to_owned()));
}

#[test]
fn a_holder_that_renews_keeps_its_lease() {
    let (process, first, second) = running();
    for _ in 0..500 {
        process.pass(20);
        process.tick(&first);
        process.tick(&second);
    }
    assert!(second.borrow().calls.is_empty());
    assert_eq!(first.borrow().count(Counter::SharedLeaseLost), 0);
}

#[test]
fn two_members_that_race_for_the_lease_do_not_both_get_it() {
    for calls in 0..12 {
        let process = std::rc::Rc::new(Process::new());
        let (first, second) = (process.worker(), process.worker());
        let (other, of) = (second.clone(), process.clone());
        process.shelf.interrupt(calls, move || of.tick(&other));
        process.tick(&first);
        process.shelf.was_interrupted();
        process.tick(&second);
        let calls = first.borrow().calls.len() + second.borrow().calls.len();
        assert_eq!(calls, 1);
    }
}

#[test]
fn a_holder_that_loses_its_lease_while_it_publishes_changes_nothing_any_more() {
    // However far it got when it was taken for gone.
    let mut interrupted = 0;
    for calls in 0..24 {
        let (mut process, first, second) = running();
        process.rotate("two");
        let late = first.borrow().calls.last().unwrap().clone();
        let process = std::rc::Rc::new(process);
        let (other, of) = (second.clone(), process.clone());
        process.shelf.interrupt(calls, move || {
            of.pass(3000);
            of.tick(&other);
            of.answer(&other);
        });
        process.answer_call(&first, &late);
        interrupted += usize::from(process.shelf.was_interrupted());
        process.indexes();
        for worker in [&first, &second, &first] {
            process.tick(worker);
            assert_eq!(held_of_both(worker), Ok("two".to_owned()), "after {calls}");
        }
    }
    assert!(interrupted > 6, "{interrupted}");
}

#[test]
fn an_answer_to_a_former_holder_is_not_taken() {
    let (mut process, first, second) = running();
    process.rotate("two");
    process.pass(3000);
    process.tick(&second);
    process.answer(&second);
    process.withdraw();
    let late = first.borrow().calls.last().unwrap().clone();
    process.answer_call(&first, &late);
    process.tick(&first);
    assert_eq!(held_of_both(&first), Ok("two".to_owned()));
    assert_eq!(first.borrow().count(Counter::SharedLeaseLost), 1);
}

#[test]
fn an_index_whose_places_are_written_anew_is_not_applied_in_part() {
    let (mut process, first, second) = running();
    process.rotate("two");
    process.answer(&first);
    let process = std::rc::Rc::new(RotatingProcess(process.into(), first));
    // Between the index and each of the places that it names, a newer one is published.
    for calls in 1..5 {
        process.rotate("news");
        let of = process.clone();
        let shelf = process.0.borrow().shelf.clone();
        shelf.interrupt(calls, move || of.rotate(&format!("again-{calls}")));
        let uptime = process.0.borrow().uptime();
        second.borrow_mut().uptime = uptime;
        second.borrow_mut().feed(Event::Tick);
        let held = held_of_both(&second);
        assert!(held.is_ok(), "{held:?}");
        second.borrow_mut().feed(Event::Tick);
        assert_eq!(held_of_both(&second), Ok(format!("again-{calls}")));
    }
}

struct RotatingProcess(std::cell::RefCell<Process>, Worker);

impl RotatingProcess {
    fn rotate(&self, password: &str) {
        self.0.borrow_mut().rotate(password);
        self.0.borrow().answer(&self.1);
    }
}

#[test]
fn a_filter_whose_virtual_machine_was_rebuilt_has_the_snapshot_before_its_first_decision() {
    let (process, first, _second) = running();
    process.pass(10_000);
    process.tick(&first);
    let rebuilt = process.worker();
    assert_eq!(held_of_both(&rebuilt), Ok("one".to_owned()));
    // Freshness counts from the vault's answer, not from the start of the virtual machine.
    drop(first);
    process.pass(651_000);
    rebuilt.borrow_mut().uptime = process.uptime();
    assert_eq!(held_of_both(&rebuilt), Err(Unusable::Expired));
    let again = process.worker();
    assert_eq!(held_of_both(&again), Err(Unusable::Expired));
}

#[test]
fn what_a_new_filter_wants_is_asked_for_at_once() {
    let (mut process, first, _second) = running();
    let vault = std::mem::take(&mut process.vault);
    process.vault = vault.with_password(OTHER, "user", "other");
    let calls = first.borrow().calls.len();
    process.pass(20);
    process.tick(&first);
    assert_eq!(first.borrow().calls.len(), calls, "a call is open");
    let newer = process.worker_with(&[OTHER]);
    process.tick(&newer);
    process.tick(&first);
    assert_eq!(first.borrow().calls.len(), calls + 1);
    assert_eq!(asked(&first).references.len(), 4);
    process.answer(&first);
    process.tick(&newer);
    assert_eq!(held(&newer, OTHER), Ok("other".to_owned()));
    assert!(newer.borrow().calls.is_empty());
}

#[test]
fn what_nobody_wants_any_more_is_neither_asked_for_nor_kept() {
    let (mut process, first, _second) = running();
    let vault = std::mem::take(&mut process.vault);
    process.vault = vault.with_password(OTHER, "user", "canary");
    let newer = process.worker_with(&[OTHER]);
    process.tick(&newer);
    process.tick(&first);
    process.answer(&first);
    assert!(process.shelf.holds("canary"));
    drop(newer);
    for _ in 0..15 {
        process.pass(10_000);
        process.tick(&first);
        process.answer(&first);
    }
    assert_eq!(asked(&first).references.len(), 3);
    assert!(!process.shelf.holds("canary"));
    assert_eq!(held(&first, FIRST), held(&first, SECOND));
}

#[test]
fn a_watcher_takes_the_lease_from_a_filter_and_keeps_it() {
    let (mut process, first, second) = running();
    let mut service = Service::new(&process);
    service.feed(&process, &Event::Tick);
    assert_eq!(service.calls.len(), 1);
    let calls = first.borrow().calls.len();
    process.rotate("two");
    service.answer(&process);
    for _ in 0..200 {
        process.pass(100);
        service.feed(&process, &Event::Tick);
        process.tick(&first);
        process.tick(&second);
    }
    assert_eq!(first.borrow().calls.len(), calls);
    assert!(second.borrow().calls.is_empty());
    assert_eq!(held_of_both(&first), Ok("two".to_owned()));
    assert_eq!(held_of_both(&second), Ok("two".to_owned()));
}

#[test]
fn while_the_vault_is_away_everybody_has_the_last_answer_until_its_time_is_over() {
    let (process, first, second) = running();
    process.pass(10);
    first.borrow_mut().uptime = process.uptime();
    first.borrow_mut().answer(unavailable());
    assert_eq!(held_of_both(&second), Ok("one".to_owned()));
    process.pass(661_000);
    process.tick(&first);
    process.tick(&second);
    assert_eq!(held_of_both(&first), Err(Unusable::Expired));
    assert_eq!(held_of_both(&second), Err(Unusable::Expired));
    assert!(!process.shelf.holds("one"), "nor does the host keep it");
}

#[test]
fn who_missed_a_term_still_follows_a_member_that_holds_the_lease_again() {
    let (mut process, first, second) = running();
    let third = process.worker();
    process.tick(&third);
    assert_eq!(held_of_both(&third), Ok("one".to_owned()));
    for (holder, password) in [(&second, "two"), (&first, "three")] {
        process.rotate(password);
        process.pass(2600);
        process.tick(holder);
        process.answer(holder);
    }
    // It has seen the places of the first member's first term, and nothing since.
    process.tick(&third);
    assert_eq!(held_of_both(&third), Ok("three".to_owned()));
}

#[test]
fn a_gateway_that_is_not_served_any_more_loses_everything_at_once() {
    let (process, first, second) = running();
    let call = first.borrow().calls.last().unwrap().call;
    let denied = crate::fixtures::vault_answer(403, String::new());
    first.borrow_mut().feed(Event::Answer(call, denied));
    process.tick(&second);
    assert_eq!(held_of_both(&first), Err(Unusable::Denied));
    assert_eq!(held_of_both(&second), Err(Unusable::Denied));
    assert!(!process.shelf.holds("one"));
}

#[test]
fn a_filter_that_comes_later_knows_at_once_that_the_gateway_is_not_served() {
    let (process, first, _) = running();
    let call = first.borrow().calls.last().unwrap().call;
    let denied = crate::fixtures::vault_answer(403, String::new());
    first.borrow_mut().feed(Event::Answer(call, denied));
    let late = process.worker_with(&[OTHER]);
    process.tick(&late);
    // Not merely absent: to let pass while the vault is unreachable must not open this.
    assert_eq!(held(&late, OTHER), Err(Unusable::Denied));
    process.pass(1000);
    process.tick(&first);
    first.borrow_mut().answer(unavailable());
    process.tick(&late);
    assert_eq!(held(&late, OTHER), Err(Unusable::Denied));

    let mut process = process;
    process.rotate("two");
    process.pass(60_000);
    process.tick(&first);
    process.answer(&first);
    process.tick(&late);
    assert_eq!(held_of_both(&first), Ok("two".to_owned()));
    assert_ne!(held(&late, OTHER), Err(Unusable::Denied));
}
