//! A view of the pool for operators: who is in, who is out, why, and until when.

use std::collections::HashMap;
use std::time::Duration;

use claviger_types::{Class, Moment};

use crate::cell::Cell;
use crate::ids::{CredentialId, EndpointId};
use crate::pool::{Pool, Slot};
use crate::standing::{Admission, Standing};

/// One credential as an operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialView {
    /// Which.
    pub id: CredentialId,
    /// The credential as a whole; or what its account shares.
    pub state: State,
    /// Attempts that have not ended.
    pub in_flight: u32,
    /// Attempts since it was added.
    pub leases: u64,
    /// Each model it was asked for.
    pub models: Vec<ModelView>,
}

/// One model on one credential.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelView {
    /// The upstream model; empty for requests without one.
    pub model: String,
    /// In or out.
    pub state: State,
    /// Weight × health over the sum of the endpoint's, 0 to 1; 0 for those that are out.
    pub share: f64,
    /// 0 to 1.
    pub score: f64,
    /// Whole good answers.
    pub goods: u64,
    /// Failures of its own or weighed.
    pub bads: u64,
    /// Whether the endpoint's breaker is open.
    pub breaker_open: bool,
}

/// In, or out with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// May be asked.
    Ready,
    /// Out until `until`, then back by itself or by a probe.
    Resting {
        /// Why.
        cause: Class,
        /// Since when.
        since: Moment,
        /// Until when.
        until: Moment,
    },
    /// A probe is out; its answer decides.
    Probing {
        /// Why it was out.
        cause: Class,
        /// Since when.
        since: Moment,
    },
    /// The rest is over; the next request probes it.
    Due {
        /// Why it was out.
        cause: Class,
        /// Since when.
        since: Moment,
    },
}

impl State {
    /// The stable name, for labels and JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Resting { cause: Class::InvalidCredential, .. } => "quarantined",
            Self::Resting { .. } => "resting",
            Self::Probing { .. } => "probing",
            Self::Due { .. } => "due",
        }
    }

    fn of(standing: &Standing, now: Moment) -> Self {
        match (standing, standing.admission(now)) {
            (_, Admission::Ready) | (Standing::Ready, _) => Self::Ready,
            (Standing::Out(out), Admission::Due { .. }) => Self::Due { cause: out.cause, since: out.since },
            (Standing::Out(out), Admission::Resting { until: Some(until), .. }) => {
                Self::Resting { cause: out.cause, since: out.since, until }
            }
            (Standing::Out(out), Admission::Resting { until: None, .. }) => {
                Self::Probing { cause: out.cause, since: out.since }
            }
        }
    }

    /// How long until something changes.
    pub fn remaining(&self, now: Moment) -> Option<Duration> {
        match self {
            Self::Resting { until, .. } => Some(until.since(now)),
            Self::Ready | Self::Probing { .. } | Self::Due { .. } => None,
        }
    }
}

impl Pool {
    /// All live credentials.
    pub fn snapshot(&self, now: Moment) -> Vec<CredentialView> {
        let shares =
            self.endpoints.iter().map(|(id, e)| (id, e.cells.iter().map(|c| self.share(now, c)).sum())).collect();
        let live = self.slots.iter().enumerate().filter(|(_, slot)| slot.live);
        live.map(|(index, slot)| self.view(now, u32::try_from(index).unwrap_or(u32::MAX), slot, &shares)).collect()
    }

    /// Weight × health of a cell that may be asked, else 0.
    fn share(&self, now: Moment, cell: &Cell) -> f64 {
        let whole = &self.slots[cell.credential as usize].standing;
        let ready = [whole, &cell.standing].into_iter().all(|standing| State::of(standing, now) == State::Ready);
        if ready { cell.share(now) } else { 0.0 }
    }

    fn view(&self, now: Moment, index: u32, slot: &Slot, shares: &HashMap<EndpointId, f64>) -> CredentialView {
        let provider = &self.providers[slot.provider.0 as usize];
        let account = slot.account.map(|account| &self.accounts[account as usize].standing);
        let whole = [Some(&slot.standing), account];
        let state = whole
            .into_iter()
            .flatten()
            .map(|standing| State::of(standing, now))
            .find(|state| *state != State::Ready)
            .unwrap_or(State::Ready);
        let mut in_flight = 0;
        let mut models = Vec::new();
        for id in provider.endpoints.values() {
            let Some(endpoint) = self.endpoints.get(*id) else { continue };
            let Some(at) = endpoint.cell_of(index) else { continue };
            let cell = &endpoint.cells[at];
            in_flight += cell.open;
            let all = shares.get(id).copied().unwrap_or(0.0);
            let mine = self.share(now, cell);
            models.push(ModelView {
                model: endpoint.model.to_string(),
                state: State::of(&cell.standing, now),
                share: if all > 0.0 { mine / all } else { 0.0 },
                score: cell.score(now),
                goods: u64::from(cell.goods),
                bads: u64::from(cell.bads),
                breaker_open: endpoint.breaker.is_open(),
            });
        }
        models.sort_by(|a, b| a.model.cmp(&b.model));
        let id = CredentialId { index, generation: slot.generation };
        CredentialView { id, state, in_flight, leases: slot.leases, models }
    }
}
