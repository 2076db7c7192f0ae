//! The committed answer on its way to the client. First byte out was the commit: nothing here retries.
//!
//! A cut or a stall ends with the dialect's own error event (or an aborted connection where there are no events),
//! never with a fake end.

mod events;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use claviger_pool::End as PoolEnd;
use claviger_providers::{Failure, Provider};
use claviger_telemetry::End;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use self::events::EventRelay;
use crate::drive::unpack::Source;
use crate::exchange::Exchange;

/// A response body of ours.
pub(crate) enum Body {
    /// All of it.
    Whole(Option<Bytes>),
    /// Bytes as they come.
    Raw(Box<RawRelay>),
    /// Events as they come.
    Events(Box<EventRelay>),
}

pub(crate) use self::events::{Terms, relay_events};

/// The upstream broke off a body that has no way to say so: the connection is aborted.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the upstream broke off the answer")
    }
}

impl std::error::Error for Interrupted {}

impl Body {
    pub(crate) const fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b)))),
            Self::Raw(relay) => relay.poll(cx).map(|next| next.map(|bytes| bytes.map(Frame::data))),
            Self::Events(relay) => relay.poll(cx).map(|next| next.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Raw(_) | Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Raw(_) | Self::Events(_) => SizeHint::default(),
        }
    }
}

/// A body without structure that we know.
pub(crate) struct RawRelay {
    first: Bytes,
    source: Source,
    idle: Idle,
    exchange: Box<Exchange>,
    provider: usize,
    over: bool,
}

impl RawRelay {
    pub(crate) fn new(first: Bytes, source: Source, exchange: Box<Exchange>, provider: usize, idle: Idle) -> Self {
        Self { first, source, idle, exchange, provider, over: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Interrupted>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(self.deliver(first))));
        }
        match self.source.poll_chunk(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                self.idle.heard();
                Poll::Ready(Some(Ok(self.deliver(chunk))))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(self.broken(&Failure::Cut))),
            Poll::Pending => {
                if self.source.was_heard() {
                    self.idle.heard();
                }
                match self.idle.poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(self.broken(&Failure::Idle))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn deliver(&mut self, bytes: Bytes) -> Bytes {
        self.exchange.sent(bytes.len());
        // the server may not ask again once it has the announced length
        if self.source.is_over() {
            self.finish();
        }
        bytes
    }

    fn finish(&mut self) {
        self.over = true;
        self.exchange.end(PoolEnd::Good, End::Complete);
    }

    /// What is translated has a way to say it, even without events.
    fn broken(&mut self, failure: &Failure<'_>) -> Result<Bytes, Interrupted> {
        self.over = true;
        let verdict = provider(&self.exchange, self.provider).classify(failure);
        let words = self.source.translator().map(|translator| translator.fail(INTERRUPTED, broken_off(failure)));
        let words = words.filter(|words| !words.is_empty());
        self.exchange.sent(words.as_ref().map_or(0, Bytes::len));
        self.exchange.end(PoolEnd::Said(verdict), End::Cut);
        words.ok_or(Interrupted)
    }
}

/// The code of an error in mid-stream.
const INTERRUPTED: &str = "stream_interrupted";

/// A sentence for the caller.
const fn broken_off(failure: &Failure<'_>) -> &'static str {
    match failure {
        Failure::Idle => "the provider stopped in the middle of the answer",
        Failure::Garbled => "the provider's stream cannot be read any further",
        Failure::Cut
        | Failure::Reset
        | Failure::Connect
        | Failure::Timeout
        | Failure::Status { .. }
        | Failure::Embedded { .. } => "the provider broke off in the middle of the answer",
    }
}

fn provider(exchange: &Exchange, index: usize) -> &Provider {
    &exchange.live.plan.providers[index].provider
}

/// Longer than any silence, and so short that a moment after it can be told.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The longest silence between two chunks.
pub(crate) struct Idle {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the present silence began, if somebody has noticed it.
    since: Option<Instant>,
}

impl Idle {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit: limit.min(LONGEST), timer: None, since: None }
    }

    /// Something came: the next silence starts anew.
    pub(crate) const fn heard(&mut self) {
        self.since = None;
    }

    /// Ready when the silence has lasted too long. The timer of an earlier silence is left running and set anew when
    /// it goes off: streams that are never silent for long do not touch it.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let end = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= end {
                return Poll::Ready(());
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}
