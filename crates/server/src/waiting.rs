//! Who waits for a credential, and who is woken when somebody may be asked who could not before: the first of each line,
//! and after each that leaves its line the next. Thousands may wait; they do not all look again whenever one place
//! becomes free. Whoever is passed over wakes at the moment that the pool named.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use claviger_pool::Ticket;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::shared::Shared;

/// So many of a line are woken at once: the first may have tried what became free.
const FIRST: usize = 8;

/// The lines of those who wait.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    lines: Mutex<HashMap<u64, BTreeMap<u64, Arc<Notify>>>>,
}

impl Waiting {
    fn join(&self, ticket: Ticket, notify: Arc<Notify>) {
        self.lines.lock().entry(ticket.line()).or_default().insert(ticket.number(), notify);
    }

    fn leave(&self, ticket: Ticket) {
        let mut lines = self.lines.lock();
        if let Some(line) = lines.get_mut(&ticket.line()) {
            line.remove(&ticket.number());
            if line.is_empty() {
                lines.remove(&ticket.line());
            }
        }
    }

    /// Wakes the first of each line.
    pub(crate) fn wake(&self) {
        for line in self.lines.lock().values() {
            line.values().take(FIRST).for_each(|notify| notify.notify_one());
        }
    }
}

/// A request's place among those who wait. Dropped, it leaves.
pub(crate) struct Place {
    shared: Arc<Shared>,
    ticket: Option<Ticket>,
    /// Made when it waits for the first time: most requests never do.
    notify: Option<Arc<Notify>>,
}

impl Place {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, ticket: None, notify: None }
    }

    /// Takes the place of this ticket, or gives up the one before. Returns whether it is new: then something may have
    /// changed since the pool was asked.
    pub(crate) fn take(&mut self, ticket: Option<Ticket>) -> bool {
        if self.ticket == ticket {
            return false;
        }
        self.leave();
        if let Some(ticket) = ticket {
            let notify = self.notify.get_or_insert_with(|| Arc::new(Notify::new()));
            self.shared.waiting.join(ticket, Arc::clone(notify));
        }
        self.ticket = ticket;
        ticket.is_some()
    }

    /// Waits until it is woken; for ever, when it has no place.
    pub(crate) async fn woken(&self) {
        match &self.notify {
            Some(notify) => notify.notified().await,
            None => std::future::pending().await,
        }
    }

    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.waiting.leave(ticket);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use claviger_pool::{CredentialSpec, Pool, ProviderSpec};
    use claviger_types::{Moment, Secret};

    use super::*;

    #[tokio::test]
    async fn the_first_of_a_line_are_woken_and_then_the_next() {
        let credentials = vec![CredentialSpec::new(Secret::new("key").fingerprint())];
        let mut pool = Pool::new();
        let roster = pool.reconcile(Moment::START, &[ProviderSpec { credentials, ..ProviderSpec::default() }]);
        let targets = [(roster.providers[0], "m")];
        let waiting = Waiting::default();
        let places: Vec<(Ticket, Arc<Notify>)> = (0..FIRST + 4)
            .map(|_| (pool.queue(Moment::START, &targets, 1).unwrap(), Arc::new(Notify::new())))
            .collect();
        for (ticket, notify) in &places {
            waiting.join(*ticket, Arc::clone(notify));
        }
        waiting.wake();
        let count = |range: std::ops::Range<usize>| {
            places[range].iter().filter(|(_, n)| futures_util::FutureExt::now_or_never(n.notified()).is_some()).count()
        };
        assert_eq!((count(0..FIRST), count(FIRST..FIRST + 4)), (FIRST, 0));
        waiting.leave(places[0].0);
        waiting.wake();
        assert_eq!((count(1..FIRST + 1), count(FIRST + 1..FIRST + 4)), (FIRST, 0));
    }
}
