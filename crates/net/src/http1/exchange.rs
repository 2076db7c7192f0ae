//! One request and its reply on one connection.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;

use super::connection::{Connection, Upgraded};
use super::decode::Decoder;
use super::request::{Stopped, Upload};
use super::response::{Head, Rest};
use crate::error::{ReplyError, SendError};
use crate::link::MAX_HEAD;
use crate::prepare::{Payload, Prepared};

/// Why there is no answer; with the request, if the peer saw nothing of it.
pub(crate) struct Failure {
    pub(crate) error: SendError,
    pub(crate) back: Option<Payload>,
}

/// What came back.
pub(crate) enum Answer {
    /// A reply, whose body is still to be read.
    Reply(Head, Download),
    /// A 101: the connection is the caller's now.
    Upgraded(Head, Upgraded),
}

/// The connection while a reply's body arrives.
pub(crate) struct Download {
    connection: Connection,
    decoder: Decoder,
    /// The rest of a request that was answered before it was whole: it still goes out.
    upload: Option<Box<Upload>>,
    /// Whether the answer holds only if the whole request goes out: who refuses it does not wait for the rest.
    whole: bool,
    reusable: bool,
}

/// Sends a request and reads up to the end of the response head. `reused`: the connection has served others.
pub(crate) async fn send(
    mut connection: Connection,
    prepared: &Prepared<'_>,
    payload: Payload,
    reused: bool,
) -> Result<Answer, Failure> {
    let mut upload = Upload::new(prepared, payload);
    let (head, rest) = match poll_fn(|cx| poll_head(cx, &mut connection, &mut upload, prepared)).await {
        Ok(read) => read,
        Err(failed) => {
            let error = match failed {
                NoHead::Closed => SendError::Closed { reused, sent: upload.touched() },
                NoHead::Malformed(reason) => SendError::Protocol { reason },
                NoHead::Body => SendError::BadRequest { reason: "the request body failed or does not fit its headers" },
            };
            let back = if matches!(error, SendError::Closed { .. }) { upload.back() } else { None };
            return Err(Failure { error, back });
        }
    };
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Answer::Upgraded(head, connection.upgraded()));
    }
    let upload = (!upload.done()).then(|| Box::new(upload));
    let whole = head.status.is_success();
    let download = Download { connection, decoder: rest.body, upload, whole, reusable: rest.reusable };
    Ok(Answer::Reply(head, download))
}

enum NoHead {
    Closed,
    Malformed(String),
    Body,
}

fn poll_head(
    cx: &mut Context<'_>,
    connection: &mut Connection,
    upload: &mut Upload,
    prepared: &Prepared<'_>,
) -> Poll<Result<(Head, Rest), NoHead>> {
    match upload.poll(cx, &mut connection.io) {
        Poll::Ready(Err(Stopped::Body)) => return Poll::Ready(Err(NoHead::Body)),
        // Who refuses a long body often answers first, and closes then: look for the answer.
        Poll::Ready(Ok(()) | Err(Stopped::Peer)) | Poll::Pending => {}
    }
    // a head that comes in many pieces is not read again for each of them
    let mut parse = !connection.ahead.is_empty();
    loop {
        if parse && let Some(read) = Head::take(&mut connection.ahead, &prepared.method).map_err(NoHead::Malformed)? {
            if !read.0.interim() {
                // Said before it was asked anything: about the connection, such as that it was idle for too long.
                return Poll::Ready(if upload.touched() { Ok(read) } else { Err(NoHead::Closed) });
            }
            continue;
        }
        match ready!(connection.poll_fill(cx)) {
            Ok(0) | Err(_) => return Poll::Ready(Err(NoHead::Closed)),
            Ok(count) => {
                parse = connection.ahead.len() > MAX_HEAD
                    || connection.ahead[connection.ahead.len() - count..].contains(&b'\n')
            }
        }
    }
}

impl Download {
    /// The next content; `None` at the end. After an error the connection is of no use.
    pub(crate) fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ReplyError>>> {
        let sent = match &mut self.upload {
            Some(upload) => upload.poll(cx, &mut self.connection.io),
            None => Poll::Ready(Ok(())),
        };
        match sent {
            Poll::Ready(Ok(())) => self.upload = None,
            Poll::Ready(Err(Stopped::Body)) => return Poll::Ready(Some(Err(ReplyError::Cut))),
            Poll::Ready(Err(Stopped::Peer)) => (self.upload, self.reusable) = (None, false),
            Poll::Pending => {}
        }
        while !self.decoder.ended() {
            match ready!(self.connection.poll_content(cx, &mut self.decoder)) {
                Ok(Some(Ok(content))) if content.is_empty() => {}
                Ok(Some(Ok(content))) => return Poll::Ready(Some(Ok(content))),
                Ok(Some(Err(broken))) => {
                    return Poll::Ready(Some(Err(ReplyError::Protocol { reason: broken.0.into() })));
                }
                Ok(None) if self.decoder == Decoder::Close => return Poll::Ready(None),
                Ok(None) | Err(_) => return Poll::Ready(Some(Err(ReplyError::Cut))),
            }
        }
        if self.ended() { Poll::Ready(None) } else { Poll::Pending }
    }

    /// Whether nothing more of the body will come, and nothing of the request needs to go.
    pub(crate) fn ended(&self) -> bool {
        self.decoder.ended() && !(self.whole && self.upload.is_some())
    }

    /// Bytes of the body still to come, where its head said.
    pub(crate) fn left(&self) -> Option<u64> {
        match self.decoder {
            Decoder::Length(left) => Some(left),
            Decoder::Ended => Some(0),
            Decoder::Close | Decoder::Chunked(_) => None,
        }
    }

    /// The connection for the next request, if the body was read to its end and both sides leave it open.
    pub(crate) fn into_connection(self) -> Option<Connection> {
        let usable = self.reusable && self.ended() && self.upload.is_none() && self.connection.ahead.is_empty();
        usable.then_some(self.connection)
    }
}
