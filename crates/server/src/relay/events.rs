//! A stream of events, relayed one by one without delay.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;
use claviger_pool::{CredentialId, End as PoolEnd};
use claviger_providers::{Edited, Failure, StreamEdit};
use claviger_telemetry::End;
use claviger_types::{Dialect, Operation, Verdict};
use claviger_wire::failure::{self, FailureKind};
use claviger_wire::sse::{Event, Splitter};
use claviger_wire::stream;
use http::HeaderMap;

use super::{Body, INTERRUPTED, Idle, broken_off, provider};
use crate::drive::arrive::Events;
use crate::drive::unpack::{Broken, Source};
use crate::exchange::Exchange;
use crate::state;

/// The state of a relayed stream.
pub(crate) struct EventRelay {
    held: VecDeque<Event>,
    splitter: Splitter,
    source: Source,
    idle: Idle,
    reader: stream::Reader,
    out: Vec<Bytes>,
    edit: Option<StreamEdit>,
    hide_usage: bool,
    operation: Operation,
    dialect: Dialect,
    provider: usize,
    /// Who will hold the state that this stream makes; until its id has been seen.
    holder: Option<CredentialId>,
    /// The last event, where events are numbered.
    last: Option<Event>,
    exchange: Box<Exchange>,
    seen: Seen,
    over: bool,
}

/// What the events have said so far.
#[derive(Default)]
struct Seen {
    finished: bool,
    done: bool,
    error: Option<Verdict>,
}

/// How a stream is to be relayed.
pub(crate) struct Terms {
    pub(crate) edit: Option<StreamEdit>,
    pub(crate) hide_usage: bool,
    pub(crate) operation: Operation,
    pub(crate) dialect: Dialect,
    pub(crate) provider: usize,
    pub(crate) holder: Option<CredentialId>,
    pub(crate) idle: Idle,
}

/// Relays the rest of a stream after its first content.
pub(crate) fn relay_events(events: Events, terms: Terms, exchange: Box<Exchange>) -> Body {
    let Terms { edit, hide_usage, operation, dialect, provider, holder, idle } = terms;
    Body::Events(Box::new(EventRelay {
        held: events.held,
        splitter: events.splitter,
        source: events.source,
        idle,
        reader: stream::Reader::default(),
        out: Vec::new(),
        edit,
        hide_usage,
        operation,
        dialect,
        provider,
        holder,
        last: None,
        exchange,
        seen: Seen::default(),
        over: false,
    }))
}

