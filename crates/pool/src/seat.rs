//! What one cell says at a moment, whoever asks: the smallest question of every choice, and the whole answer of
//! [`crate::Pool::explain`]. Pure reading.

use claviger_types::{Class, Moment};

use crate::cell::Cell;
use crate::limits::Closed;
use crate::pool::{Account, Slot};
use crate::standing::{Admission, Standing};

/// Whether a cell may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Go ahead. `scarce`: its places are limited, so those who wait longer go first.
    Free {
        /// See above.
        scarce: bool,
    },
    /// Behind a limit that opens then; `None`: when an open answer ends. `stated`: by the operator, so nobody passes.
    Held {
        /// See above.
        until: Option<Moment>,
        /// See above.
        stated: bool,
    },
    /// Its rest is over: one probe may go.
    Due {
        /// Why it rested.
        cause: Class,
    },
    /// Out until then; `None`: until the probe that is out has answered.
    Out {
        /// See above.
        until: Option<Moment>,
        /// Why.
        cause: Class,
    },
}

/// The cell, with what it shares with other models and other credentials.
#[derive(Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub(crate) cell: &'a Cell,
    pub(crate) slot: &'a Slot,
    pub(crate) account: Option<&'a Account>,
}

impl<'a> Whole<'a> {
    pub(crate) fn of(cell: &'a Cell, slots: &'a [Slot], accounts: &'a [Account]) -> Self {
        let slot = &slots[cell.credential as usize];
        Self { cell, slot, account: slot.account.map(|account| &accounts[account as usize]) }
    }

    /// Account, credential, and model on the credential.
    pub(crate) fn standings(&self) -> impl Iterator<Item = &'a Standing> {
        let account = self.account.map(|account| &account.standing);
        account.into_iter().chain([&self.slot.standing, &self.cell.standing])
    }

    /// What it says, for a request of `cost` (`None`: a usual one).
    pub(crate) fn seat(&self, now: Moment, cost: Option<u64>) -> Seat {
        match self.admission(now) {
            Admission::Due { cause } => return Seat::Due { cause },
            Admission::Resting { until, cause } => return Seat::Out { until, cause },
            Admission::Ready => {}
        }
        let quota = self.slot.quota.as_deref();
        if let Some(closed) = quota.and_then(|quota| quota.closed(now, cost)) {
            let until = match closed {
                Closed::Full => None,
                Closed::Until(until) => Some(until),
            };
            return Seat::Held { until, stated: true };
        }
        if self.cell.window.is_full(now, self.cell.open) {
            return Seat::Held { until: None, stated: false };
        }
        match self.cell.pace.closed_until(now).max(self.cell.spent_until(now)) {
            Some(until) => Seat::Held { until: Some(until), stated: false },
            None => Seat::Free { scarce: quota.is_some() || self.cell.is_limited(now) },
        }
    }

    /// Since when a rate limit that it rests for may really be over, by the provider's rounded word, and when its learned
    /// pace opens: for who cannot wait.
    pub(crate) fn perhaps(&self, now: Moment, seat: Seat) -> Option<(Moment, Moment)> {
        let Seat::Out { cause: Class::RateLimited, until: Some(_) } = seat else { return None };
        let mut resting = self.standings().filter(|standing| !matches!(standing, Standing::Ready));
        // all of them must be rate limits
        let over = resting.try_fold(Moment::START, |latest, standing| Some(latest.max(standing.perhaps()?)))?;
        Some((over, self.cell.pace.closed_until(now).unwrap_or(over)))
    }

    /// When what it says changes although nothing happens; `None`: never.
    pub(crate) fn changes(&self, now: Moment, seat: Seat) -> Option<Moment> {
        let drift = self.cell.drifts(now);
        let end = match seat {
            Seat::Free { scarce: false } => None,
            // learned limits are forgotten, and windows slide
            Seat::Free { scarce: true } | Seat::Held { until: None, .. } => Some(now.plus(crate::rules::DRIFT)),
            Seat::Held { until, .. } | Seat::Out { until, .. } => until,
            Seat::Due { .. } => None,
        };
        let perhaps = self.perhaps(now, seat).map(|(over, _)| over).filter(|over| *over > now);
        drift.into_iter().chain(end).chain(perhaps).min()
    }

    /// The strictest of its standings. A fact is never hidden by a guess that lasts longer: guesses may be overridden
    /// when nobody else is left, facts may not.
    fn admission(&self, now: Moment) -> Admission {
        let weightier = |a: Class, b: Class| if a.is_guess() { b } else { a };
        self.standings().fold(Admission::Ready, |strictest, standing| match (strictest, standing.admission(now)) {
            (Admission::Resting { until: a, cause: first }, Admission::Resting { until: b, cause: second }) => {
                // an open end (a probe is out) counts as the later one
                let until = if a.is_none() || b.is_none() { None } else { a.max(b) };
                Admission::Resting { until, cause: weightier(first, second) }
            }
            (Admission::Resting { until, cause }, Admission::Due { cause: due })
            | (Admission::Due { cause: due }, Admission::Resting { until, cause }) => {
                Admission::Resting { until, cause: weightier(cause, due) }
            }
            (Admission::Due { cause: a }, Admission::Due { cause: b }) => Admission::Due { cause: weightier(a, b) },
            (other, Admission::Ready) | (Admission::Ready, other) => other,
        })
    }
}
