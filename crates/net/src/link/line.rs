//! One HTTP/2 connection and the count of its streams.
//!
//! hyper would queue a stream beyond the peer's limit behind long ones; so the streams are counted here, and the limit
//! is read off the connection at each choice. Until the peer's SETTINGS arrive the connection carries one stream only.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{MAX_HEAD, Open};
use crate::connect::Io;
use crate::message::OutBody;
use crate::pool::Place;

pub(crate) type Http2Sender = http2::SendRequest<OutBody>;
type Connection = http2::Connection<TokioIo<Io>, OutBody, Tasks>;

/// Streams per connection at most, whatever the peer allows: what most servers grant, and it bounds what one lost
/// connection takes with it.
pub(crate) const MAX_STREAMS: usize = 100;
/// Stands for "no SETTINGS yet". The wire's limit has 32 bits and "no limit" is `usize::MAX`, so no peer can say this.
const UNSETTLED: usize = usize::MAX - 1;
/// Unread bytes per stream; the connection has room for all its streams, so that slow readers cannot stall the others.
const WINDOW: u32 = 512 * 1024;
/// A connection with open streams that has been silent this long is asked for a sign of life, and given up after
/// [`PING_TIMEOUT`] without one.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// A request given up after less than this says nothing about its connection.
const TELLING_SILENCE: Duration = Duration::from_secs(1);
/// How long others count on a new connection whose SETTINGS have not come.
pub(crate) const SETTLING: Duration = Duration::from_secs(2);

/// A live HTTP/2 connection.
pub(crate) struct Line {
    sender: Http2Sender,
    /// Shared with the task that drives it; `None` once it ended. Only ever try-locked here.
    connection: Arc<Mutex<Option<Connection>>>,
    tasks: Tasks,
    limit: AtomicUsize,
    in_flight: AtomicUsize,
    /// Signs of life so far: response heads and body frames.
    heard: AtomicU64,
    /// 1 + `heard` when a request was given up in silence. While they match, no new stream goes here.
    silent_at: AtomicU64,
    retired: AtomicBool,
    opened: Instant,
    idle_since: Mutex<Instant>,
}

impl Line {
    /// Starts HTTP/2 on a byte stream. `place` is told about everything that may free its waiters.
    pub(crate) async fn start(io: Io, open: Open, place: &Arc<Place>) -> hyper::Result<Self> {
        let tasks = Tasks { place: Arc::downgrade(place), settled: Arc::default() };
        let (sender, connection) = http2::Builder::new(tasks.clone())
            .timer(TokioTimer::new())
            .initial_max_send_streams(UNSETTLED)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * MAX_STREAMS as u32)
            .max_header_list_size(MAX_HEAD as u32)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(TokioIo::new(io))
            .await?;
        let connection = Arc::new(Mutex::new(Some(connection)));
        tokio::spawn(drive(Arc::clone(&connection), tasks.clone(), open));
        let now = Instant::now();
        Ok(Self {
            sender,
            connection,
            tasks,
            limit: AtomicUsize::new(1),
            in_flight: AtomicUsize::new(0),
            heard: AtomicU64::new(0),
            silent_at: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            opened: now,
            idle_since: Mutex::new(now),
        })
    }

    /// Whether new streams may still go here.
    pub(crate) fn alive(&self) -> bool {
        !self.sender.is_closed() && !self.retired.load(Ordering::Relaxed)
    }

    /// Whether it is new and its limit still unknown, so that waiting for it is worth while.
    pub(crate) fn settling(&self) -> bool {
        !self.tasks.settled.load(Ordering::Relaxed) && !self.silent() && self.opened.elapsed() < SETTLING
    }

    /// Streams it may carry now. The last known value while the connection is being driven.
    pub(crate) fn limit(&self) -> usize {
        if let Some(guard) = self.connection.try_lock()
            && let Some(connection) = guard.as_ref()
        {
            let limit = connection.current_max_send_streams();
            if limit != UNSETTLED {
                self.limit.store(limit.min(MAX_STREAMS), Ordering::Relaxed);
                if !self.tasks.settled.swap(true, Ordering::Relaxed) {
                    // The tasks stop waking at this; those that wait have not seen it yet.
                    self.tasks.wake();
                }
            }
        }
        self.limit.load(Ordering::Relaxed)
    }

    /// Whether a stream more may be opened. Asked and taken under the place's lock.
    pub(crate) fn has_room(&self) -> bool {
        self.alive() && !self.silent() && self.in_flight.load(Ordering::Relaxed) < self.limit()
    }

    /// Takes a stream.
    pub(crate) fn slot(self: &Arc<Self>, place: &Arc<Place>) -> Slot {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Slot { line: Arc::clone(self), place: Arc::clone(place) }
    }

    /// Whether it carries no stream.
    pub(crate) fn idle(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) == 0
    }

    /// Whether it has carried no stream for `timeout`.
    pub(crate) fn expired(&self, now: Instant, timeout: Duration) -> bool {
        self.idle() && now.saturating_duration_since(*self.idle_since.lock()) >= timeout
    }

    fn silent(&self) -> bool {
        self.silent_at.load(Ordering::Relaxed) == self.heard.load(Ordering::Relaxed) + 1
    }
}

