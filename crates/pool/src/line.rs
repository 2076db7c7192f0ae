//! Who waits, in order of arrival. Only places that are scarce (paced or windowed credentials) are given by the line;
//! where there is room for everybody nobody queues.

use std::collections::BTreeSet;

use crate::ids::EndpointId;
use crate::rules;

/// A place in the line of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(crate) endpoint: EndpointId,
    pub(crate) number: u64,
}

impl Ticket {
    /// Which line: the same for all that wait for the same endpoint.
    pub const fn line(self) -> u64 {
        (self.endpoint.generation as u64) << 32 | self.endpoint.index as u64
    }

    /// Its place in the line: the lowest came first.
    pub const fn number(self) -> u64 {
        self.number
    }
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

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether nobody else may wait here.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= rules::LINE_MOST
    }

    /// Returns whether it was waiting.
    pub(crate) fn leave(&mut self, number: u64) -> bool {
        self.waiting.remove(&number)
    }

    /// How many came before; everybody, for somebody who does not wait yet. In a long line an estimate by the numbers:
    /// counting would cost more than it is worth.
    pub(crate) fn ahead(&self, number: Option<u64>) -> usize {
        let all = self.waiting.len();
        let (Some(number), Some(first), Some(last)) = (number, self.waiting.first(), self.waiting.last()) else {
            return all;
        };
        if all <= rules::LINE_COUNTED {
            return self.waiting.range(..number).count();
        }
        let part = number.saturating_sub(*first) as f64 / (last - first).max(1) as f64;
        (part.min(1.0) * all as f64) as usize
    }
}
