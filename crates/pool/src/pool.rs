//! The state of all credentials, and the verb that gives one out.

use std::collections::HashMap;

use claviger_types::{Fingerprint, Moment};

use crate::cell::Cell;
use crate::endpoint::Endpoint;
use crate::ids::{CredentialId, EndpointId, LeaseId, ProviderId};
use crate::latency::Latency;
use crate::lease::{Lease, Need, Patience, Refusal};
use crate::limits::Pace;
use crate::line::{Line, Ticket};
use crate::pick::{self, Choice, Scene};
use crate::standing::Standing;
use crate::{breaker::Breaker, evidence::Evidence, rules};

/// All credentials of all providers, and what is known about each. One lock around it is enough: nothing here waits.
#[derive(Debug, Default)]
pub struct Pool {
    pub(crate) providers: Vec<Provider>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) endpoints: HashMap<EndpointId, Endpoint>,
    pub(crate) next_id: u64,
}

/// A provider entry.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) live: bool,
    /// Slots of its credentials, ascending.
    pub(crate) members: Vec<u32>,
    pub(crate) endpoints: HashMap<Box<str>, EndpointId>,
}

/// A credential as a whole. Health per model lives in [`Cell`].
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) generation: u32,
    pub(crate) live: bool,
    /// Left by an earlier reload: the room may be taken.
    pub(crate) gone: bool,
    pub(crate) provider: ProviderId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) weight: u32,
    pub(crate) account: Option<u32>,
    /// Glob patterns of the models it may serve; empty: all.
    pub(crate) models: Vec<String>,
    pub(crate) standing: Standing,
    pub(crate) leases: u64,
}

/// Credentials that share a quota.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) provider: ProviderId,
    pub(crate) name: String,
    pub(crate) standing: Standing,
}

impl Pool {
    /// An empty pool; [`Pool::reconcile`] fills it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Picks a credential for one attempt, or says why none is free and when to ask again. `dice` is a fresh random
    /// number.
    ///
    /// # Errors
    /// [`Refusal`], when nobody may be asked now.
    pub fn lease(&mut self, now: Moment, need: &Need<'_>, dice: u64) -> Result<Lease, Refusal> {
        let endpoints: Vec<EndpointId> =
            need.targets.iter().map(|(provider, model)| self.endpoint(now, *provider, model, dice)).collect();
        let scene = Scene { pool: self, endpoints: &endpoints, need, now };
        let choice = pick::pick(&scene)?;
        self.grant(now, &endpoints, need, choice).ok_or(Refusal::NoneServes)
    }

    fn grant(&mut self, now: Moment, endpoints: &[EndpointId], need: &Need<'_>, choice: Choice) -> Option<Lease> {
        let id = LeaseId(self.fresh());
        let endpoint_id = endpoints[choice.target];
        let endpoint = self.endpoints.get_mut(&endpoint_id)?;
        endpoint.clock = endpoint.clock.max(choice.clock);
        endpoint.used = now;
        endpoint.probe_credit = (endpoint.probe_credit + rules::PROBE_SHARE).min(rules::PROBE_BURST);
        if choice.spends_probe_credit {
            endpoint.probe_credit -= 1.0;
        }
        if choice.endpoint_probe {
            endpoint.breaker.probe(now, id);
        }
        endpoint.pace.take(now);
        let cell = &mut endpoint.cells[choice.cell];
        cell.pace.take(now);
        let share = cell.share(now);
        // no credit for an absence, and debt from worse days is forgotten
        cell.served = cell.served.clamp(choice.clock, choice.clock + choice.debt) + 1.0 / share;
        cell.pending += 1;
        cell.open += 1;
        cell.standing.probe(now, id);
        let index = cell.credential;
        let slot = &mut self.slots[index as usize];
        slot.leases += 1;
        slot.standing.probe(now, id);
        let credential = CredentialId { index, generation: slot.generation };
        if let Some(account) = slot.account {
            self.accounts[account as usize].standing.probe(now, id);
        }
        Some(Lease {
            id,
            endpoint: endpoint_id,
            credential,
            target: choice.target,
            sent: now,
            probe: choice.probe || choice.endpoint_probe,
            rescuers: choice.rescuers,
            stream: need.stream,
            progressed: false,
        })
    }

