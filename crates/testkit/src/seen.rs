//! What the provider was asked, and how each request ended.

use std::{collections::VecDeque, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::serve::State;

/// One request. The order is that of arrival (after the request body was read).
#[derive(Clone, Debug)]
pub struct Seen {
    /// Milliseconds since the server started.
    pub at_ms: u64,
    /// The token as sent; empty when there was none.
    pub token: String,
    /// Which request of this token it is, from 1.
    pub number: u64,
    /// The method.
    pub method: String,
    /// Path and query as received.
    pub path: String,
    /// The authority the client addressed.
    pub host: String,
    /// `HTTP/1.1`, `HTTP/2.0`.
    pub version: String,
    /// The headers in order of arrival, names in lower case, values that are no text replaced.
    pub headers: Vec<(String, String)>,
    /// The body as received.
    pub body: Bytes,
    /// The status that was sent; none when nothing was.
    pub status: Option<u16>,
    /// The fault or refusal that was applied: a fault kind's name, `unknown_token`, `rate_limit`, `quota` or
    /// `concurrency`.
    pub fault: Option<&'static str>,
    /// Whether the answer ended as scripted (a scripted cut counts, a stall never ends).
    pub finished: bool,
    /// Whether the client left before the scripted end.
    pub left_early: bool,
}

impl Seen {
    /// The first header with this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Serialize for Seen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = json!({
            "at_ms": self.at_ms, "token": self.token, "number": self.number, "method": self.method,
            "path": self.path, "host": self.host, "version": self.version, "headers": self.headers,
            "status": self.status, "fault": self.fault, "finished": self.finished, "left_early": self.left_early,
        });
        match std::str::from_utf8(&self.body) {
            Ok(text) => value["body"] = text.into(),
            Err(_) => value["body_base64"] = STANDARD.encode(&self.body).into(),
        }
        value.serialize(serializer)
    }
}

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Seen>,
    /// The id of the first entry kept; ids are never given twice, also not after `clear`.
    first: u64,
}

impl Log {
    pub(crate) fn push(&mut self, seen: Seen, keep: usize) -> u64 {
        self.entries.push_back(seen);
        let id = self.first + self.entries.len() as u64 - 1;
        while self.entries.len() > keep.max(1) {
            self.entries.pop_front();
            self.first += 1;
        }
        id
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.entries.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.entries.clear();
    }

    fn entry(&mut self, id: u64) -> Option<&mut Seen> {
        let at = usize::try_from(id.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(at)
    }
}

/// Follows one request to its end; dropped before, it says that the client left.
#[derive(Debug)]
pub(crate) struct Tracker {
    state: Arc<State>,
    id: u64,
    account: String,
    finished: bool,
}

impl Tracker {
    /// Notes an arrival.
    pub(crate) fn open(state: Arc<State>, seen: Seen, account: String, keep: usize) -> Self {
        let id = state.log.lock().push(seen, keep);
        state.changed.notify_waiters();
        Self { state, id, account, finished: false }
    }

    pub(crate) fn status(&self, status: u16) {
        if let Some(entry) = self.state.log.lock().entry(self.id) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn fault(&self, fault: &'static str) {
        if let Some(entry) = self.state.log.lock().entry(self.id) {
            entry.fault = Some(fault);
        }
    }

    /// The scripted end was reached.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.state.ledger.lock().leave(&self.account);
        if let Some(entry) = self.state.log.lock().entry(self.id) {
            entry.finished = self.finished;
            entry.left_early = !self.finished;
        }
        self.state.changed.notify_waiters();
    }
}

/// Milliseconds since `start`.
pub(crate) fn millis_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
