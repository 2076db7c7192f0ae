//! Who waits, in order of arrival. Only places that are scarce (paced or windowed credentials) are given by the line;
//! where there is room for everybody nobody queues.

use std::collections::BTreeSet;

use crate::ids::EndpointId;

/// A place in the line of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) endpoint: EndpointId,
    pub(crate) number: u64,
}

/// The tickets of those who wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    waiting: BTreeSet<u64>,
}

impl Line {
    pub(crate) fn join(&mut self, number: u64) {
        self.waiting.insert(number);
    }

    /// Returns whether it was waiting.
    pub(crate) fn leave(&mut self, number: u64) -> bool {
        self.waiting.remove(&number)
    }

    /// How many came before; everybody, for somebody who does not wait yet.
    pub(crate) fn ahead(&self, number: Option<u64>) -> usize {
        match number {
            Some(number) => self.waiting.range(..number).count(),
            None => self.waiting.len(),
        }
    }
}