    /// A place in the line of those who wait for these targets, after everybody who waits already.
    pub fn queue(&mut self, now: Moment, targets: &[(ProviderId, &str)], dice: u64) -> Option<Ticket> {
        let (provider, model) = targets.first()?;
        let (endpoint, number) = (self.endpoint(now, *provider, model, dice), self.fresh());
        self.endpoints.get_mut(&endpoint)?.line.join(number);
        Some(Ticket { endpoint, number })
    }

    /// Gives a place up: the request was served, gave up, or its client left. Returns whether others move up.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        self.endpoints.get_mut(&ticket.endpoint).is_some_and(|endpoint| endpoint.line.leave(ticket.number))
    }

    /// How long to wait for the first content of this attempt before starting a second one elsewhere, as far as it is
    /// known how fast the endpoint usually is: soon for somebody unproven when others are there, else when it takes
    /// far longer than usual. `None`: as the route says.
    pub fn hedge_after(&self, lease: &Lease) -> Option<Patience> {
        let endpoint = self.endpoints.get(&lease.endpoint)?;
        let p99 = endpoint.latency.p99(lease.stream);
        let cell = endpoint.cell_of(lease.credential.index).map(|index| &endpoint.cells[index]);
        let unproven = lease.probe || !cell.is_some_and(Cell::is_proven);
        let unproven = unproven && lease.rescuers;
        let after = match p99 {
            Some(p99) if unproven => p99.max(rules::SHORTEST_PATIENCE),
            Some(p99) => (p99 * 4).max(rules::PROVEN_PATIENCE),
            None if !unproven => return None,
            // a whole answer of unknown length is hurried less: the second copy would be billed as well
            None if lease.stream => rules::UNPROVEN_PATIENCE,
            None => rules::UNPROVEN_PATIENCE_WHOLE,
        };
        Some(Patience { after, unproven, measured: p99.is_some() })
    }

    pub(crate) fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The endpoint of this provider and model, made on first use.
    fn endpoint(&mut self, now: Moment, provider: ProviderId, model: &str, dice: u64) -> EndpointId {
        let index = provider.0 as usize;
        if let Some(id) = self.providers.get(index).and_then(|p| p.endpoints.get(model)) {
            return *id;
        }
        self.forget_idle(now);
        let id = EndpointId(self.fresh());
        let cells = self.providers.get(index).map_or_else(Vec::new, |p| {
            let able = p.members.iter().filter(|slot| self.slots[**slot as usize].serves(model));
            // a random start keeps replicas and fresh pools from all beginning with the first credential
            able.map(|slot| {
                let weight = self.slots[*slot as usize].weight;
                Cell::new(*slot, weight, rules::unit(dice, u64::from(*slot) + 3) / f64::from(weight))
            })
            .collect()
        });
        self.endpoints.insert(
            id,
            Endpoint {
                provider,
                model: model.into(),
                cells,
                evidence: Evidence::default(),
                breaker: Breaker::default(),
                latency: Latency::default(),
                pace: Pace::default(),
                line: Line::default(),
                clock: 0.0,
                probe_credit: 1.0,
                used: now,
            },
        );
        if let Some(p) = self.providers.get_mut(index) {
            p.endpoints.insert(model.into(), id);
        }
        id
    }

    /// Keeps clients that make up model names from filling the memory.
    fn forget_idle(&mut self, now: Moment) {
        if self.endpoints.len() < rules::ENDPOINTS_KEPT {
            return;
        }
        let mut idle: Vec<(Moment, EndpointId)> =
            self.endpoints.iter().filter(|(_, e)| e.is_idle()).map(|(id, e)| (e.used, *id)).collect();
        idle.sort_unstable();
        let old = idle.iter().filter(|(used, _)| now.since(*used) > rules::ENDPOINT_IDLE).count();
        // at least a quarter goes, so that the sort is not paid for by every new name
        for (_, id) in idle.iter().take(old.max(rules::ENDPOINTS_KEPT / 4)) {
            if let Some(endpoint) = self.endpoints.remove(id) {
                self.providers[endpoint.provider.0 as usize].endpoints.remove(&endpoint.model);
            }
        }
    }
}

impl Slot {
    pub(crate) fn serves(&self, model: &str) -> bool {
        self.live
            && (model.is_empty()
                || self.models.is_empty()
                || self.models.iter().any(|pattern| claviger_types::glob(pattern, model)))
    }
}
