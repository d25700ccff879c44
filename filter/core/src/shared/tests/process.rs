//! A process: several filters around one shelf, and a vault.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use sallyport_model::{Outcome, Reference, SharedSecret};

use crate::effect::{Call, Effect};
use crate::event::Event;
use crate::fixtures::{AT, Contents, Host, Shelf};
use crate::material::Prepared;
use crate::shared::Watcher;
use crate::snapshot::{Availability, Unusable};
use crate::time::Now;

pub(super) const FIRST: &str = "secret://payments/sharedSecrets/first";
pub(super) const SECOND: &str = "secret://payments/sharedSecrets/second";
pub(super) const OTHER: &str = "secret://payments/sharedSecrets/other";

/// A filter in a worker.
pub(super) type Worker = Rc<RefCell<Host>>;

/// The process.
pub(super) struct Process {
    pub(super) shelf: Rc<Shelf>,
    pub(super) vault: Contents,
    uptime: Cell<Duration>,
}

impl Process {
    pub(super) fn new() -> Self {
        Self {
            shelf: Shelf::new(),
            vault: Contents::default().fresh(60, 600),
            uptime: Cell::new(Duration::from_secs(1000)),
        }
    }

    /// The vault changes both secrets at once.
    pub(super) fn rotate(&mut self, password: &str) {
        for reference in [FIRST, SECOND] {
            let vault = std::mem::take(&mut self.vault);
            self.vault = vault.with_password(reference, "user", password);
        }
    }

    pub(super) fn withdraw(&mut self) {
        for reference in [FIRST, SECOND] {
            self.vault.set(reference, Outcome::Withdrawn {});
        }
    }

    /// A filter that injects both secrets.
    pub(super) fn worker(&self) -> Worker {
        self.worker_with(&[FIRST, SECOND])
    }

    pub(super) fn worker_with(&self, references: &[&str]) -> Worker {
        let inject: Vec<String> = (0..)
            .zip(references)
            .map(|(number, reference)| {
                format!(r#"{{"header":"x-secret-{number}","basic":"{reference}"}}"#)
            })
            .collect();
        let settings = format!(r#","inject":[{}]"#, inject.join(","));
        let config = Host::upstream(&settings);
        let host = Host::sharing(&config, self.shelf.clone(), self.uptime());
        Rc::new(RefCell::new(host))
    }

    pub(super) fn uptime(&self) -> Duration {
        self.uptime.get()
    }

    pub(super) fn pass(&self, millis: u64) {
        self.uptime
            .set(self.uptime() + Duration::from_millis(millis));
    }

    pub(super) fn tick(&self, worker: &Worker) {
        let mut host = worker.borrow_mut();
        host.uptime = self.uptime();
        host.tick(0);
    }

    /// The vault answers the last call of a worker.
    pub(super) fn answer(&self, worker: &Worker) {
        let call = worker.borrow().calls.last().unwrap().clone();
        self.answer_call(worker, &call);
    }

    pub(super) fn answer_call(&self, worker: &Worker, call: &Call) {
        let mut host = worker.borrow_mut();
        host.uptime = self.uptime();
        let answer = self.vault.answer(&call.body);
        host.feed(Event::Answer(call.call, answer));
    }

    /// Indexes that were written, by generation; none has two contents.
    pub(super) fn indexes(&self) -> BTreeMap<u64, Vec<u8>> {
        let mut indexes = BTreeMap::new();
        for (name, value) in &*self.shelf.history.borrow() {
            if name == "index" {
                let index: serde_json::Value = serde_json::from_slice(value).unwrap();
                let generation = index["generation"].as_u64().unwrap();
                let before = indexes.insert(generation, value.clone());
                assert!(before.is_none(), "two indexes of generation {generation}");
            }
        }
        indexes
    }
}

/// What a worker holds of a secret.
pub(super) fn held(worker: &Worker, reference: &str) -> Result<String, Unusable> {
    let host = worker.borrow();
    let reference: Reference = reference.parse().unwrap();
    match host.state.snapshot().look_up(&reference, host.uptime) {
        Availability::Fresh(prepared) | Availability::Stale(prepared) => match prepared {
            Prepared::SharedSecret(SharedSecret::UsernamePassword { password, .. }, _) => {
                Ok(password.expose().to_owned())
            }
            _ => panic!("another kind"),
        },
        Availability::Unusable(unusable) => Err(unusable),
    }
}

/// What a worker holds of both secrets, which the vault only ever changes together.
pub(super) fn held_of_both(worker: &Worker) -> Result<String, Unusable> {
    let (first, second) = (held(worker, FIRST), held(worker, SECOND));
    assert_eq!(first, second, "half of an index");
    first
}

/// A service on the main thread.
pub(super) struct Service {
    brain: Watcher,
    pub(super) calls: Vec<Call>,
}

impl Service {
    pub(super) fn new(process: &Process) -> Self {
        let vault = process.worker().borrow().state.config().vault.clone();
        Self {
            brain: Watcher::new(vault, process.shelf.clone()),
            calls: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, process: &Process, event: &Event) {
        let now = Now {
            wall: AT,
            uptime: process.uptime(),
        };
        for effect in self.brain.step(event, now) {
            if let Effect::Call(call) = effect {
                self.calls.push(call);
            }
        }
    }

    pub(super) fn answer(&mut self, process: &Process) {
        let call = self.calls.last().unwrap().clone();
        let answer = process.vault.answer(&call.body);
        self.feed(process, &Event::Answer(call.call, answer));
    }
}
