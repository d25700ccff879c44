//! What a step read from shared data, wrote to it, and drew by chance.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use sallyport_pki::ReadBucket;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::bytes;
use crate::policy::encryption::Random;
use crate::shared::{SharedData, Writing};

/// One reading, writing or drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Exchange {
    /// Key, value and writing.
    Read(Key, Value, Option<u32>),
    /// What came was what had come last time.
    Same(Key),
    /// Key, value, the writing that was expected, and whether it was that.
    Replace(Key, Value, Option<u32>, bool),
    Write(Key, Value),
    /// Part of a list; nothing if it is not there.
    Bucket(Key, Option<Value>),
    /// What was drawn; nothing if the host had nothing.
    Draw(Option<Value>),
}

/// Without what is the same in all keys of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key(String);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value(#[serde(with = "bytes")] pub(super) Vec<u8>);

/// What was read last.
pub(super) type Last = BTreeMap<Key, (Vec<u8>, Option<Writing>)>;

/// Shared data that is listened to.
struct Listening {
    data: Rc<dyn SharedData>,
    last: RefCell<Last>,
}

thread_local! {
    /// A reader of lists is a mere function, and so is what draws.
    static TAPE: RefCell<Vec<Exchange>> = const { RefCell::new(Vec::new()) };
    static READER: Cell<Option<ReadBucket>> = const { Cell::new(None) };
    static RANDOM: Cell<Option<Random>> = const { Cell::new(None) };
}

pub(super) fn listening(data: Rc<dyn SharedData>) -> Rc<dyn SharedData> {
    let last = RefCell::default();
    Rc::new(Listening { data, last })
}

pub(super) fn drawing(random: Random) -> Random {
    RANDOM.set(Some(random));
    |bytes| {
        let drawn = RANDOM.get().is_some_and(|draw| draw(bytes));
        record(Exchange::Draw(drawn.then(|| Value(bytes.to_vec()))));
        drawn
    }
}

/// Forgets what is on the tape.
pub(super) fn begin() {
    TAPE.with_borrow_mut(Vec::clear);
}

/// What is on the tape.
pub(super) fn end() -> Vec<Exchange> {
    TAPE.with_borrow_mut(std::mem::take)
}

fn record(exchange: Exchange) {
    TAPE.with_borrow_mut(|tape| tape.push(exchange));
}

impl Key {
    pub(super) fn new(key: &str) -> Self {
        let mut parts = key.splitn(4, '/');
        let name = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("sallyport"), Some(_), Some(digest), Some(name)) if digest.len() == 64 => name,
            _ => key,
        };
        Self(name.to_owned())
    }
}

impl SharedData for Listening {
    fn read(&self, key: &str) -> (Zeroizing<Vec<u8>>, Option<Writing>) {
        let (value, writing) = self.data.read(key);
        let key = Key::new(key);
        let now = (value.to_vec(), writing);
        let mut last = self.last.borrow_mut();
        record(match last.insert(key.clone(), now.clone()) {
            Some(before) if before == now => Exchange::Same(key),
            _ => Exchange::Read(key, Value(now.0), writing.map(|writing| writing.0)),
        });
        (value, writing)
    }

    fn replace(&self, key: &str, value: &[u8], seen: Option<Writing>) -> bool {
        let done = self.data.replace(key, value, seen);
        let seen = seen.map(|writing| writing.0);
        record(Exchange::Replace(
            Key::new(key),
            Value(value.to_vec()),
            seen,
            done,
        ));
        done
    }

    fn reader(&self) -> ReadBucket {
        READER.set(Some(self.data.reader()));
        |key| {
            let found = READER.get().and_then(|read| read(key));
            record(Exchange::Bucket(Key::new(key), found.clone().map(Value)));
            found
        }
    }

    fn write(&self, key: &str, value: &[u8]) {
        self.data.write(key, value);
        record(Exchange::Write(Key::new(key), Value(value.to_vec())));
    }
}
