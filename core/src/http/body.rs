//! The bodies of requests and answers, with what the listener has to know about them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Sleep, sleep};

use super::{Failure, Observer, Refusal, activity::Activity, record::Record};

/// Why the rest of a request body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum BodyFault {
    #[error("the request body is above the limit of {0} bytes")]
    TooLarge(u64),
    #[error("the request body stopped coming")]
    Stalled,
    #[error("the request body broke off")]
    Broken,
}

impl BodyFault {
    /// The answer to the request.
    pub(super) fn failure(self) -> Failure {
        let (status, remedy) = match self {
            Self::TooLarge(_) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "send less, or raise the body limit in the configuration",
            ),
            Self::Stalled => (
                StatusCode::REQUEST_TIMEOUT,
                "send the whole body without a long pause",
            ),
            Self::Broken => (StatusCode::BAD_REQUEST, "send the whole body, well framed"),
        };
        Failure::new(status, self.to_string(), remedy)
    }

    /// The refusal to count; a client that breaks off is not refused.
    fn refusal(self) -> Option<Refusal> {
        match self {
            Self::TooLarge(_) => Some(Refusal::BodySize),
            Self::Stalled => Some(Refusal::BodyTime),
            Self::Broken => None,
        }
    }
}

/// A request body that ends with an error at its limit, or when the client stops sending.
pub(super) struct RequestBody {
    body: Incoming,
    limit: u64,
    left: u64,
    stall_time: Duration,
    /// Runs while the client owes the next piece.
    patience: Option<Pin<Box<Sleep>>>,
    record: Record,
    observer: Arc<dyn Observer>,
}

impl RequestBody {
    pub(super) fn new(
        body: Incoming,
        limit: u64,
        stall_time: Duration,
        record: Record,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            body,
            limit,
            left: limit,
            stall_time,
            patience: None,
            record,
            observer,
        }
    }

    fn fail(&self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.record.body_failed(fault);
        if let Some(reason) = fault.refusal() {
            self.observer.refused(reason);
        }
        Poll::Ready(Some(Err(fault)))
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stall_time = self.stall_time;
        self.patience
            .get_or_insert_with(|| Box::pin(sleep(stall_time)))
            .as_mut()
            .poll(cx)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else {
            return match self.poll_patience(cx) {
                Poll::Ready(()) => self.fail(BodyFault::Stalled),
                Poll::Pending => Poll::Pending,
            };
        };
        self.patience = None;
        let frame = match next {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return self.fail(BodyFault::Broken),
            None => return Poll::Ready(None),
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(size) {
            Some(left) => self.left = left,
            None => return self.fail(BodyFault::TooLarge(self.limit)),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A request in flight, from its head to the end of its answer's body. Whatever way it ends,
/// dropping this says so.
pub(super) struct Flight {
    number: u64,
    activity: Arc<Activity>,
    observer: Arc<dyn Observer>,
}

impl Flight {
    pub(super) fn new(
        activity: Arc<Activity>,
        observer: Arc<dyn Observer>,
        multiplexed: bool,
    ) -> Self {
        observer.began();
        Self {
            number: activity.began(multiplexed),
            activity,
            observer,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.activity.ended(self.number);
        self.observer.ended();
    }
}

/// The body of an answer, which reports when its reader falls behind and when it is over.
pub(super) struct AnswerBody<B> {
    /// Nothing where the answer has no body, as that to HEAD.
    body: Option<B>,
    flight: Flight,
}

impl<B> AnswerBody<B> {
    pub(super) fn new(body: Option<B>, flight: Flight) -> Self {
        Self { body, flight }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for AnswerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.flight.activity.asked(self.flight.number);
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let next = Pin::new(body).poll_frame(cx);
        if matches!(next, Poll::Ready(Some(Ok(_)))) {
            self.flight.activity.gave(self.flight.number);
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
