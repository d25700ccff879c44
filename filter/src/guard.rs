//! One configured filter: the brain, and what the host has to be told in its words.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::types::Action;
use sallyport_filter_core::Direction;
use sallyport_filter_core::config::{Place, Protocol};
use sallyport_filter_core::{
    Attribute, Call, CallId, Config, Counter, Effect, Event, Facts, Reading, Reason, Reply,
    Rewrite, Speaker, StreamId, Streams,
};
#[cfg(not(feature = "recording"))]
use sallyport_filter_core::{State, step};

use crate::attributes::Handshake;
use crate::calls::Calls;
use crate::metrics::Metrics;
#[cfg(feature = "recording")]
use crate::recorder::{State, step};
use crate::{attributes, host};

/// As soon as possible.
const SOON: Duration = Duration::from_millis(1);

/// A configured filter. Shared by the root and its streams, which live in one thread.
pub(crate) struct Guard {
    root: u32,
    direction: Direction,
    protocol: Protocol,
    /// Whether requests are told apart by where they go.
    depends_on_place: bool,
    /// Whether policies look at messages.
    reads_messages: bool,
    /// Whether responses are converted.
    converts_responses: bool,
    /// What they look at besides.
    attributes: Vec<Attribute>,
    state: RefCell<State>,
    calls: Calls,
    /// Requests and connections that are held, or were answered or closed here.
    stopped: RefCell<Streams<()>>,
    /// Of requests whose messages are looked at.
    bodies: RefCell<Streams<Body>>,
    /// Requests that were answered here: what comes as their response is ours.
    answered: RefCell<Streams<()>>,
    /// Responses that may not go on.
    held: RefCell<Streams<()>>,
    /// What is done at the next tick.
    later: RefCell<VecDeque<Effect>>,
    /// How often the brain wants to be called.
    period: Cell<Duration>,
    metrics: Metrics,
}

/// What is known of a request's body.
#[derive(Clone, Copy)]
enum Body {
    /// The head says that there is none.
    None,
    /// It comes, and is held by Envoy while the request is.
    Coming,
    /// All of these bytes are there.
    Whole(usize),
}

impl Guard {
    pub(crate) fn new(root: u32, config: Config) -> Self {
        Self {
            root,
            direction: config.policy.direction(),
            protocol: config.protocol,
            depends_on_place: config.policy.depends_on_place(),
            reads_messages: config.policy.reads_messages(),
            converts_responses: config.policy.converts_responses(),
            attributes: config.policy.attributes(),
            state: RefCell::new(
                State::with_signatures(config, host::signatures())
                    .drawing(host::random)
                    .sharing(Rc::new(host::Shared)),
            ),
            calls: Calls::default(),
            stopped: RefCell::default(),
            bodies: RefCell::default(),
            answered: RefCell::default(),
            held: RefCell::default(),
            later: RefCell::default(),
            period: Cell::default(),
            metrics: Metrics::default(),
        }
    }