/// The right to one stream; dropping it frees the place of the stream.
pub(crate) struct Slot {
    line: Arc<Line>,
    place: Arc<Place>,
}

impl Slot {
    pub(crate) fn sender(&self) -> Http2Sender {
        self.line.sender.clone()
    }

    /// Notes a sign of life.
    pub(crate) fn heard(&self) {
        self.line.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// No new streams on this connection; those under way go on.
    pub(crate) fn retire(&self) {
        self.line.retired.store(true, Ordering::Relaxed);
    }

    /// Watches a request until its response head. Dropped unanswered after a telling silence, it keeps new requests off
    /// the connection until that shows a sign of life: a dead path must not swallow one request after the other.
    pub(crate) fn watch(&self) -> Watch {
        let heard = self.line.heard.load(Ordering::Relaxed);
        Watch { line: Arc::clone(&self.line), heard, since: Instant::now() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.line.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            *self.line.idle_since.lock() = Instant::now();
        }
        self.place.wake();
    }
}

/// See [`Slot::watch`].
pub(crate) struct Watch {
    line: Arc<Line>,
    heard: u64,
    since: Instant,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.line.heard.load(Ordering::Relaxed) == self.heard && self.since.elapsed() >= TELLING_SILENCE {
            self.line.silent_at.store(self.heard + 1, Ordering::Relaxed);
        }
    }
}

/// Drives the connection; then lets go of it, which is how its sender learns that it closed.
async fn drive(connection: Arc<Mutex<Option<Connection>>>, tasks: Tasks, open: Open) {
    let _open = open;
    poll_fn(|cx| {
        let mut guard = connection.lock();
        let polled = guard.as_mut().map_or(Poll::Ready(Ok(())), |connection| Pin::new(connection).poll(cx));
        let gone = if polled.is_ready() { guard.take() } else { None };
        // Before anyone is woken: those who look find a held lock and would wait for the next change.
        drop(guard);
        drop(gone);
        if let Poll::Ready(Err(error)) = &polled {
            tracing::trace!(%error, "HTTP/2 connection ended");
        }
        tasks.pulse();
        polled.map(drop)
    })
    .await;
    tasks.wake();
}

/// Runs hyper's tasks for one connection, and wakes the place's waiters after each step until the SETTINGS are known: it
/// is one of these tasks that reads them.
#[derive(Clone)]
pub(crate) struct Tasks {
    place: Weak<Place>,
    settled: Arc<AtomicBool>,
}

impl Tasks {
    fn pulse(&self) {
        if !self.settled.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(place) = self.place.upgrade() {
            place.wake();
        }
    }
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let tasks = self.clone();
        tokio::spawn(async move {
            let mut task = pin!(task);
            poll_fn(|cx| {
                let polled = task.as_mut().poll(cx);
                tasks.pulse();
                polled
            })
            .await;
        });
    }
}
