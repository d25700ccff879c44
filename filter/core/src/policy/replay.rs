//! Signatures that were seen: each holds once in a process, whichever of its workers sees it.
//!
//! Digests are kept in the host's shared data in as many lists as a byte has values. A list that is full
//! of signatures that could still be presented takes no more: who floods it is refused, not believed.

use sallyport_message::{BodyDigest, UnixTime};

use crate::shared::SharedData;

/// Digest of one signature, cut: finding another one with it takes 2^96 tries.
const DIGEST: usize = 12;
/// And the moment until which it is remembered.
const RECORD: usize = DIGEST + 8;
/// Most of one list; two thousand times 256 lists in five minutes are 1,700 signatures a second.
const MAX_RECORDS: usize = 2048;
/// Others write too; who loses that often meets a flood.
const MAX_TRIES: usize = 16;

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Never,
    Before,
    /// There is no room to remember it.
    Unknown,
}

/// Remembers what makes a signature unlike others, until it could not be presented any more.
pub(crate) fn remember(
    data: &dyn SharedData,
    unique: &[u8],
    until: UnixTime,
    now: UnixTime,
) -> Seen {
    let digest = BodyDigest::of(unique);
    let [list, rest @ ..] = digest.bytes();
    let Some(id) = rest.get(..DIGEST) else {
        return Seen::Unknown;
    };
    let key = format!("sallyport/1/seen/{list:02x}");
    for _ in 0..MAX_TRIES {
        let (value, seen) = data.read(&key);
        let mut kept = Vec::with_capacity(value.len() + RECORD);
        for record in value.chunks_exact(RECORD) {
            let (known, ends) = record.split_at(DIGEST);
            if known == id {
                return Seen::Before;
            }
            let ends = <[u8; 8]>::try_from(ends).map_or(i64::MAX, i64::from_le_bytes);
            if ends >= now.0 {
                kept.extend_from_slice(record);
            }
        }
        if kept.len() >= MAX_RECORDS * RECORD {
            return Seen::Unknown;
        }
        kept.extend_from_slice(id);
        kept.extend_from_slice(&until.0.to_le_bytes());
        if data.replace(&key, &kept, seen) {
            return Seen::Never;
        }
    }
    Seen::Unknown
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::fixtures::Shelf;

    #[test]
    fn a_signature_holds_once_until_it_could_not_be_presented_any_more() {
        let shelf = Shelf::new();
        let (now, until) = (UnixTime(1000), UnixTime(1330));
        assert_eq!(remember(&*shelf, b"one", until, now), Seen::Never);
        assert_eq!(
            remember(&*shelf, b"one", until, UnixTime(1330)),
            Seen::Before
        );
        assert_eq!(remember(&*shelf, b"two", until, now), Seen::Never);
    }

    #[test]
    fn one_of_two_workers_that_see_the_same_signature_at_once_loses() {
        for calls in 0..3 {
            let shelf = Shelf::new();
            let (now, until) = (UnixTime(1000), UnixTime(1330));
            let other = std::rc::Rc::clone(&shelf);
            shelf.interrupt(calls, move || {
                remember(&*other, b"one", until, now);
            });
            let first = remember(&*shelf, b"one", until, now);
            let second = remember(&*shelf, b"one", until, now);
            assert_eq!(second, Seen::Before);
            if shelf.was_interrupted() && calls < 2 {
                assert_eq!(first, Seen::Before, "{calls}");
            }
        }
    }

    #[test]
    fn lists_stay_bounded_and_a_full_one_believes_nobody() {
        let shelf = Shelf::new();
        let (now, until) = (UnixTime(1000), UnixTime(1330));
        let full = vec![7; MAX_RECORDS * RECORD];
        for list in 0..=255_u8 {
            shelf.write(&format!("sallyport/1/seen/{list:02x}"), &full);
        }
        assert_eq!(remember(&*shelf, b"one", until, now), Seen::Unknown);
    }
}
