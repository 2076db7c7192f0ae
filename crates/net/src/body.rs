//! A reply's body: passes frames on as they arrive, and gives the connection back when the last one was read.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::error::ReplyError;
use crate::link::{Http1Sender, Slot};
use crate::pool::Place;

/// The body of a [`Reply`](crate::Reply). Read to its end, it frees the connection for the next request; dropped before,
/// it cancels the call.
pub struct ReplyBody {
    inner: Incoming,
    hold: Hold,
}

/// What the body keeps alive until it ends.
pub(crate) enum Hold {
    /// A pooled HTTP/1.1 connection, busy with this body.
    Http1 { sender: Http1Sender, place: Arc<Place> },
    /// A stream on an HTTP/2 connection.
    Http2(Slot),
    /// An HTTP/1.1 connection that goes with this reply.
    Alone { _sender: Http1Sender },
    /// Nothing any more.
    Ended,
}

impl ReplyBody {
    pub(crate) fn new(inner: Incoming, hold: Hold) -> Self {
        let mut body = Self { inner, hold };
        if body.inner.is_end_stream() {
            body.finish();
        }
        body
    }

    /// The whole body was read: an HTTP/1.1 connection is pooled even if hyper still has to notice the end; the pool
    /// hands out only those that are ready.
    fn finish(&mut self) {
        match std::mem::replace(&mut self.hold, Hold::Ended) {
            Hold::Http1 { sender, place } => place.give_back(sender),
            Hold::Http2(slot) => slot.heard(),
            Hold::Alone { .. } | Hold::Ended => {}
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = ReplyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        let this = self.get_mut();
        let next = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if this.inner.is_end_stream() {
                    this.finish();
                } else if let Hold::Http2(slot) = &this.hold {
                    slot.heard();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                this.hold = Hold::Ended;
                Some(Err(ReplyError::from_hyper(&error)))
            }
            None => {
                this.finish();
                None
            }
        };
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").field("ended", &matches!(self.hold, Hold::Ended)).finish_non_exhaustive()
    }
}
