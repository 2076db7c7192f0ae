//! The state of all credentials, and the verb that gives one out.

use std::collections::HashMap;

use claviger_types::{Fingerprint, Moment};

use crate::cell::Cell;
use crate::endpoint::Endpoint;
use crate::endpoints::Endpoints;
use crate::health::Health;
use crate::ids::{CredentialId, EndpointId, LeaseId, ProviderId};
use crate::lease::{Lease, Need, Patience, Refusal};
use crate::limits::Quota;
use crate::line::Ticket;
use crate::pick::{Choice, Pick};
use crate::rules;
use crate::standing::Standing;
use crate::strategy::Strategy;

/// All credentials of all providers, and what is known about each. One lock around it is enough: nothing here waits.
#[derive(Debug, Default)]
pub struct Pool {
    pub(crate) providers: Vec<Provider>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) endpoints: Endpoints,
    pub(crate) account_names: HashMap<(ProviderId, String), u32>,
    /// Slots that a reload left: their room may be taken.
    pub(crate) left: Vec<u32>,
    pub(crate) next_id: u64,
    /// The targets of the last lease: kept for its room.
    targets: Vec<EndpointId>,
}

/// A provider entry.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) live: bool,
    pub(crate) strategy: Strategy,
    pub(crate) health: Health,
    /// Slots of its credentials, ascending.
    pub(crate) members: Vec<u32>,
    pub(crate) endpoints: HashMap<Box<str>, EndpointId>,
}

