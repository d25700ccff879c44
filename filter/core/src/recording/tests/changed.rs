//! The happenings of a recording in another order, with some left out, some twice, and filters that are rebuilt.

use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;

use super::lived::{Lived, Outside, Shown, answer};
use crate::config::Config;
use crate::direction::Direction;
use crate::event::{Event, StreamId};
use crate::facts::{DownstreamFacts, Facts, UpstreamFacts};
use crate::fixtures::{Host, Ledger, Lines, Shelf};
use crate::time::Now;
use crate::watch::CallId;

/// A change at one of the happenings; which one is taken modulo their number.
#[derive(Clone, Debug)]
pub(super) struct Change {
    at: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// It comes so many happenings later; an answer is then one to an earlier call.
    Late(usize),
    /// It does not happen.
    Missing,
    /// It happens twice.
    Twice,
    /// Afterwards the stream that came last is gone.
    Closed,
    /// Afterwards the virtual machine is rebuilt.
    Reload,
}

/// What is played.
enum Scene {
    Happens(Now, Outside),
    /// The call that an answer is for, which comes later, is the one that is open now.
    Remember(usize),
    AnswersLate(usize, Now, Outside),
    Closed,
    Reload,
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    let kind = prop_oneof![
        3 => (1..40_usize).prop_map(Kind::Late),
        2 => Just(Kind::Missing),
        1 => Just(Kind::Twice),
        2 => Just(Kind::Closed),
        1 => Just(Kind::Reload),
    ];
    (any::<usize>(), kind).prop_map(|(at, kind)| Change { at, kind })
}

/// Plays a changed recording to its end; how many streams were decided about.
pub(super) fn play(lived: &Lived, changes: &[Change]) -> usize {
    let mut run = Run::new(lived);
    for scene in scenes(lived, changes) {
        run.play(scene);
    }
    run.end()
}

fn scenes(lived: &Lived, changes: &[Change]) -> Vec<Scene> {
    let count = lived.outside.len();
    let mut scenes: Vec<Vec<Scene>> = Vec::new();
    scenes.resize_with(count, Vec::new);
    let mut delayed: Vec<Vec<Scene>> = Vec::new();
    delayed.resize_with(count, Vec::new);
    for (at, (now, outside)) in lived.outside.iter().enumerate() {
        let changes = changes.iter().filter(|change| change.at % count == at);
        let happens = || Scene::Happens(*now, outside.clone());
        let (mut stays, mut after) = (true, Vec::new());
        for Change { kind, .. } in changes {
            match kind {
                Kind::Late(by) => {
                    let later = (at + by).min(count - 1);
                    stays = false;
                    after.push(Scene::Remember(at));
                    let (now, _) = lived.outside[later];
                    delayed[later].push(Scene::AnswersLate(at, now, outside.clone()));
                }
                Kind::Missing => stays = false,
                Kind::Twice => after.push(happens()),
                Kind::Closed => after.push(Scene::Closed),
                Kind::Reload => after.push(Scene::Reload),
            }
        }
        scenes[at].extend(stays.then(happens));
        scenes[at].append(&mut after);
    }
    let both = scenes.into_iter().zip(delayed);
    both.flat_map(|(scene, late)| scene.into_iter().chain(late))
        .collect()
}

struct Run<'a> {
    lived: &'a Lived,
    /// Everything is noted, whatever the recording's own wants.
    config: String,
    direction: Direction,
    host: Host,
    data: Rc<Shelf>,
    streams: Ledger,
    /// By their names in the recording, and back.
    here: BTreeMap<StreamId, StreamId>,
    there: BTreeMap<StreamId, StreamId>,
    remembered: BTreeMap<usize, CallId>,
}

impl<'a> Run<'a> {
    fn new(lived: &'a Lived) -> Self {
        let mut config: serde_json::Value = serde_json::from_str(&lived.configuration).unwrap();
        config["notes"] = "all".into();
        let config = config.to_string();
        let direction = config.parse::<Config>().unwrap().policy.direction();
        let data = Shelf::new();
        let (start, _) = lived.outside[0];
        Self {
            lived,
            direction,
            host: Host::sharing(&config, data.clone(), start.uptime),
            config,
            data,
            streams: Ledger::default(),
            here: BTreeMap::new(),
            there: BTreeMap::new(),
            remembered: BTreeMap::new(),
        }
    }

