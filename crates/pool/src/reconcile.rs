//! A new configuration: who stays keeps everything that was learned, who is gone is forgotten.

use std::collections::HashMap;

use claviger_types::{Fingerprint, Moment};

use crate::cell::Cell;
use crate::ids::{CredentialId, ProviderId};
use crate::pool::{Account, Pool, Provider, Slot};
use crate::standing::Standing;

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
    pub fn reconcile(&mut self, now: Moment, wanted: &[(String, Vec<CredentialSpec>)]) -> Roster {
        for provider in &mut self.providers {
            provider.live = false;
        }
        for slot in &mut self.slots {
            slot.live = false;
        }
        let mut roster = Roster::default();
        for (name, specs) in wanted {
            let provider = self.provider_named(name);
            let mut known: HashMap<Fingerprint, u32> = HashMap::new();
            let mut ids = Vec::with_capacity(specs.len());
            for spec in specs {
                ids.push(self.admit(provider, spec, &mut known));
            }
            let state = &mut self.providers[provider.0 as usize];
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
        spec: &CredentialSpec,
        known: &mut HashMap<Fingerprint, u32>,
    ) -> CredentialId {
        let weight = spec.weight.max(1);
        if let Some(index) = known.get(&spec.fingerprint) {
            let slot = &mut self.slots[*index as usize];
            slot.weight = slot.weight.saturating_add(weight);
            return CredentialId { index: *index, generation: slot.generation };
        }
        let account = spec.account.as_deref().map(|name| self.account(provider, name));
        // those that were there before are found by provider and fingerprint
        let before = self.providers[provider.0 as usize].members.iter().copied().find(|index| {
            let slot = &self.slots[*index as usize];
            slot.fingerprint == spec.fingerprint && slot.provider == provider
        });
        let index = before.unwrap_or_else(|| self.new_slot(provider, spec.fingerprint));
        let slot = &mut self.slots[index as usize];
        slot.live = true;
        slot.weight = weight;
        slot.account = account;
        slot.models.clone_from(&spec.models);
        known.insert(spec.fingerprint, index);
        CredentialId { index, generation: slot.generation }
    }

    /// Takes the room of a slot that an earlier reload left, so that a configuration reloaded every second for a year
    /// does not grow the pool.
    fn new_slot(&mut self, provider: ProviderId, fingerprint: Fingerprint) -> u32 {
        let generation = u32::try_from(self.fresh() & u64::from(u32::MAX)).unwrap_or(0);
        let slot = Slot {
            generation,
            live: true,
            gone: false,
            provider,
            fingerprint,
            weight: 1,
            account: None,
            models: Vec::new(),
            standing: Standing::Ready,
            leases: 0,
        };
        let index = self.slots.iter().position(|slot| slot.gone);
        match index {
            Some(index) => self.slots[index] = slot,
            None => self.slots.push(slot),
        }
        u32::try_from(index.unwrap_or(self.slots.len() - 1)).unwrap_or(u32::MAX)
    }

    fn account(&mut self, provider: ProviderId, name: &str) -> u32 {
        let index = self.accounts.iter().position(|a| a.provider == provider && a.name == name).unwrap_or_else(|| {
            self.accounts.push(Account { provider, name: name.to_owned(), standing: Standing::Ready });
            self.accounts.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Cells of those who stay are kept, newcomers start at the endpoint's clock.
    fn rebuild_cells(&mut self, now: Moment) {
        let Self { endpoints, providers, slots, .. } = self;
        endpoints.retain(|id, endpoint| {
            let provider = &mut providers[endpoint.provider.0 as usize];
            if !provider.live {
                provider.endpoints.retain(|_, known| known != id);
                provider.members.clear();
                return false;
            }
            let mut old: HashMap<u32, Cell> = endpoint.cells.drain(..).map(|cell| (cell.credential, cell)).collect();
            endpoint.used = endpoint.used.max(now);
            endpoint.cells = provider
                .members
                .iter()
                .filter(|slot| slots[**slot as usize].serves(&endpoint.model))
                .map(|slot| {
                    let weight = slots[*slot as usize].weight;
                    let mut cell = old.remove(slot).unwrap_or_else(|| Cell::new(*slot, weight, endpoint.clock));
                    cell.weight = f64::from(weight);
                    cell
                })
                .collect();
            true
        });
        for slot in slots.iter_mut() {
            slot.gone = !slot.live;
        }
    }
}