/// A credential as a whole. Health per model lives in [`Cell`].
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) generation: u32,
    pub(crate) live: bool,
    /// Its place in the configuration.
    pub(crate) order: u32,
    pub(crate) provider: ProviderId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) weight: u32,
    pub(crate) account: Option<u32>,
    /// Glob patterns of the models it may serve; empty: all.
    pub(crate) models: Vec<String>,
    /// The books of the operator's limits, if there are any.
    pub(crate) quota: Option<Box<Quota>>,
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
        let mut endpoints = std::mem::take(&mut self.targets);
        endpoints.clear();
        for (provider, model) in need.targets {
            endpoints.push(self.endpoint(now, *provider, model, dice));
        }
        let choice = Pick { pool: self, endpoints: &endpoints, need, now, dice }.go();
        let lease = choice.and_then(|choice| {
            let endpoint = endpoints[choice.target];
            self.grant(now, endpoint, need, choice).ok_or(Refusal::NoneServes)
        });
        self.targets = endpoints;
        lease
    }

    fn grant(&mut self, now: Moment, id: EndpointId, need: &Need<'_>, choice: Choice) -> Option<Lease> {
        let lease = LeaseId(self.fresh());
        let endpoint = self.endpoints.get_mut(id)?;
        let strategy = self.providers[endpoint.provider.0 as usize].strategy;
        endpoint.used = now;
        endpoint.open += 1;
        endpoint.pending += 1;
        endpoint.probe_credit = (endpoint.probe_credit + rules::PROBE_SHARE).min(rules::PROBE_BURST);
        if choice.spends_probe_credit {
            endpoint.probe_credit -= 1.0;
        }
        if choice.endpoint_probe {
            endpoint.breaker.probe(now, lease);
        }
        if need.shaken {
            endpoint.breaker.retry(now);
        }
        endpoint.pace.take(now);
        let cell = &mut endpoint.cells[choice.cell];
        cell.leave(now);
        // no credit for an absence, and debt from worse days is capped
        let served = cell.served.max(endpoint.clock) + strategy.cost(cell, now);
        cell.served = served.min(endpoint.clock + rules::DEBT_CAP * endpoint.longest_turn.max(1.0 / cell.weight));
        let attempt = cell.leases;
        cell.standing.probe(now, lease);
        endpoint.blocks.touch(choice.cell);
        let index = cell.credential;
        let slot = &mut self.slots[index as usize];
        slot.leases += 1;
        let credential = CredentialId { index, generation: slot.generation };
        let mut shared = slot.standing.probe(now, lease);
        if let Some(quota) = &mut slot.quota {
            quota.reserve(now, need.cost);
            shared = true;
        }
        let (provider, account) = (slot.provider, slot.account);
        if account.is_some_and(|account| self.accounts[account as usize].standing.probe(now, lease)) {
            self.touch_all(provider);
        } else if shared {
            self.touch(credential.index);
        }
        Some(Lease {
            id: lease,
            endpoint: id,
            credential,
            target: choice.target,
            sent: now,
            probe: choice.probe || choice.endpoint_probe,
            rescuers: choice.rescuers,
            stream: need.stream,
            progressed: false,
            attempt,
            cost: need.cost,
            used: None,
        })
    }

    /// A place in the line of those who wait for these targets, after everybody who waits already; `None`: the line is
    /// full.
    pub fn queue(&mut self, now: Moment, targets: &[(ProviderId, &str)], dice: u64) -> Option<Ticket> {
        let (provider, model) = targets.first()?;
        let (endpoint, number) = (self.endpoint(now, *provider, model, dice), self.fresh());
        let line = &mut self.endpoints.get_mut(endpoint)?.line;
        if line.is_full() {
            return None;
        }
        line.join(number);
        Some(Ticket { endpoint, number })
    }

    /// Takes the same place again: who was given its turn and failed has not lost it.
    pub fn requeue(&mut self, ticket: Ticket) {
        if let Some(endpoint) = self.endpoints.get_mut(ticket.endpoint) {
            endpoint.line.join(ticket.number);
        }
    }

    /// Gives a place up: the request was served, gave up, or its client left. Returns whether others move up.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        self.endpoints.get_mut(ticket.endpoint).is_some_and(|endpoint| endpoint.line.leave(ticket.number))
    }

    /// How long to wait for the first content of this attempt before starting a second one elsewhere, as far as it is
    /// known how fast the endpoint usually is: soon for somebody unproven when others are there, else when it takes
    /// far longer than usual. `None`: as the route says.
    pub fn hedge_after(&self, lease: &Lease) -> Option<Patience> {
        let endpoint = self.endpoints.get(lease.endpoint)?;
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
        // a second copy is of no use where nobody is heard
        let explored = cell.is_some_and(Cell::is_proven) || p99.is_some();
        let after = if explored && endpoint.is_silent(lease.sent) { after * rules::SILENT_PATIENCE } else { after };
        Some(Patience { after, unproven, measured: p99.is_some() })
    }

    pub(crate) fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Something about a credential changed that all its models see.
    pub(crate) fn touch(&mut self, credential: u32) {
        let provider = self.slots[credential as usize].provider;
        for id in self.providers[provider.0 as usize].endpoints.values() {
            if let Some(endpoint) = self.endpoints.get_mut(*id) {
                endpoint.touch(credential);
            }
        }
    }

    /// Something changed that all credentials of a provider see.
    pub(crate) fn touch_all(&mut self, provider: ProviderId) {
        for id in self.providers[provider.0 as usize].endpoints.values() {
            if let Some(endpoint) = self.endpoints.get_mut(*id) {
                endpoint.blocks.touch_all();
            }
        }
    }

    /// The endpoint of this provider and model, made on first use.
    pub(crate) fn endpoint(&mut self, now: Moment, provider: ProviderId, model: &str, dice: u64) -> EndpointId {
        let index = provider.0 as usize;
        if let Some(id) = self.providers.get(index).and_then(|p| p.endpoints.get(model)) {
            return *id;
        }
        self.forget_idle(now);
        let mut endpoint = Endpoint::new(now, provider, model);
        if let Some(p) = self.providers.get(index) {
            let able = p.members.iter().filter(|slot| self.slots[**slot as usize].serves(model));
            // a random start keeps replicas and fresh pools from all beginning with the first credential; the first
            // turns end at random within one turn's time, so that nobody gains by it
            let cells = able.map(|slot| {
                let weight = self.slots[*slot as usize].weight;
                Cell::new(*slot, weight, (rules::unit(dice, u64::from(*slot) + 3) - 1.0) / f64::from(weight))
            });
            endpoint.seat(cells.collect(), p.strategy, &self.slots);
            endpoint.clock = -endpoint.longest_turn;
        }
        let id = self.endpoints.insert(endpoint);
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
            self.endpoints.iter().filter(|(_, e)| e.is_idle()).map(|(id, e)| (e.used, id)).collect();
        idle.sort_unstable();
        let old = idle.iter().filter(|(used, _)| now.since(*used) > rules::ENDPOINT_IDLE).count();
        // at least a quarter goes, so that the sort is not paid for by every new name
        for (_, id) in idle.iter().take(old.max(rules::ENDPOINTS_KEPT / 4)) {
            if let Some(endpoint) = self.endpoints.remove(*id) {
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
