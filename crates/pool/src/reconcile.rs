//! A new configuration: who stays keeps everything that was learned, who is gone is forgotten.

use std::collections::HashMap;

use claviger_types::{Fingerprint, Moment};

use crate::cell::Cell;
use crate::health::Health;
use crate::ids::{CredentialId, EndpointId, ProviderId};
use crate::limits::{Limits, Quota};
use crate::pool::{Account, Pool, Provider, Slot};
use crate::standing::Standing;
use crate::strategy::Strategy;

/// A provider of the new configuration.
#[derive(Clone, Debug, Default)]
pub struct ProviderSpec {
    /// Its id: one that stays keeps its state.
    pub id: String,
    /// How its credentials are chosen. Providers of one tier should agree.
    pub strategy: Strategy,
    /// What the operator set about health.
    pub health: Health,
    /// Its credentials, in order.
    pub credentials: Vec<CredentialSpec>,
}

/// A credential of the new configuration. The pool never sees the secret.
#[derive(Clone, Debug)]
pub struct CredentialSpec {
    /// Tells this credential from others of its provider; one that stays keeps its state.
    pub fingerprint: Fingerprint,
    /// Relative share, at least 1.
    pub weight: u32,
    /// Credentials of a provider with the same account share quota facts.
    pub account: Option<String>,
    /// Glob patterns of the upstream models it may serve; empty: all.
    pub models: Vec<String>,
    /// What it may be asked for.
    pub limits: Limits,
}

impl CredentialSpec {
    /// One of weight 1 that may serve everything.
    pub fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, weight: 1, account: None, models: Vec::new(), limits: Limits::default() }
    }
}

/// Who is who after [`Pool::reconcile`], in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// One per provider.
    pub providers: Vec<ProviderId>,
    /// Per provider, one per credential. A secret that stands twice is one credential, with the weights added up.
    pub credentials: Vec<Vec<CredentialId>>,
}

impl Pool {
    /// Makes the pool hold exactly these credentials, by provider id. In-flight leases of removed credentials may
    /// still be settled; they change nothing.
    pub fn reconcile(&mut self, now: Moment, wanted: &[ProviderSpec]) -> Roster {
        for provider in &mut self.providers {
            provider.live = false;
        }
        for slot in &mut self.slots {
            slot.live = false;
        }
        let mut roster = Roster::default();
        for ProviderSpec { id, strategy, health, credentials } in wanted {
            let provider = self.provider_named(id);
            let before = self.members_by_fingerprint(provider);
            let mut known: HashMap<Fingerprint, u32> = HashMap::new();
            let mut ids = Vec::with_capacity(credentials.len());
            for (order, spec) in (0_u32..).zip(credentials) {
                ids.push(self.admit(provider, (order, spec), &before, &mut known));
            }
            let state = &mut self.providers[provider.0 as usize];
            (state.strategy, state.health) = (*strategy, *health);
            state.members = known.into_values().collect();
            state.members.sort_unstable();
            roster.providers.push(provider);
            roster.credentials.push(ids);
        }
        self.rebuild_cells(now);
        roster
    }

