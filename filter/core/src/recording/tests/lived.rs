//! What happened around one filter of a recording, apart from what the filter did about it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::replay::lines;
use crate::config::Place;
use crate::event::{CallAnswer, Event, Speaker, StreamId};
use crate::facts::Facts;
use crate::head::Head;
use crate::recording::event;
use crate::time::Now;

/// One filter.
pub(super) struct Lived {
    pub(super) configuration: String,
    pub(super) outside: Vec<(Now, Outside)>,
    pub(super) shown: BTreeMap<StreamId, Shown>,
}

/// Something that no filter asked for, or an answer to what it asked.
#[derive(Clone)]
pub(super) enum Outside {
    Tick,
    Answer(Value),
    Arrives(StreamId, Place),
    /// So many bytes of a body are there.
    Grows(StreamId, usize),
    /// All of a body.
    Body(StreamId, Vec<u8>),
    Bytes(StreamId, Speaker),
    Leaves(StreamId),
}

/// What there is to see of a stream.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) place: Place,
    /// At first and at last.
    pub(super) facts: Option<(Facts, Facts)>,
    pub(super) head: Option<Head>,
}

impl Lived {
    /// The filters of a recording that saw streams.
    pub(super) fn of(recording: &str) -> Vec<Self> {
        let mut filters: BTreeMap<u64, Self> = BTreeMap::new();
        for line in lines(recording) {
            if let Some(configuration) = line.configuration.clone() {
                let lived = Self {
                    configuration,
                    outside: Vec::new(),
                    shown: BTreeMap::new(),
                };
                filters.insert(line.instance, lived);
            }
            let now = line.now();
            let lived = filters.get_mut(&line.instance).unwrap();
            lived.happened(now, line.event);
        }
        let filters = filters.into_values();
        filters.filter(|lived| !lived.shown.is_empty()).collect()
    }

    fn happened(&mut self, now: Now, written: Value) {
        let outside = match event::read(written.clone()).unwrap() {
            Event::Tick => Outside::Tick,
            Event::Answer(..) | Event::CallFailed(_) | Event::CallCutOff(_) => {
                Outside::Answer(written)
            }
            Event::Arrived(stream, place) => {
                self.shown(stream).place = place.clone();
                Outside::Arrives(stream, place)
            }
            Event::Data(stream, speaker) => {
                self.shown(stream);
                Outside::Bytes(stream, speaker)
            }
            Event::Closed(stream) => Outside::Leaves(stream),
            Event::Request(stream, _, facts) => return self.shown(stream).look(facts),
            Event::Probed(stream, facts) => return self.shown(stream).look(Facts::Upstream(facts)),
            Event::Seen(stream, place, facts) => {
                let shown = self.shown(stream);
                shown.place = place;
                return facts.into_iter().for_each(|facts| shown.look(facts));
            }
            Event::Head(stream, _, head) => {
                self.shown(stream).head = Some(head);
                return;
            }
            Event::BodyGrew(stream, size) => Outside::Grows(stream, size),
            Event::Body(stream, body) => Outside::Body(stream, body.to_vec()),
            Event::Start
            | Event::Response(..)
            | Event::ResponseGrew(..)
            | Event::ResponseBody(..) => return,
        };
        self.outside.push((now, outside));
    }

    fn shown(&mut self, stream: StreamId) -> &mut Shown {
        self.shown.entry(stream).or_default()
    }
}

impl Shown {
    fn look(&mut self, facts: Facts) {
        let first = self
            .facts
            .take()
            .map_or_else(|| facts.clone(), |(first, _)| first);
        self.facts = Some((first, facts));
    }
}

/// The answer in an event, and nothing if the call failed.
pub(super) fn answer(written: &Value) -> Option<CallAnswer> {
    match event::read(written.clone()).unwrap() {
        Event::Answer(_, answer) => Some(answer),
        _ => None,
    }
}
