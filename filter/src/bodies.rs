//! What is known of the bodies of requests whose messages are looked at.

use sallyport_filter_core::StreamId;

/// A request's body.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// The head says that there is none.
    None,
    /// It comes, and is held by Envoy while the request is.
    Coming,
    /// All of these bytes are there.
    Whole(usize),
}

/// By stream, in order: new streams have the highest numbers, and a search is a few steps.
#[derive(Default)]
pub(crate) struct Bodies(Vec<(StreamId, Body)>);

impl Bodies {
    pub(crate) fn get(&self, stream: StreamId) -> Option<Body> {
        let place = self.place(stream).ok()?;
        self.0.get(place).map(|(_, body)| *body)
    }

    pub(crate) fn set(&mut self, stream: StreamId, body: Body) {
        match self.place(stream) {
            Ok(place) => {
                if let Some(known) = self.0.get_mut(place) {
                    known.1 = body;
                }
            }
            Err(place) => self.0.insert(place, (stream, body)),
        }
    }

    pub(crate) fn forget(&mut self, stream: StreamId) {
        if let Ok(place) = self.place(stream) {
            self.0.remove(place);
        }
    }

    fn place(&self, stream: StreamId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&stream, |(known, _)| *known)
    }
}
