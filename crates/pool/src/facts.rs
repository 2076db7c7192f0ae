//! What survives a restart: the facts, by fingerprint. Guesses are dropped, they would be stale.

use std::collections::HashMap;

use claviger_types::{Class, Fingerprint, Moment};

use crate::ids::ProviderId;
use crate::pool::Pool;
use crate::standing::{Comeback, Outage, Standing};

/// A credential, a model on it, or its account is out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Id of the provider.
    pub provider: String,
    /// Who.
    pub whose: Whose,
    /// Why.
    pub cause: Class,
    /// Since when.
    pub since: Moment,
    /// Until when; then a probe, or nothing, see `by_probe`.
    pub until: Moment,
    /// How often it was prolonged.
    pub trips: u32,
    /// Whether a probe must succeed before it is over.
    pub by_probe: bool,
    /// How many probes must.
    pub wanted: u32,
}

/// Who is out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A credential.
    Credential(Fingerprint),
    /// A model on a credential.
    Model(Fingerprint, String),
    /// All credentials of an account.
    Account(String),
}

impl Pool {
    /// All facts that hold or wait for their probe, in a stable order.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for (index, provider) in self.providers.iter().enumerate().filter(|(_, provider)| provider.live) {
            let name = &provider.name;
            let accounts = self.accounts.iter().filter(|account| account.provider.0 as usize == index);
            facts.extend(accounts.filter_map(|a| fact(name, Whose::Account(a.name.clone()), &a.standing)));
            let mut endpoints: Vec<_> = provider.endpoints.iter().collect();
            endpoints.sort();
            for slot in &provider.members {
                let slot = &self.slots[*slot as usize];
                facts.extend(fact(name, Whose::Credential(slot.fingerprint), &slot.standing));
            }
            for endpoint in endpoints.into_iter().filter_map(|(_, id)| self.endpoints.get(*id)) {
                facts.extend(endpoint.cells.iter().filter_map(|cell| {
                    let fingerprint = self.slots[cell.credential as usize].fingerprint;
                    fact(name, Whose::Model(fingerprint, endpoint.model.to_string()), &cell.standing)
                }));
            }
        }
        facts
    }

    /// Takes over facts of an earlier run, their moments translated into this one's; those about credentials that are
    /// not there are dropped. Returns how many were taken.
    pub fn restore(&mut self, now: Moment, facts: &[Fact]) -> usize {
        let mut taken = 0;
        let live = (0_u32..).map(ProviderId).zip(&self.providers).filter(|(_, provider)| provider.live);
        let providers: HashMap<String, ProviderId> = live.map(|(id, provider)| (provider.name.clone(), id)).collect();
        let members = self.slots.iter().zip(0_u32..).filter(|(slot, _)| slot.live);
        let members: HashMap<_, _> = members.map(|(slot, at)| ((slot.provider, slot.fingerprint), at)).collect();
        for fact in facts {
            let Some(provider) = providers.get(&fact.provider).copied() else { continue };
            let slot = |fingerprint: Fingerprint| members.get(&(provider, fingerprint)).copied();
            let standing = match &fact.whose {
                Whose::Credential(fingerprint) => match slot(*fingerprint) {
                    Some(slot) => &mut self.slots[slot as usize].standing,
                    None => continue,
                },
                Whose::Account(name) => match self.account_names.get(&(provider, name.clone())) {
                    Some(account) => &mut self.accounts[*account as usize].standing,
                    None => continue,
                },
                Whose::Model(fingerprint, model) => {
                    let Some(slot) = slot(*fingerprint) else { continue };
                    let id = self.endpoint(now, provider, model, fingerprint.as_u64());
                    let endpoint = self.endpoints.get_mut(id);
                    match endpoint.and_then(|e| e.cell_of(slot).map(|cell| &mut e.cells[cell].standing)) {
                        Some(standing) => standing,
                        None => continue,
                    }
                }
            };
            *standing = Standing::Out(outage(fact));
            taken += 1;
        }
        for provider in providers.into_values() {
            self.touch_all(provider);
        }
        taken
    }
}

fn fact(provider: &str, whose: Whose, standing: &Standing) -> Option<Fact> {
    let Standing::Out(out) = standing else { return None };
    (!out.cause.is_guess()).then(|| Fact {
        provider: provider.to_owned(),
        whose,
        cause: out.cause,
        since: out.since,
        until: out.until,
        trips: out.trips,
        by_probe: matches!(out.comeback, Comeback::ByProbe(_)),
        wanted: out.wanted,
    })
}

const fn outage(fact: &Fact) -> Outage {
    Outage {
        cause: fact.cause,
        since: fact.since,
        until: fact.until,
        trips: fact.trips,
        comeback: if fact.by_probe { Comeback::ByProbe(None) } else { Comeback::Freely },
        wanted: fact.wanted,
        whole: false,
        perhaps: fact.until,
    }
}