    /// What it has to be called for.
    pub(crate) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) fn start(&self) {
        self.handle(Event::Start);
    }

    pub(crate) fn tick(&self) {
        let later = self.later.take();
        if !later.is_empty() {
            host::tick(self.period.get());
            self.follow(later);
        }
        self.handle(Event::Tick);
        self.metrics.settle();
    }

    pub(crate) fn call_returned(&self, token: u32, headers: usize, body_size: usize) {
        if let Some(event) = self.calls.returned(token, headers, body_size) {
            self.handle(event);
        }
    }

    /// The headers of a request arrived; the host is in the context of its stream.
    pub(crate) fn request(&self, stream: StreamId, ends: bool) -> Action {
        if self.reads_messages {
            let body = match ends {
                true => Body::None,
                false => Body::Coming,
            };
            self.bodies.borrow_mut().set(stream, body);
        }
        self.decide(Event::Arrived(stream, self.place()), Handshake::Done)
            .unwrap_or_else(|| {
                let direction = self.direction;
                let reason = Reason::Internal;
                self.metrics.count(Counter::Denied(direction, reason));
                self.deny(stream, &Reply::new(reason, direction));
                Action::Pause
            })
    }

    fn look(&self, stream: StreamId, place: Place) -> Event {
        let facts = match self.direction {
            Direction::Downstream => Facts::Downstream(attributes::downstream()),
            Direction::Upstream => Facts::Upstream(attributes::upstream()),
        };
        Event::Request(stream, place, facts)
    }

    /// So many bytes of a request's body are there, or all of it; the host is in its context.
    pub(crate) fn body(&self, stream: StreamId, size: usize, ends: bool) -> Action {
        if !self.stops(stream) {
            return Action::Continue;
        }
        if !self.reads_messages {
            return Action::Pause;
        }
        if ends {
            self.bodies.borrow_mut().set(stream, Body::Whole(size));
        }
        let event = match ends {
            true => Event::Body(stream, host::request_body(size)),
            false => Event::BodyGrew(stream, size),
        };
        match self.decide(event, Handshake::Done) {
            Some(Action::Continue) => {
                self.stopped.borrow_mut().remove(stream);
                Action::Continue
            }
            _ => Action::Pause,
        }
    }

    /// The headers of a response arrived; the host is in the context of its stream.
    pub(crate) fn response(&self, stream: StreamId, ends: bool) -> Action {
        if !self.converts_responses || self.answered.borrow().get(stream).is_some() {
            return Action::Continue;
        }
        self.held.borrow_mut().set(stream, ());
        self.decide_response(Event::Response(stream, host::response_head(ends)))
    }

    /// So many bytes of a response's body are there, or all of it; the host is in its context.
    pub(crate) fn response_body(&self, stream: StreamId, size: usize, ends: bool) -> Action {
        if self.held.borrow().get(stream).is_none() {
            return Action::Continue;
        }
        self.decide_response(match ends {
            true => Event::ResponseBody(stream, host::response_body(size)),
            false => Event::ResponseGrew(stream, size),
        })
    }

    /// A response that is not decided about does not go on.
    fn decide_response(&self, event: Event) -> Action {
        self.decide(event, Handshake::Done).unwrap_or(Action::Pause)
    }

    /// Bytes arrived on a connection; the host is in its context.
    pub(crate) fn data(&self, stream: StreamId, speaker: Speaker, handshake: Handshake) -> Action {
        let held = self.stops(stream);
        let action = self.decide(Event::Data(stream, speaker), handshake);
        let action = action.unwrap_or_else(|| {
            self.metrics
                .count(Counter::Denied(self.direction, Reason::Internal));
            host::close_connection();
            Action::Pause
        });
        if action == Action::Continue {
            self.stopped.borrow_mut().remove(stream);
            if held && speaker == Speaker::Server {
                // What the client sent waits as well.
                host::resume_client();
            }
        }
        action
    }

    /// Does what follows from an event of a stream in whose callback the host is; whether the stream
    /// goes on, where that was decided.
    fn decide(&self, event: Event, handshake: Handshake) -> Option<Action> {
        let mut decided = None;
        let size = event.body_size();
        let mut queue = VecDeque::from(self.feed(event));
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Look(stream, place) => {
                    queue.extend(self.feed(self.look(stream, *place)));
                }
                Effect::See(stream) => queue.extend(self.feed(self.see(stream, handshake))),
                Effect::Rewrite(_, ref rewrite) if rewrite.size() > size => {
                    decided = Some(Action::Pause);
                    queue.push_front(effect);
                    self.put_off(std::mem::take(&mut queue));
                }
                Effect::Read(stream, reading) => queue.extend(self.read(stream, reading)),
                Effect::Collect(stream) => {
                    decided = Some(Action::Pause);
                    queue.extend(self.collect(stream));
                }
                Effect::Rewrite(stream, rewrite) => self.rewrite(stream, &rewrite, &mut queue),
                Effect::Resume(_) => decided = Some(Action::Continue),
                Effect::CollectResponse(_) => decided = Some(Action::Pause),
                Effect::ResumeResponse(stream) => {
                    self.held.borrow_mut().remove(stream);
                    decided = Some(Action::Continue);
                }
                Effect::Hold(_) | Effect::Deny(..) | Effect::Close(_) => {
                    decided = Some(Action::Pause);
                    self.carry_out(effect);
                }
                // Calls are made by the root only: the host drops those of a stream with it.
                Effect::Call(call) => self.call_not_made(call.call),
                other => self.carry_out(other),
            }
        }
        decided
    }

    /// Reads the head of a request in whose context the host is.
    fn read(&self, stream: StreamId, reading: Reading) -> Vec<Effect> {
        let ends = matches!(self.bodies.borrow().get(stream), Some(Body::None));
        let attributes = attributes::of(&self.attributes);
        let head = host::request_head(ends).with_attributes(attributes);
        self.feed(Event::Head(stream, reading, head))
    }

    /// A body that grows may be more than Envoy's buffers hold. Then Envoy answers by itself and ends the stream
    /// while the new body is set, and calls for that a module that is in the middle of a callback of the stream:
    /// the SDK panics, and Envoy dies of it. In a callback of the root it may.
    fn put_off(&self, effects: VecDeque<Effect>) {
        self.later.borrow_mut().extend(effects);
        host::tick(SOON);
    }

    /// Holds a request until its body is there, which it may be by now.
    fn collect(&self, stream: StreamId) -> Vec<Effect> {
        self.stopped.borrow_mut().set(stream, ());
        let body = self.bodies.borrow().get(stream).copied();
        match body {
            Some(Body::Whole(size)) => self.feed(Event::Body(stream, host::request_body(size))),
            Some(Body::None | Body::Coming) | None => Vec::new(),
        }
    }

    /// Gives a message its new body. What else was to be done with it is not done if that fails: then it is
    /// not what was decided about.
    fn rewrite(&self, stream: StreamId, rewrite: &Rewrite, queue: &mut VecDeque<Effect>) {
        if !host::rewrite(rewrite) {
            queue.retain(|effect| effect.stream() != Some(stream));
            let (direction, reason) = (self.direction, Reason::Internal);
            queue.push_back(Effect::Count(Counter::Denied(direction, reason)));
            queue.push_back(Effect::Deny(stream, Reply::new(reason, direction)));
        }
    }

    /// What can be seen of a TCP connection.
    fn see(&self, stream: StreamId, handshake: Handshake) -> Event {
        let facts = match self.direction {
            Direction::Downstream => {
                attributes::downstream_connection(handshake).map(Facts::Downstream)
            }
            Direction::Upstream => Some(Facts::Upstream(attributes::upstream())),
        };
        Event::Seen(stream, self.place(), facts)
    }

    fn place(&self) -> Place {
        let place = match (self.depends_on_place, self.protocol) {
            (false, _) => Place::default(),
            (true, Protocol::Http) => attributes::place(),
            (true, Protocol::Tcp) => attributes::place_of_connection(),
        };
        let peer = match (self.direction, self.protocol) {
            (Direction::Downstream, Protocol::Http) => attributes::client(),
            (Direction::Upstream, Protocol::Http) => attributes::server(),
            // A TCP connection is its own stream.
            (_, Protocol::Tcp) => None,
        };
        Place { peer, ..place }
    }

    /// Whether a request may not go on. Only asked when the host goes on with the body of a paused
    /// request (`allow_on_headers_stop_iteration`), which would let it slip through.
    pub(crate) fn stops(&self, stream: StreamId) -> bool {
        self.stopped.borrow().get(stream).is_some()
    }

    pub(crate) fn closed(&self, stream: StreamId) {
        let stopped = self.stopped.borrow_mut().remove(stream).is_some();
        if self.reads_messages {
            self.bodies.borrow_mut().remove(stream);
        }
        if self.converts_responses {
            self.answered.borrow_mut().remove(stream);
            self.held.borrow_mut().remove(stream);
        }
        if stopped || self.converts_responses || self.protocol == Protocol::Tcp {
            for effect in self.feed(Event::Closed(stream)) {
                self.carry_out(effect);
            }
        }
    }

    /// Takes an event of the root in and does everything that follows from it.
    fn handle(&self, event: Event) {
        self.follow(VecDeque::from(self.feed(event)));
    }

    /// Does what is to be done, whichever streams it is about.
    fn follow(&self, mut queue: VecDeque<Effect>) {
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
                        self.stopped.borrow_mut().remove(stream);
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
                Effect::Look(stream, place) => {
                    queue.extend(self.feed(self.look(stream, *place)));
                }
                Effect::See(stream) => {
                    // It was looked at before, when bytes arrived.
                    queue.extend(self.feed(self.see(stream, Handshake::Done)));
                }
                Effect::Read(stream, reading) => queue.extend(self.read(stream, reading)),
                Effect::Collect(stream) => queue.extend(self.collect(stream)),
                Effect::Rewrite(stream, rewrite) => self.rewrite(stream, &rewrite, &mut queue),
                Effect::Resume(stream) => {
                    self.stopped.borrow_mut().remove(stream);
                    match self.protocol {
                        Protocol::Http => host::resume_request(),
                        Protocol::Tcp => host::resume_client(),
                    }
                }
                Effect::ResumeResponse(stream) => {
                    self.held.borrow_mut().remove(stream);
                    host::resume_response();
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
            Effect::Tick(period) => {
                self.period.set(period);
                if self.later.borrow().is_empty() {
                    host::tick(period);
                }
            }
            Effect::RemoveForwarded(_) => host::remove_request_header("x-forwarded-client-cert"),
            Effect::RemoveHeader(_, name) => host::remove_request_header(name.as_str()),
            Effect::AddHeader(_, name, value) => {
                host::add_request_header(name.as_str(), &value);
            }
            Effect::SetTarget(_, target) => host::set_target(&target),
            Effect::Deny(stream, reply) => self.deny(stream, &reply),
            Effect::Tell(_, names) => host::tell_client_names(&names),
            Effect::Note(_, note) => host::note(self.direction, &note),
            Effect::Count(counter) => self.metrics.count(counter),
            Effect::Show(gauge, number) => self.metrics.show(gauge, number),
            Effect::Log(line) => host::log(&line),
            Effect::Close(stream) => {
                self.stopped.borrow_mut().set(stream, ());
                host::close_connection();
            }
            Effect::Hold(stream) => {
                self.stopped.borrow_mut().set(stream, ());
            }
            Effect::Call(_)
            | Effect::Probe(_)
            | Effect::Look(..)
            | Effect::See(_)
            | Effect::Read(..)
            | Effect::Collect(_)
            | Effect::Rewrite(..)
            | Effect::CollectResponse(_)
            | Effect::ResumeResponse(_)
            | Effect::Resume(_) => {}
        }
    }

    fn call(&self, call: &Call) -> Vec<Effect> {
        let failed = match self.state.try_borrow() {
            Ok(state) => self.calls.make(&state.config().vault, call),
            Err(_) => Some(Event::CallFailed(call.call)),
        };
        failed.map_or_else(Vec::new, |event| self.feed(event))
    }

    fn call_not_made(&self, call: CallId) {
        for effect in self.feed(Event::CallFailed(call)) {
            self.carry_out(effect);
        }
    }

    fn deny(&self, stream: StreamId, reply: &Reply) {
        if self.converts_responses {
            self.answered.borrow_mut().set(stream, ());
        }
        self.stopped.borrow_mut().set(stream, ());
        host::reply(reply);
    }

    /// One step of the brain; no effects if it cannot be reached, so that nothing passes.
    fn feed(&self, event: Event) -> Vec<Effect> {
        match (self.state.try_borrow_mut(), host::now()) {
            (Ok(mut state), Some(now)) => step(&mut state, event, now),
            _ => Vec::new(),
        }
    }
}