    fn play(&mut self, scene: Scene) {
        match scene {
            Scene::Happens(now, outside) => {
                let call = self.host.calls.last().map(|call| call.call);
                self.happens(now, outside, call);
            }
            Scene::AnswersLate(at, now, outside) => {
                let call = self.remembered.get(&at).copied();
                self.happens(now, outside, call);
            }
            Scene::Remember(at) => {
                let open = self.host.calls.last().map(|call| call.call);
                self.remembered.extend(open.map(|call| (at, call)));
            }
            Scene::Closed => {
                if let Some(stream) = self.here.values().next_back().copied() {
                    self.streams.closes(&mut self.host, stream);
                    self.forget(stream);
                }
            }
            Scene::Reload => {
                self.streams.all_gone(&self.host);
                self.host.probes.clear();
                self.host.calls.clear();
                self.here.clear();
                self.there.clear();
                self.host.reload(&self.config, self.data.clone());
            }
        }
        self.look();
    }

    fn happens(&mut self, now: Now, outside: Outside, call: Option<CallId>) {
        self.host.wall = now.wall;
        self.host.uptime = self.host.uptime.max(now.uptime);
        match outside {
            Outside::Tick => self.host.feed(Event::Tick),
            Outside::Answer(written) => {
                if let Some(call) = call {
                    self.host.feed(match answer(&written) {
                        Some(answer) => Event::Answer(call, answer),
                        None => Event::CallFailed(call),
                    });
                }
            }
            Outside::Arrives(stream, place) => {
                self.prepare(stream);
                let (first, _) = self.facts(stream);
                let new = self.host.arrive(place, first);
                self.meet(stream, new);
            }
            Outside::Grows(stream, size) => {
                if let Some(here) = self.here.get(&stream).copied() {
                    self.host.feed(Event::BodyGrew(here, size));
                }
            }
            Outside::Body(stream, body) => {
                if let Some(here) = self.here.get(&stream).copied() {
                    self.host.body(here, &body);
                }
            }
            Outside::Bytes(stream, speaker) => {
                let known = self.here.get(&stream).copied();
                let new = known.unwrap_or_else(|| {
                    let (_, last) = self.facts(stream);
                    let place = self.shown(stream).map(|shown| shown.place.clone());
                    let new = self
                        .host
                        .connection_to(place.unwrap_or_default(), Some(last));
                    self.meet(stream, new);
                    new
                });
                self.host.bytes(new, speaker);
            }
            Outside::Leaves(stream) => {
                if let Some(here) = self.here.get(&stream).copied() {
                    self.streams.closes(&mut self.host, here);
                    self.forget(here);
                }
            }
        }
    }

    /// What the next request has to be read of it.
    fn prepare(&mut self, stream: StreamId) {
        let shown = self.shown(stream);
        let (lines, ends) = match shown.and_then(|shown| shown.head.as_ref()) {
            Some(head) => (Lines::of_head(head), head.ends),
            None => (Lines::of("GET", "/"), true),
        };
        self.host.messages_of_next(lines, ends);
    }

    fn meet(&mut self, there: StreamId, here: StreamId) {
        self.here.insert(there, here);
        self.there.insert(here, there);
        self.streams.opened(here);
    }

    fn forget(&mut self, here: StreamId) {
        if let Some(there) = self.there.remove(&here) {
            self.here.remove(&there);
        }
    }

    /// Looks where the filter wants to look.
    fn look(&mut self) {
        for here in self.streams.probes(&mut self.host) {
            let facts = match self.there.get(&here).map(|there| self.facts(*there)) {
                Some((_, Facts::Upstream(facts))) => facts,
                _ => UpstreamFacts::default(),
            };
            self.host.feed(Event::Probed(here, facts));
        }
    }

    fn shown(&self, stream: StreamId) -> Option<&'a Shown> {
        self.lived.shown.get(&stream)
    }

    /// At first and at last; of what was not looked at in the recording there is nothing to see.
    fn facts(&self, stream: StreamId) -> (Facts, Facts) {
        let shown = self.shown(stream).and_then(|shown| shown.facts.clone());
        shown.unwrap_or_else(|| {
            let nothing = match self.direction {
                Direction::Downstream => Facts::Downstream(DownstreamFacts::default()),
                Direction::Upstream => Facts::Upstream(UpstreamFacts::default()),
            };
            (nothing.clone(), nothing)
        })
    }

    /// Longer than anything may wait: every deadline has passed, every connection was looked at.
    fn end(mut self) -> usize {
        for _ in 0..3 {
            self.host.tick(61_000);
            self.look();
        }
        self.streams.holds(&self.host)
    }
}
