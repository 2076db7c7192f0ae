//! A pool, a clock and dice to play with.

use std::time::Duration;

use claviger_pool::{
    CredentialId, CredentialSpec, End, Lease, Need, Pool, ProviderId, ProviderSpec, Refusal, Roster, Turn,
};
use claviger_types::{Class, Moment, Secret, Verdict};

pub(crate) struct Sim {
    pub(crate) pool: Pool,
    pub(crate) roster: Roster,
    pub(crate) now: Moment,
    pub(crate) dice: u64,
}

pub(crate) fn spec(name: &str, weight: u32) -> CredentialSpec {
    CredentialSpec { weight, ..CredentialSpec::new(Secret::new(name).fingerprint()) }
}

pub(crate) fn provider(credentials: Vec<CredentialSpec>) -> ProviderSpec {
    ProviderSpec { id: "main".to_owned(), credentials, ..ProviderSpec::default() }
}

impl Sim {
    pub(crate) fn with(weights: &[u32]) -> Self {
        let specs = weights.iter().enumerate().map(|(i, w)| spec(&format!("key-{i}"), *w)).collect();
        Self::of(provider(specs))
    }

    pub(crate) fn of(provider: ProviderSpec) -> Self {
        let mut pool = Pool::new();
        let roster = pool.reconcile(Moment::START, &[provider]);
        Self { pool, roster, now: Moment::START.plus(Duration::from_secs(1)), dice: 1 }
    }

    pub(crate) fn credential(&self, index: usize) -> CredentialId {
        self.roster.credentials[0][index]
    }

    pub(crate) fn index(&self, lease: &Lease) -> usize {
        self.roster.credentials[0].iter().position(|id| *id == lease.credential()).unwrap_or(usize::MAX)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.dice
    }

    pub(crate) fn ask(&mut self, model: &str, tried: &[CredentialId], turn: Turn) -> Result<Lease, Refusal> {
        self.ask_with(model, |need| Need { tried, turn, ..need })
    }

    pub(crate) fn ask_with<'a>(
        &mut self,
        model: &'a str,
        change: impl FnOnce(Need<'a>) -> Need<'a>,
    ) -> Result<Lease, Refusal> {
        let targets: [(ProviderId, &str); 1] = [(self.roster.providers[0], model)];
        let dice = self.roll();
        let need = change(Need::first(&[]));
        self.pool.lease(self.now, &Need { targets: &targets, ..need }, dice)
    }

    pub(crate) fn first(&mut self) -> Result<Lease, Refusal> {
        self.ask("m", &[], Turn::First)
    }

    pub(crate) fn settle(&mut self, lease: Lease, end: End) {
        let dice = self.roll();
        self.pool.settle(self.now, lease, end, dice);
    }

    pub(crate) fn advance(&mut self, millis: u64) {
        self.now = self.now.plus(Duration::from_millis(millis));
    }

    pub(crate) fn say(&mut self, lease: Lease, class: Class) {
        self.settle(lease, End::Said(Verdict::of(class, "test")));
    }
}
