//! The connections of one endpoint.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::Link;
use crate::NetSettings;
use crate::endpoint::Speak;
use crate::error::SendError;
use crate::http1::Connection;
use crate::link::{Line, MAX_STREAMS};

/// One endpoint's connections and the requests waiting for one.
pub(crate) struct Place {
    state: Mutex<State>,
    /// Rung whenever a waiting request may find something new.
    changed: Notify,
    idle_timeout: Duration,
    max_idle: usize,
}

struct State {
    speaks: Speaks,
    /// HTTP/1.1 connections without a request, the most recently used last.
    idle: Vec<Idle>,
    lines: Vec<Arc<Line>>,
    /// Connections being opened that others may count on.
    opening: usize,
    waiting: usize,
    /// Streams a new connection is expected to carry.
    per_line: usize,
    /// Openings that failed, and how the last one did.
    failures: u64,
    failure: Option<SendError>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// What the last connection spoke.
#[derive(Clone, Copy, PartialEq)]
enum Speaks {
    Unknown,
    Http1,
    Http2,
}

/// What a request is to do next.
pub(crate) enum Step {
    /// Send on this.
    Use(Link),
    /// Open a connection; with a share in it for others, when one is given.
    Open(Option<Opening>),
    /// Wait for a change.
    Wait,
    /// The connection it waited for could not be opened.
    Fail(SendError),
}

/// One request's standing among those that wait.
pub(crate) struct Ticket {
    place: Arc<Place>,
    /// `failures` when the waiting began.
    waiting: Option<u64>,
}

impl Ticket {
    pub(crate) fn new(place: &Arc<Place>) -> Self {
        Self { place: Arc::clone(place), waiting: None }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.waiting.is_some() {
            self.place.state.lock().waiting -= 1;
        }
    }
}

impl Place {
    pub(crate) fn new(speak: Speak, settings: &NetSettings) -> Self {
        let speaks = match speak {
            Speak::Http1 => Speaks::Http1,
            Speak::Http2 => Speaks::Http2,
            Speak::Either => Speaks::Unknown,
        };
        let state = State {
            speaks,
            idle: Vec::new(),
            lines: Vec::new(),
            opening: 0,
            waiting: 0,
            per_line: MAX_STREAMS,
            failures: 0,
            failure: None,
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            idle_timeout: settings.idle_timeout,
            max_idle: settings.max_idle_per_endpoint,
        }
    }

    /// The choice. `fresh` skips idle HTTP/1.1 connections: one of them has just failed this request.
    pub(crate) fn step(self: &Arc<Self>, ticket: &mut Ticket, fresh: bool) -> Step {
        let mut state = self.state.lock();
        if !fresh && let Some(connection) = state.take_idle(Instant::now(), self.idle_timeout) {
            return Step::Use(Link::Http1 { connection, reused: true });
        }
        if state.speaks == Speaks::Http1 {
            return Step::Open(None);
        }
        state.lines.retain(|line| line.alive());
        if let Some(line) = state.lines.iter().find(|line| line.has_room()).cloned() {
            state.per_line = line.limit().max(1);
            return Step::Use(Link::Http2 { slot: line.slot(self), reused: true });
        }
        let coming = state.opening + state.lines.iter().filter(|line| line.settling()).count();
        if coming == 0
            && ticket.waiting.is_some_and(|seen| state.failures > seen)
            && let Some(failure) = &state.failure
        {
            return Step::Fail(failure.clone());
        }
        // Each connection on its way serves the request that opens it and `per_line - 1` of those waiting.
        let others = state.waiting - usize::from(ticket.waiting.is_some());
        let enough = match state.speaks {
            Speaks::Http2 => others < coming * (state.per_line - 1),
            Speaks::Unknown | Speaks::Http1 => coming > 0,
        };
        if !enough {
            state.opening += 1;
            state.waiting -= usize::from(ticket.waiting.take().is_some());
            return Step::Open(Some(Opening { place: Arc::clone(self) }));
        }
        if ticket.waiting.is_none() {
            ticket.waiting = Some(state.failures);
            state.waiting += 1;
        }
        Step::Wait
    }

    /// A future that ends at the next change after its `enable`.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Lets waiting requests look again.
    pub(crate) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Notes that a connection for ordinary requests turned out HTTP/1.1.
    pub(crate) fn speaks_http1(&self) {
        self.state.lock().speaks = Speaks::Http1;
    }

    /// Takes in a new HTTP/2 connection; its first stream is the opener's.
    pub(crate) fn add(self: &Arc<Self>, line: Line) -> Link {
        let line = Arc::new(line);
        let slot = line.slot(self);
        let mut state = self.state.lock();
        state.speaks = Speaks::Http2;
        state.lines.push(line);
        Link::Http2 { slot, reused: false }
    }

    /// Takes back an HTTP/1.1 connection whose reply was read to its end.
    pub(crate) fn give_back(&self, connection: Connection) {
        if self.max_idle == 0 {
            return;
        }
        let mut state = self.state.lock();
        if state.idle.len() >= self.max_idle {
            state.idle.remove(0);
        }
        state.idle.push(Idle { connection, since: Instant::now() });
    }

    pub(crate) fn idle(&self) -> usize {
        let mut state = self.state.lock();
        state.idle.retain_mut(|idle| !idle.connection.is_closed());
        state.idle.len() + state.lines.iter().filter(|line| line.alive() && line.idle()).count()
    }

    /// Closes what was unused for too long.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut state = self.state.lock();
        let timeout = self.idle_timeout;
        state
            .idle
            .retain_mut(|idle| now.saturating_duration_since(idle.since) < timeout && !idle.connection.is_closed());
        state.lines.retain(|line| line.alive() && !line.expired(now, timeout));
    }
}

impl State {
    /// The most recently used connection that is still open; drops closed and expired ones on the way.
    fn take_idle(&mut self, now: Instant, timeout: Duration) -> Option<Connection> {
        while let Some(Idle { mut connection, since }) = self.idle.pop() {
            if now.saturating_duration_since(since) >= timeout {
                // Those below are older still.
                self.idle.clear();
                return None;
            }
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }
}

/// A connection being opened, for the opener and for those that wait. Dropping it (done, failed or given up) wakes them.
pub(crate) struct Opening {
    place: Arc<Place>,
}

impl Opening {
    /// Lets those that wait share a failure to connect. A timeout is not shared: theirs may be longer.
    pub(crate) fn failed(self, error: &SendError) {
        let mut state = self.place.state.lock();
        state.failures += 1;
        state.failure = Some(error.clone());
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.place.state.lock().opening -= 1;
        self.place.wake();
    }
}
