//! What is left of a request body when its answer is there. Over HTTP/2 an answer that ends its stream
//! first is followed by a reset, and some clients (curl 7.88) then lose the answer. So the answer is
//! sent at once, and its stream ends when the rest was let in and thrown away, or after a while.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response, Version};
use hyper::body::{Frame, SizeHint};
use tokio::time::Sleep;
use tower::ServiceExt as _;

use super::linger::{BYTES, TIME};

/// Answers a request; an HTTP/2 stream does not end before the request does.
pub(super) async fn answered<B>(
    router: Router,
    request: Request<B>,
) -> Result<Response<Body>, Infallible>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
{
    // The end of an HTTP/1.1 connection lingers; a request without a body leaves nothing.
    if request.version() != Version::HTTP_2 || request.body().is_end_stream() {
        return router.oneshot(request).await;
    }
    let (head, body) = request.into_parts();
    let body = Shared(Arc::new(Mutex::new(body)));
    let rest = Shared(Arc::clone(&body.0));
    let answer = router.oneshot(Request::from_parts(head, body)).await?;
    // One without a body is whole with its head; a status of gRPC has to end there.
    if answer.body().is_end_stream() {
        return Ok(answer);
    }
    Ok(answer.map(|answer| {
        Body::new(Answer {
            answer: Some(answer),
            rest,
            draining: None,
        })
    }))
}

/// A request body that outlives its handler.
struct Shared<B>(Arc<Mutex<B>>);

impl<B: HttpBody + Unpin> HttpBody for Shared<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.0.lock() {
            Ok(mut body) => Pin::new(&mut *body).poll_frame(cx),
            Err(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_ok_and(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .lock()
            .map_or_else(|_| SizeHint::default(), |body| body.size_hint())
    }
}

/// An answer that ends after the request.
struct Answer<B> {
    /// Until its own end.
    answer: Option<Body>,
    rest: Shared<B>,
    draining: Option<Draining>,
}

struct Draining {
    until: Pin<Box<Sleep>>,
    bytes: usize,
}

impl<B: HttpBody<Data = Bytes> + Unpin> Answer<B> {
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let draining = self.draining.get_or_insert_with(|| Draining {
            until: Box::pin(tokio::time::sleep(TIME)),
            bytes: 0,
        });
        while draining.bytes < BYTES && draining.until.as_mut().poll(cx).is_pending() {
            match ready!(Pin::new(&mut self.rest).poll_frame(cx)) {
                Some(Ok(frame)) => draining.bytes += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => break,
            }
        }
        Poll::Ready(())
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Answer<B> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Some(answer) = &mut this.answer {
            if let Some(frame) = ready!(Pin::new(answer).poll_frame(cx)) {
                return Poll::Ready(Some(frame));
            }
            this.answer = None;
        }
        ready!(this.poll_rest(cx));
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        let answered = self.answer.as_ref().is_none_or(HttpBody::is_end_stream);
        answered && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::routing::post;
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn an_answer_without_a_body_ends_with_its_head_and_any_other_after_the_request() {
        let router = Router::new()
            .route("/nothing", post(|| async { StatusCode::NO_CONTENT }))
            .route("/text", post(|| async { "text" }));
        for (path, ends) in [("/nothing", true), ("/text", false)] {
            let endless = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
            let request = Request::post(path).version(Version::HTTP_2);
            let answer = answered(router.clone(), request.body(endless).unwrap()).await;
            assert_eq!(answer.unwrap().body().is_end_stream(), ends, "{path}");
        }
    }
}
