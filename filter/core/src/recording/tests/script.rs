//! Shared data and chance as they were: they answer what they answered, as long as they are asked the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use sallyport_pki::ReadBucket;
use zeroize::Zeroizing;

use crate::recording::tape::{Exchange, Key, Last, Value};
use crate::shared::{SharedData, Writing};

/// Shared data of one filter.
struct Script(u64);

#[derive(Default)]
struct Playing {
    expected: VecDeque<Exchange>,
    last: BTreeMap<u64, Last>,
    /// What was expected first that did not come, and what came.
    parting: Option<(String, String)>,
}

thread_local! {
    static PLAYING: RefCell<Playing> = RefCell::default();
}

pub(super) fn of(instance: u64) -> Rc<dyn SharedData> {
    PLAYING.with_borrow_mut(|playing| playing.last.remove(&instance));
    Rc::new(Script(instance))
}

/// Draws what was drawn.
pub(super) fn draw(bytes: &mut [u8]) -> bool {
    PLAYING.with_borrow_mut(|playing| {
        let is = |next: &Exchange| match next {
            Exchange::Draw(Some(Value(drawn))) => drawn.len() == bytes.len(),
            Exchange::Draw(None) => true,
            _ => false,
        };
        let wanted = bytes.len();
        match playing.next(is, || format!("a drawing of {wanted} bytes")) {
            Some(Exchange::Draw(Some(Value(drawn)))) => {
                bytes.copy_from_slice(&drawn);
                true
            }
            _ => false,
        }
    })
}

/// What the next step does.
pub(super) fn expect(exchanges: Vec<Exchange>) {
    PLAYING.with_borrow_mut(|playing| {
        playing.expected = exchanges.into();
        playing.parting = None;
    });
}

/// Where the step did something else.
pub(super) fn parting() -> Option<(String, String)> {
    PLAYING.with_borrow_mut(|playing| {
        let nothing = || "nothing of that kind".to_owned();
        let left = playing.expected.pop_front();
        let left = left.map(|left| (format!("{left:?}"), nothing()));
        playing.parting.take().or(left)
    })
}

impl Playing {
    /// The next exchange, if it is this one.
    fn next(
        &mut self,
        is: impl Fn(&Exchange) -> bool,
        found: impl Fn() -> String,
    ) -> Option<Exchange> {
        if self.parting.is_some() {
            return None;
        }
        let next = self.expected.pop_front();
        if next.as_ref().is_some_and(is) {
            return next;
        }
        self.parting = Some((format!("{next:?}"), found()));
        None
    }
}

impl SharedData for Script {
    fn read(&self, key: &str) -> (Zeroizing<Vec<u8>>, Option<Writing>) {
        let key = Key::new(key);
        PLAYING.with_borrow_mut(|playing| {
            let is = |next: &Exchange| match next {
                Exchange::Read(expected, ..) | Exchange::Same(expected) => *expected == key,
                _ => false,
            };
            let came = playing.next(is, || format!("a reading of {key:?}"));
            let last = playing.last.entry(self.0).or_default();
            if let Some(Exchange::Read(_, Value(value), writing)) = came {
                last.insert(key.clone(), (value, writing.map(Writing)));
            }
            let (value, writing) = last.get(&key).cloned().unwrap_or_default();
            (Zeroizing::new(value), writing)
        })
    }

    fn replace(&self, key: &str, value: &[u8], seen: Option<Writing>) -> bool {
        let (key, value) = (Key::new(key), Value(value.to_vec()));
        let seen = seen.map(|writing| writing.0);
        let both =
            [true, false].map(|done| Exchange::Replace(key.clone(), value.clone(), seen, done));
        let [done, _] = &both;
        PLAYING.with_borrow_mut(|playing| {
            let next = playing.next(|next| both.contains(next), || format!("{done:?}"));
            next.as_ref() == Some(done)
        })
    }

    fn reader(&self) -> ReadBucket {
        |key| {
            let key = Key::new(key);
            PLAYING.with_borrow_mut(|playing| {
                let is = |next: &Exchange| matches!(next, Exchange::Bucket(expected, _) if *expected == key);
                match playing.next(is, || format!("a reading of {key:?}")) {
                    Some(Exchange::Bucket(_, found)) => found.map(|Value(value)| value),
                    _ => None,
                }
            })
        }
    }

    fn write(&self, key: &str, value: &[u8]) {
        let write = Exchange::Write(Key::new(key), Value(value.to_vec()));
        PLAYING.with_borrow_mut(|playing| {
            playing.next(|next| *next == write, || format!("{write:?}"));
        });
    }
}
