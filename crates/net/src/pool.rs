//! The connections of every endpoint, and the choice a request makes among them.
//!
//! The choice is a quick step under one endpoint's lock: take an idle connection, take a stream, open a connection, or
//! wait for one being opened. Opening and waiting happen outside. Only HTTP/2 requests wait, and only while a connection
//! that has room for them is on its way.

mod place;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::RwLock;
use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::http1::Connection;
use crate::link::Open;
use crate::{NetSettings, link};
pub(crate) use place::{Opening, Place, Step, Ticket};

/// All endpoints' connections.
pub(crate) struct Pool {
    places: RwLock<HashMap<Endpoint, Arc<Place>, RandomState>>,
    settings: NetSettings,
    open: Arc<AtomicUsize>,
    swept: AtomicBool,
}

/// What a request goes out on.
pub(crate) enum Link {
    Http1 { connection: Connection, reused: bool },
    Http2 { slot: link::Slot, reused: bool },
}

impl Pool {
    pub(crate) fn new(settings: NetSettings) -> Self {
        Self { places: RwLock::default(), settings, open: Arc::default(), swept: AtomicBool::new(false) }
    }

    /// The connections of `to`.
    pub(crate) fn place(&self, to: &Endpoint) -> Arc<Place> {
        if let Some(place) = self.places.read().get(to) {
            return Arc::clone(place);
        }
        let mut places = self.places.write();
        Arc::clone(places.entry(to.clone()).or_insert_with(|| Arc::new(Place::new(to.speak(), &self.settings))))
    }

    /// Counts a new connection. The first one starts the sweeper, as it takes a runtime.
    pub(crate) fn count(self: &Arc<Self>) -> Open {
        if !self.swept.swap(true, Ordering::Relaxed) {
            let every = (self.settings.idle_timeout / 2).max(Duration::from_secs(1));
            tokio::spawn(sweep(Arc::downgrade(self), every));
        }
        Open::count(&self.open)
    }

    /// Drops the places `keep` says no to. Connections in use hold theirs until they end, and are not pooled after.
    pub(crate) fn retain(&self, keep: &dyn Fn(&Endpoint) -> bool) {
        self.places.write().retain(|endpoint, _| keep(endpoint));
    }

    pub(crate) fn idle(&self) -> usize {
        self.places.read().values().map(|place| place.idle()).sum()
    }

    pub(crate) fn open(&self) -> usize {
        // Nobody watches a connection without a request: look, so that those that were closed are not counted.
        self.idle();
        self.open.load(Ordering::Relaxed)
    }
}

/// Closes connections that nobody used in time, until the pool is gone.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        let places: Vec<_> = pool.places.read().values().cloned().collect();
        let now = Instant::now();
        for place in places {
            place.sweep(now);
        }
    }
}