impl EventRelay {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            while !self.over
                && let Some(event) = self.next_event()
            {
                self.pass(event);
            }
            if let Some(bytes) = self.take_out() {
                self.exchange.sent(bytes.len());
                return Poll::Ready(Some(bytes));
            }
            if self.over {
                return Poll::Ready(None);
            }
            match self.source.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.idle.heard();
                    if self.splitter.push(chunk).is_err() {
                        self.broken(&Failure::Garbled);
                    }
                }
                Poll::Ready(Some(Err(Broken::Cut))) => self.broken(&Failure::Cut),
                Poll::Ready(Some(Err(Broken::Garbled))) => self.broken(&Failure::Garbled),
                Poll::Ready(None) => self.end(),
                Poll::Pending => {
                    if self.source.was_heard() {
                        self.idle.heard();
                    }
                    match self.idle.poll(cx) {
                        Poll::Ready(()) => self.broken(&Failure::Idle),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }

    /// What arrived together leaves together: a write for each event would cost more than the copy.
    fn take_out(&mut self) -> Option<Bytes> {
        if self.out.len() > 1 {
            let together = self.out.concat().into();
            self.out.clear();
            return Some(together);
        }
        self.out.pop()
    }

    fn next_event(&mut self) -> Option<Event> {
        self.held.pop_front().or_else(|| self.splitter.next())
    }

    fn pass(&mut self, event: Event) {
        let reading = self.reader.read(self.operation, &event);
        if let Some(holder) = self.holder
            && state::remember_event(&self.exchange.shared, event.data().as_bytes(), holder)
        {
            self.holder = None;
        }
        if let Some(usage) = reading.usage {
            self.exchange.used(usage);
        }
        if let Some(error) = reading.error {
            let said = self.source.translator().and_then(|translator| translator.failure().cloned());
            let error = said.unwrap_or(error);
            let wall = self.exchange.shared.clock.wall();
            let (headers, body) = (HeaderMap::new(), &error[..]);
            let failure = Failure::Embedded { body, headers: &headers, wall };
            self.seen.error = Some(provider(&self.exchange, self.provider).classify(&failure));
        }
        self.seen.finished |= reading.finished;
        self.seen.done |= reading.done;
        if reading.done {
            self.flush_edit();
        }
        if reading.usage_only && self.hide_usage {
            return;
        }
        let event = self.numbered(event);
        match self.edit.as_mut().map_or(Edited::Same, |edit| edit.event(&event)) {
            Edited::Same => self.out.push(event.raw),
            Edited::Replace(bytes) => self.out.push(bytes),
            Edited::Drop => {}
        }
    }

    /// The event with the number it lacks: some providers' errors have none where all events are numbered.
    fn numbered(&mut self, event: Event) -> Event {
        if !failure::numbers_events(self.operation) {
            return event;
        }
        let told = self.seen.error.and(self.last.as_ref()).and_then(|last| failure::numbered(&event, last));
        let event = told.unwrap_or(event);
        // comments have no number
        if !event.raw.starts_with(b":") {
            self.last = Some(event.clone());
        }
        event
    }

    fn flush_edit(&mut self) {
        if let Some(bytes) = self.edit.as_mut().and_then(StreamEdit::finish) {
            self.out.push(bytes);
        }
    }

    /// The upstream ended the body properly: was it a whole answer?
    fn end(&mut self) {
        // some servers leave out the blank line after their last event
        if let Some(rest) = std::mem::take(&mut self.splitter).finish() {
            self.pass(Event::new(rest));
        }
        let complete = self.seen.done || self.seen.finished || !stream::expects_terminator(self.operation);
        if !complete && self.seen.error.is_none() {
            return self.broken(&Failure::Cut);
        }
        if !self.seen.done {
            self.flush_edit();
        }
        self.over = true;
        match self.seen.error {
            Some(verdict) => self.exchange.end(PoolEnd::Said(verdict), End::Cut),
            None => self.exchange.end(PoolEnd::Good, End::Complete),
        }
    }

    /// Finishes honestly. What came after the upstream's own end mark, or its own error, needs no other word.
    fn broken(&mut self, failure: &Failure<'_>) {
        self.over = true;
        if let Some(verdict) = self.seen.error {
            return self.exchange.end(PoolEnd::Said(verdict), End::Cut);
        }
        if self.seen.done {
            return self.exchange.end(PoolEnd::Good, End::Complete);
        }
        let verdict = provider(&self.exchange, self.provider).classify(failure);
        let message = broken_off(failure);
        let event = if let Some(translator) = self.source.translator() {
            translator.fail(INTERRUPTED, message)
        } else {
            let kind = FailureKind::Server;
            let of = failure::Failure { status: 502, code: INTERRUPTED, kind, message, param: None, attempts: &[] };
            failure::stream_event(self.dialect, self.operation, self.last.as_ref(), &of)
        };
        self.out.extend(Some(event).filter(|event| !event.is_empty()));
        self.exchange.end(PoolEnd::Said(verdict), End::Cut);
    }
}

impl Drop for EventRelay {
    /// A client that leaves after the end mark got everything.
    fn drop(&mut self) {
        if !self.over && self.seen.done && self.out.is_empty() {
            self.exchange.end(PoolEnd::Good, End::Complete);
        }
    }
}
