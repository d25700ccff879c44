//! Something about some streams, by their number. New streams have the highest numbers, so that most are put
//! in at the end; a tree of the standard library is six kilobytes of WebAssembly for each type in it.

use crate::event::StreamId;

/// What is known, in the order of the streams.
#[derive(Debug)]
pub struct Streams<T>(Vec<(StreamId, T)>);

impl<T> Default for Streams<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Streams<T> {
    /// What is known of a stream.
    pub fn get(&self, stream: StreamId) -> Option<&T> {
        let place = self.place(stream).ok()?;
        self.0.get(place).map(|(_, known)| known)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, stream: StreamId) -> Option<&mut T> {
        let place = self.place(stream).ok()?;
        self.0.get_mut(place).map(|(_, known)| known)
    }

    /// Takes the place of what was known of a stream.
    pub fn set(&mut self, stream: StreamId, known: T) {
        match self.place(stream) {
            Ok(place) => {
                if let Some(there) = self.0.get_mut(place) {
                    there.1 = known;
                }
            }
            Err(place) => self.0.insert(place, (stream, known)),
        }
    }

    /// Forgets a stream.
    pub fn remove(&mut self, stream: StreamId) -> Option<T> {
        let place = self.place(stream).ok()?;
        Some(self.0.remove(place).1)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &(StreamId, T)> {
        self.0.iter()
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    fn place(&self, stream: StreamId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&stream, |(known, _)| *known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_found_replaced_and_forgotten_in_any_order() {
        let mut streams = Streams::default();
        for number in [3, 1, 2, 1] {
            streams.set(StreamId(number), number * 10);
        }
        let all: Vec<_> = streams.iter().map(|(stream, _)| stream.0).collect();
        assert_eq!((all, streams.count()), (vec![1, 2, 3], 3));
        assert_eq!(streams.get(StreamId(2)), Some(&20));
        assert_eq!(streams.remove(StreamId(2)), Some(20));
        assert_eq!(streams.remove(StreamId(2)), None);
        assert_eq!(streams.get(StreamId(2)), None);
    }
}
