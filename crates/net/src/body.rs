//! A reply's body: passes frames on as they arrive, and gives the connection back when the last one was read.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::error::ReplyError;
use crate::http1::Download;
use crate::link::Slot;
use crate::pool::Place;

/// The body of a [`Reply`](crate::Reply). Read to its end, it frees the connection for the next request; dropped before,
/// it cancels the call.
pub struct ReplyBody {
    from: Source,
}

/// Where the content comes from, and what is kept alive until it ends.
enum Source {
    /// An HTTP/1.1 connection, busy with this body; with the place it goes back to, if it is a pooled one.
    Http1 { download: Box<Download>, place: Option<Arc<Place>> },
    /// A stream on an HTTP/2 connection.
    Http2 { body: Incoming, slot: Slot },
    /// Nowhere any more.
    Ended,
}

impl ReplyBody {
    pub(crate) fn http1(download: Download, place: Option<Arc<Place>>) -> Self {
        let mut body = Self { from: Source::Http1 { download: Box::new(download), place } };
        body.finish_if_ended();
        body
    }

    pub(crate) fn http2(body: Incoming, slot: Slot) -> Self {
        let mut body = Self { from: Source::Http2 { body, slot } };
        body.finish_if_ended();
        body
    }

    /// No content.
    pub(crate) fn none() -> Self {
        Self { from: Source::Ended }
    }

    fn finish_if_ended(&mut self) {
        let ended = match &self.from {
            Source::Http1 { download, .. } => download.ended(),
            Source::Http2 { body, .. } => body.is_end_stream(),
            Source::Ended => false,
        };
        if ended {
            self.finish();
        }
    }

    /// The whole body was read.
    fn finish(&mut self) {
        match std::mem::replace(&mut self.from, Source::Ended) {
            Source::Http1 { download, place: Some(place) } => {
                if let Some(connection) = download.into_connection() {
                    place.give_back(connection);
                }
            }
            Source::Http2 { slot, .. } => slot.heard(),
            Source::Http1 { place: None, .. } | Source::Ended => {}
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = ReplyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        let this = self.get_mut();
        let next = match &mut this.from {
            Source::Http1 { download, .. } => ready!(download.poll_content(cx)).map(|content| content.map(Frame::data)),
            Source::Http2 { body, slot } => {
                let next = ready!(Pin::new(&mut *body).poll_frame(cx));
                // at the end `finish` notes it; an error is no sign of life
                if matches!(&next, Some(Ok(_))) && !body.is_end_stream() {
                    slot.heard();
                }
                next.map(|frame| frame.map_err(|error| ReplyError::from_hyper(&error)))
            }
            Source::Ended => None,
        };
        match &next {
            Some(Ok(_)) => this.finish_if_ended(),
            Some(Err(_)) => this.from = Source::Ended,
            None => this.finish(),
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            Source::Http1 { download, .. } => download.ended(),
            Source::Http2 { body, .. } => body.is_end_stream(),
            Source::Ended => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            Source::Http1 { download, .. } => download.left().map_or_else(SizeHint::default, SizeHint::with_exact),
            Source::Http2 { body, .. } => body.size_hint(),
            Source::Ended => SizeHint::with_exact(0),
        }
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").field("ended", &matches!(self.from, Source::Ended)).finish_non_exhaustive()
    }
}
