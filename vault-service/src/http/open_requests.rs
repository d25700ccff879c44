//! The requests that a connection has open, and for how long it has none.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::watch;

/// The requests of one connection.
#[derive(Clone, Default)]
pub(super) struct OpenRequests(watch::Sender<usize>);

/// A request until its answer has ended.
pub(super) struct OpenRequest(watch::Sender<usize>);

impl OpenRequests {
    /// One more.
    pub(super) fn enter(&self) -> OpenRequest {
        self.0.send_modify(|open| *open += 1);
        OpenRequest(self.0.clone())
    }

    /// Returns when none has been open for so long.
    pub(super) async fn none_for(&self, limit: Duration) {
        let mut open = self.0.subscribe();
        // The sender is ours: there is always one.
        while open.wait_for(|open| *open == 0).await.is_ok()
            && tokio::time::timeout(limit, open.changed()).await.is_ok()
        {}
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

/// The answer to a request, which is open until the answer's last byte.
pub(super) async fn held<E>(
    request: Option<OpenRequest>,
    answer: impl Future<Output = Result<Response<Body>, E>>,
) -> Result<Response<Body>, E> {
    let answer = answer.await?;
    Ok(match request {
        None => answer,
        Some(_request) => answer.map(|body| Body::new(Held { body, _request })),
    })
}

struct Held {
    body: Body,
    _request: OpenRequest,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn the_time_without_a_request_counts_from_the_end_of_the_last_answer() {
        let requests = OpenRequests::default();
        let started = Instant::now();
        let quiet = tokio::spawn({
            let requests = requests.clone();
            async move {
                requests.none_for(LIMIT).await;
                started.elapsed()
            }
        });
        tokio::time::sleep(LIMIT / 2).await;
        let answer = async { Ok::<_, ()>(Response::new(Body::from("answer"))) };
        let answer = held(Some(requests.enter()), answer).await.unwrap();
        tokio::time::sleep(LIMIT * 3).await;
        assert!(!quiet.is_finished());
        assert_eq!(answer.body().size_hint().exact(), Some(6));
        let read = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(read, Bytes::from("answer"));
        assert_eq!(quiet.await.unwrap(), LIMIT / 2 + LIMIT * 3 + LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_that_ends_leaves_others_open() {
        let requests = OpenRequests::default();
        let (first, second) = (requests.enter(), requests.enter());
        drop(first);
        let quiet = tokio::time::timeout(LIMIT * 2, requests.none_for(LIMIT));
        assert!(quiet.await.is_err());
        drop(second);
        requests.none_for(LIMIT).await;
    }
}