    fn provider_named(&mut self, name: &str) -> ProviderId {
        let index = self.providers.iter().position(|p| p.name == name).unwrap_or_else(|| {
            self.providers.push(Provider {
                name: name.to_owned(),
                live: true,
                strategy: Strategy::default(),
                health: Health::default(),
                members: Vec::new(),
                endpoints: HashMap::new(),
            });
            self.providers.len() - 1
        });
        self.providers[index].live = true;
        ProviderId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn admit(
        &mut self,
        provider: ProviderId,
        (order, spec): (u32, &CredentialSpec),
        before: &HashMap<Fingerprint, u32>,
        known: &mut HashMap<Fingerprint, u32>,
    ) -> CredentialId {
        let weight = spec.weight.max(1);
        if let Some(index) = known.get(&spec.fingerprint) {
            let slot = &mut self.slots[*index as usize];
            slot.weight = slot.weight.saturating_add(weight);
            return CredentialId { index: *index, generation: slot.generation };
        }
        let account = spec.account.as_deref().map(|name| self.account(provider, name));
        let index = match before.get(&spec.fingerprint) {
            Some(index) => *index,
            None => self.new_slot(provider, spec.fingerprint),
        };
        let slot = &mut self.slots[index as usize];
        slot.live = true;
        slot.order = order;
        slot.weight = weight;
        slot.account = account;
        slot.models.clone_from(&spec.models);
        match &mut slot.quota {
            _ if spec.limits == Limits::default() => slot.quota = None,
            Some(quota) => quota.limit(spec.limits),
            None => slot.quota = Some(Box::new(Quota::new(spec.limits))),
        }
        known.insert(spec.fingerprint, index);
        CredentialId { index, generation: slot.generation }
    }

    /// Those that were there before.
    fn members_by_fingerprint(&self, provider: ProviderId) -> HashMap<Fingerprint, u32> {
        let members = self.providers[provider.0 as usize].members.iter();
        let members = members.map(|index| (&self.slots[*index as usize], *index));
        members.filter(|(slot, _)| slot.provider == provider).map(|(slot, index)| (slot.fingerprint, index)).collect()
    }

    /// Takes the room of a slot that an earlier reload left, so that a configuration reloaded every second for a year
    /// does not grow the pool.
    fn new_slot(&mut self, provider: ProviderId, fingerprint: Fingerprint) -> u32 {
        let generation = u32::try_from(self.fresh() & u64::from(u32::MAX)).unwrap_or(0);
        let slot = Slot {
            generation,
            live: true,
            order: 0,
            provider,
            fingerprint,
            weight: 1,
            account: None,
            models: Vec::new(),
            quota: None,
            standing: Standing::Ready,
            leases: 0,
        };
        if let Some(index) = self.left.pop() {
            self.slots[index as usize] = slot;
            return index;
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    fn account(&mut self, provider: ProviderId, name: &str) -> u32 {
        let accounts = &mut self.accounts;
        *self.account_names.entry((provider, name.to_owned())).or_insert_with(|| {
            accounts.push(Account { provider, name: name.to_owned(), standing: Standing::Ready });
            u32::try_from(accounts.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// Cells of those who stay are kept, newcomers start at the endpoint's clock.
    fn rebuild_cells(&mut self, now: Moment) {
        let mut ended = Vec::new();
        let ids: Vec<EndpointId> = self.endpoints.iter().map(|(id, _)| id).collect();
        for id in ids {
            let Self { endpoints, providers, slots, .. } = self;
            let Some(endpoint) = endpoints.get_mut(id) else { continue };
            let provider = &providers[endpoint.provider.0 as usize];
            if !provider.live {
                ended.push(id);
                continue;
            }
            let cells = std::mem::take(&mut endpoint.cells);
            let mut old: HashMap<u32, Cell> = cells.into_iter().map(|cell| (cell.credential, cell)).collect();
            endpoint.used = endpoint.used.max(now);
            let able = provider.members.iter().filter(|slot| slots[**slot as usize].serves(&endpoint.model));
            let cells = able.map(|slot| {
                let weight = slots[*slot as usize].weight;
                let mut cell = old.remove(slot).unwrap_or_else(|| Cell::new(*slot, weight, endpoint.clock));
                cell.weight = f64::from(weight);
                cell
            });
            let cells = cells.collect();
            endpoint.seat(cells, provider.strategy, slots);
        }
        for id in ended {
            self.endpoints.remove(id);
        }
        for provider in self.providers.iter_mut().filter(|provider| !provider.live) {
            provider.endpoints.clear();
            provider.members.clear();
        }
        let left = (0_u32..).zip(&self.slots).filter(|(_, slot)| !slot.live);
        self.left = left.map(|(index, _)| index).collect();
    }
}
