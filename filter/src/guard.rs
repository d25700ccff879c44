//! One configured filter: the brain, and what the host has to be told in its words.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proxy_wasm::types::Action;
use sallyport_filter_core::config::{Direction, Place};
use sallyport_filter_core::{
    Call, CallId, Config, Counter, Effect, Event, Facts, Reason, Reply, State, StreamId, step,
};

use crate::{attributes, host};

/// A configured filter. Shared by the root and its streams, which live in one thread.
pub(crate) struct Guard {
    root: u32,
    direction: Direction,
    /// Whether requests are told apart by where they go.
    depends_on_place: bool,
    state: RefCell<State>,
    /// The open call, by the host's token and by the brain's.
    open_call: Cell<Option<(u32, CallId)>>,
    /// Requests that are held or were answered here.
    stopped: RefCell<BTreeSet<StreamId>>,
    counters: RefCell<BTreeMap<Counter, u32>>,
}

impl Guard {
    pub(crate) fn new(root: u32, config: Config) -> Self {
        Self {
            root,
            direction: config.policy.direction(),
            depends_on_place: config.policy.depends_on_place(),
            state: RefCell::new(State::with_signatures(config, host::signatures())),
            open_call: Cell::new(None),
            stopped: RefCell::default(),
            counters: RefCell::default(),
        }
    }

    pub(crate) fn start(&self) {
        self.handle(Event::Start);
    }

    pub(crate) fn tick(&self) {
        self.handle(Event::Tick);
    }

    /// A call came back. One that is not the open one is not the brain's any more.
    pub(crate) fn call_returned(&self, token: u32, headers: usize, body_size: usize) {
        let Some((open, call)) = self.open_call.get() else {
            return;
        };
        if open != token {
            return;
        }
        self.open_call.set(None);
        self.handle(match host::call_answer(headers, body_size) {
            Some(answer) => Event::Answer(call, answer),
            None => Event::CallFailed(call),
        });
    }

    /// The headers of a request arrived; the host is in the context of its stream.
    pub(crate) fn request(&self, stream: StreamId) -> Action {
        let place = match self.depends_on_place {
            true => attributes::place(),
            false => Place::default(),
        };
        let facts = match self.direction {
            Direction::Downstream => Facts::Downstream(attributes::downstream()),
            Direction::Upstream => Facts::Upstream(attributes::upstream()),
        };
        let mut decided = None;
        for effect in self.feed(Event::Request(stream, place, facts)) {
            match effect {
                Effect::Resume(_) => decided = Some(Action::Continue),
                Effect::Hold(_) => {
                    self.stopped.borrow_mut().insert(stream);
                    decided = Some(Action::Pause);
                }
                Effect::Deny(_, reply) => {
                    self.deny(stream, reply);
                    decided = Some(Action::Pause);
                }
                // Calls are made by the root only: the host drops those of a stream with it.
                Effect::Call(call) => self.call_not_made(call.call),
                other => self.carry_out(other),
            }
        }
        decided.unwrap_or_else(|| {
            let direction = self.direction;
            let reason = Reason::Internal;
            self.count(Counter::Denied(direction, reason));
            self.deny(stream, Reply { reason, direction });
            Action::Pause
        })
    }

    /// Whether a request may not go on. Only asked when the host goes on with the body of a paused
    /// request (`allow_on_headers_stop_iteration`), which would let it slip through.
    pub(crate) fn stops(&self, stream: StreamId) -> bool {
        self.stopped.borrow().contains(&stream)
    }

    pub(crate) fn closed(&self, stream: StreamId) {
        if self.stopped.borrow_mut().remove(&stream) {
            for effect in self.feed(Event::Closed(stream)) {
                self.carry_out(effect);
            }
        }
    }

    /// Takes an event of the root in and does everything that follows from it.
    fn handle(&self, event: Event) {
        let mut queue = VecDeque::from(self.feed(event));
        let mut context = self.root;
        while let Some(effect) = queue.pop_front() {
            let wanted = effect.stream().map_or(self.root, host::context);
            if wanted != context {
                context = wanted;
                if !host::enter(wanted) {
                    // The stream is gone, and its effects with it.
                    context = self.root;
                    host::enter(context);
                    if let Some(stream) = effect.stream() {
                        self.stopped.borrow_mut().remove(&stream);
                        queue.retain(|effect| effect.stream() != Some(stream));
                        queue.extend(self.feed(Event::Closed(stream)));
                    }
                    continue;
                }
            }
            match effect {
                Effect::Probe(stream) => {
                    queue.extend(self.feed(Event::Probed(stream, attributes::upstream())));
                }
                Effect::Resume(stream) => {
                    self.stopped.borrow_mut().remove(&stream);
                    host::resume_request();
                }
                Effect::Call(call) => queue.extend(self.call(&call)),
                other => self.carry_out(other),
            }
        }
        if context != self.root {
            host::enter(self.root);
        }
    }

    /// Does what is done alike in every context; the host is in the right one.
    fn carry_out(&self, effect: Effect) {
        match effect {
            Effect::Tick(period) => host::tick(period),
            Effect::RemoveHeader(_, name) => host::remove_request_header(&name),
            Effect::AddCredential(_, name, value) => host::add_request_header(&name, &value),
            Effect::Deny(stream, reply) => self.deny(stream, reply),
            Effect::Count(counter) => self.count(counter),
            Effect::Log(line) => host::log(&line),
            Effect::Hold(stream) => {
                self.stopped.borrow_mut().insert(stream);
            }
            Effect::Call(_) | Effect::Probe(_) | Effect::Resume(_) => {}
        }
    }

    fn call(&self, call: &Call) -> Vec<Effect> {
        let token = match self.state.try_borrow() {
            Ok(state) => host::call(&state.config().vault, call),
            Err(_) => None,
        };
        match token {
            Some(token) => {
                self.open_call.set(Some((token, call.call)));
                Vec::new()
            }
            None => self.feed(Event::CallFailed(call.call)),
        }
    }

    fn call_not_made(&self, call: CallId) {
        for effect in self.feed(Event::CallFailed(call)) {
            self.carry_out(effect);
        }
    }

    fn deny(&self, stream: StreamId, reply: Reply) {
        self.stopped.borrow_mut().insert(stream);
        host::reply(reply);
    }

    fn count(&self, counter: Counter) {
        let mut counters = self.counters.borrow_mut();
        let id = match counters.get(&counter) {
            Some(id) => Some(*id),
            None => host::counter(&counter.to_string()),
        };
        if let Some(id) = id {
            counters.insert(counter, id);
            host::increment(id);
        }
    }

    /// One step of the brain; no effects if it cannot be reached, so that nothing passes.
    fn feed(&self, event: Event) -> Vec<Effect> {
        match (self.state.try_borrow_mut(), host::now()) {
            (Ok(mut state), Some(now)) => step(&mut state, event, now),
            _ => Vec::new(),
        }
    }
}
