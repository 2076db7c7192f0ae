//! Puts a request on the wire: the head, and the body as it comes, each with as few writes as the socket allows.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header;
use http::{HeaderMap, Method};
use http_body::Body;
use tokio::io::AsyncWrite;

use crate::connect::Io;
use crate::message::OutBody;
use crate::prepare::{Payload, Prepared};

/// Bodies up to this many bytes are copied behind their head: a plain write is cheaper than a gathering one.
const JOINED: usize = 4096;

/// Content of a TLS record at most (RFC 8446, section 5.1), bytes.
const TLS_RECORD: usize = 1 << 14;

/// A request on its way out.
pub(super) struct Upload {
    payload: Payload,
    framing: Framing,
    /// To be written, in this order: head or chunk size, content, and what ends the chunk.
    pieces: [Bytes; 3],
    progress: Progress,
    /// Whether the socket has taken a byte of it.
    touched: bool,
}

/// How the peer learns where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// There may be more of the body.
    Body,
    /// The last pieces are set out.
    Last,
    /// Nothing is left to do.
    Done,
    /// The rest is not sent.
    Stopped,
}

/// Why the rest of a request is not sent.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The peer takes no more. It may have answered all the same.
    Peer,
    /// The body failed, or is not as long as its head says.
    Body,
}

impl Upload {
    pub(super) fn new(prepared: &Prepared<'_>, payload: Payload) -> Self {
        let exact = payload.body.size_hint().exact();
        let (framing, length) = match exact.or_else(|| given_length(&payload.headers)) {
            // A request of this kind without content says so (RFC 9110, section 8.6).
            Some(0) if !matches!(prepared.method, Method::POST | Method::PUT | Method::PATCH) => {
                (Framing::Length(0), None)
            }
            Some(length) => (Framing::Length(length), Some(length)),
            None => (Framing::Chunked, None),
        };
        let room = match &payload.body {
            OutBody::Whole(whole) if whole.len() <= JOINED => whole.len(),
            OutBody::Whole(_) | OutBody::Stream(_) => 0,
        };
        let mut head = head(prepared, &payload.headers, room);
        match (framing, length) {
            (Framing::Chunked, _) => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            (Framing::Length(_), Some(length)) => {
                head.extend_from_slice(b"content-length: ");
                head.extend_from_slice(length.to_string().as_bytes());
                head.extend_from_slice(b"\r\n");
            }
            (Framing::Length(_), None) => {}
        }
        head.extend_from_slice(b"\r\n");
        let (content, progress) = match &payload.body {
            OutBody::Whole(whole) if whole.len() <= JOINED => {
                head.extend_from_slice(whole);
                (Bytes::new(), Progress::Last)
            }
            OutBody::Whole(whole) => (whole.clone(), Progress::Last),
            OutBody::Stream(_) => (Bytes::new(), Progress::Body),
        };
        Self { payload, framing, pieces: [head.into(), content, Bytes::new()], progress, touched: false }
    }

    /// Whether the peer may have seen any of it.
    pub(super) fn touched(&self) -> bool {
        self.touched
    }

    pub(super) fn done(&self) -> bool {
        self.progress == Progress::Done
    }

    /// The request as it came, for another connection.
    pub(super) fn back(self) -> Option<Payload> {
        if self.touched { None } else { Some(self.payload) }
    }

    /// Writes what can be written now; ready when all is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<Result<(), Stopped>> {
        let sent = ready!(self.poll_all(cx, io));
        if sent.is_err() {
            self.progress = Progress::Stopped;
        }
        Poll::Ready(sent)
    }

    fn poll_all(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<Result<(), Stopped>> {
        loop {
            match self.progress {
                Progress::Done => return Poll::Ready(Ok(())),
                Progress::Stopped => return Poll::Ready(Err(Stopped::Peer)),
                Progress::Body | Progress::Last => {}
            }
            ready!(self.poll_pieces(cx, io)).map_err(|_| Stopped::Peer)?;
            let content = match self.progress {
                Progress::Body => self.poll_content(cx)?,
                Progress::Last | Progress::Done | Progress::Stopped => Poll::Pending,
            };
            if content.is_pending() {
                // What TLS still holds goes out at the end, and whenever the body pauses.
                ready!(Pin::new(&mut *io).poll_flush(cx)).map_err(|_| Stopped::Peer)?;
                if self.progress == Progress::Body {
                    return Poll::Pending;
                }
                self.progress = Progress::Done;
            }
        }
    }

    fn poll_pieces(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<()>> {
        while self.pieces.iter().any(|piece| !piece.is_empty()) {
            let offered: usize = self.pieces.iter().map(Bytes::len).sum();
            let written = ready!(match &self.pieces {
                [only, second, third] if second.is_empty() && third.is_empty() =>
                    Pin::new(&mut *io).poll_write(cx, only),
                pieces => {
                    let slices = pieces.each_ref().map(|piece| IoSlice::new(piece));
                    Pin::new(&mut *io).poll_write_vectored(cx, &slices)
                }
            });
            // TLS that fails does not say which of its records the peer has; of one alone it has no use for a part.
            self.touched |= written.is_ok() || matches!(io, Io::Tls(_)) && offered > TLS_RECORD;
            let mut written = written?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            for piece in &mut self.pieces {
                let of_this = written.min(piece.len());
                piece.advance(of_this);
                written -= of_this;
            }
        }
        self.pieces = Default::default();
        Poll::Ready(Ok(()))
    }

    /// Sets out the next content of a body that streams, or its end.
    fn poll_content(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Stopped>> {
        let content = match ready!(Pin::new(&mut self.payload.body).poll_frame(cx)) {
            Some(Err(_)) => return Poll::Ready(Err(Stopped::Body)),
            // Trailers are not relayed.
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            None => return Poll::Ready(self.end()),
        };
        if content.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.pieces = match &mut self.framing {
            Framing::Length(left) => match left.checked_sub(content.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    [Bytes::new(), content, Bytes::new()]
                }
                None => return Poll::Ready(Err(Stopped::Body)),
            },
            Framing::Chunked => [format!("{:x}\r\n", content.len()).into(), content, Bytes::from_static(b"\r\n")],
        };
        Poll::Ready(Ok(()))
    }

    fn end(&mut self) -> Result<(), Stopped> {
        match self.framing {
            Framing::Length(0) => {}
            Framing::Length(_) => return Err(Stopped::Body),
            Framing::Chunked => self.pieces[2] = Bytes::from_static(b"0\r\n\r\n"),
        }
        self.progress = Progress::Last;
        Ok(())
    }
}

/// Request line and header lines, without those that frame the body and without the empty line. There is `room` behind them.
fn head(prepared: &Prepared<'_>, headers: &HeaderMap, room: usize) -> Vec<u8> {
    let lines: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let start = prepared.path.as_str().len() + prepared.authority.len() + 96;
    let mut head = Vec::with_capacity(start + lines + room);
    for part in
        [prepared.method.as_str(), " ", prepared.path.as_str(), " HTTP/1.1\r\nhost: ", prepared.authority, "\r\n"]
    {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers {
        if *name == header::CONTENT_LENGTH {
            continue;
        }
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head
}

/// What the caller says of a body whose length nobody else knows.
fn given_length(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
