//! Any order of events.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::process::{Process, Worker, held_of_both};

#[derive(Clone, Debug)]
enum Happening {
    /// A worker ticks.
    Tick(usize),
    /// The vault answers one of a worker's calls, perhaps a late one.
    Answer(usize, usize),
    /// The same, with another worker's happening between two of its calls to the host.
    Interrupted(usize, usize, usize),
    /// The vault changes both secrets.
    Rotate,
    /// The virtual machine of a worker is built anew.
    Rebuild(usize),
    Pass(u64),
}

const WORKERS: usize = 3;

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..WORKERS).prop_map(Happening::Tick),
        5 => (0..WORKERS, 0_usize..3).prop_map(|(worker, back)| Happening::Answer(worker, back)),
        5 => (0..WORKERS, 0..WORKERS, 0_usize..30)
            .prop_map(|(worker, other, calls)| Happening::Interrupted(worker, other, calls)),
        3 => Just(Happening::Rotate),
        1 => (0..WORKERS).prop_map(Happening::Rebuild),
        4 => prop_oneof![Just(20), Just(600), Just(2600)].prop_map(Happening::Pass),
    ]
}

struct Story {
    process: RefCell<Process>,
    workers: RefCell<Vec<Worker>>,
}

impl Story {
    fn worker(&self, number: usize) -> Worker {
        self.workers.borrow()[number].clone()
    }

    fn answer(&self, number: usize, back: usize) {
        let worker = self.worker(number);
        let call = {
            let host = worker.borrow();
            host.calls.iter().rev().nth(back).cloned()
        };
        if let Some(call) = call {
            self.process.borrow().answer_call(&worker, &call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_applies_half_an_index_and_no_generation_has_two_contents(
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let mut process = Process::new();
        process.rotate("password-0");
        let workers = (0..WORKERS).map(|_| process.worker()).collect();
        let story = Rc::new(Story {
            process: process.into(),
            workers: RefCell::new(workers),
        });
        let shelf = story.process.borrow().shelf.clone();
        let mut password = 0;
        for happening in happenings {
            match happening {
                Happening::Tick(number) => {
                    story.process.borrow().tick(&story.worker(number));
                }
                Happening::Answer(number, back) => story.answer(number, back),
                Happening::Interrupted(number, other, calls) => {
                    if number != other {
                        let of = story.clone();
                        shelf.interrupt(calls, move || {
                            of.process.borrow().tick(&of.worker(other));
                            of.answer(other, 0);
                        });
                    }
                    story.process.borrow().tick(&story.worker(number));
                    story.answer(number, 0);
                    shelf.was_interrupted();
                }
                Happening::Rotate => {
                    password += 1;
                    story.process.borrow_mut().rotate(&format!("password-{password}"));
                }
                Happening::Rebuild(number) => {
                    let rebuilt = story.process.borrow().worker();
                    story.workers.borrow_mut()[number] = rebuilt;
                }
                Happening::Pass(millis) => story.process.borrow().pass(millis),
            }
            for worker in &*story.workers.borrow() {
                let _ = held_of_both(worker);
            }
            story.process.borrow().indexes();
        }
        // Whatever happened: once things take their course, all have what the vault has.
        let wanted = Ok(format!("password-{password}"));
        for _ in 0..6 {
            story.process.borrow().pass(2600);
            for number in 0..WORKERS {
                story.process.borrow().tick(&story.worker(number));
                story.answer(number, 0);
            }
        }
        for number in 0..WORKERS {
            let worker = story.worker(number);
            story.process.borrow().tick(&worker);
            prop_assert_eq!(held_of_both(&worker), wanted.clone());
        }
    }
}
