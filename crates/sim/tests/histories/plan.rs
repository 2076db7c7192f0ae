//! What a history is about: a random pool, a random route, and what happens to whom when.

use std::sync::Arc;
use std::time::Duration;

use claviger_flow::{Matcher, Route};
use claviger_pool::{CredentialSpec, Health, Limits, ProviderSpec, Strategy};
use claviger_sim::chance::Dice;
use claviger_types::Secret;

/// Models that are asked for.
pub(crate) const MODELS: [&str; 3] = ["m0", "m1", "m2"];
/// Seconds in which requests arrive.
pub(crate) const LENGTH: f64 = 40.0;

/// A history before it is played.
pub(crate) struct Plan {
    pub(crate) providers: Vec<Provider>,
    /// Providers of each tier.
    pub(crate) tiers: Vec<Vec<usize>>,
    pub(crate) route: Arc<Route>,
    /// Only facts happen, and the first credential of the first provider is healthy for ever: all is to be served.
    pub(crate) facts_only: bool,
    /// Requests per second.
    pub(crate) rate: f64,
    /// How many models are asked for.
    pub(crate) models: usize,
    /// How many clients leave.
    pub(crate) leaving: f64,
    /// How many requests are malformed.
    pub(crate) malformed: f64,
    pub(crate) reloads: Vec<f64>,
    /// When, and for how long nothing moves.
    pub(crate) jumps: Vec<(f64, f64)>,
}

pub(crate) struct Provider {
    pub(crate) strategy: Strategy,
    pub(crate) health: Health,
    pub(crate) credentials: Vec<Credential>,
    /// From, to, and what everybody meets.
    pub(crate) outages: Vec<(f64, f64, Nature)>,
}

#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) spec: CredentialSpec,
    pub(crate) nature: Nature,
    /// When it behaves so; else it is healthy.
    pub(crate) during: (f64, f64),
    /// Whether the configuration has it.
    pub(crate) present: bool,
}

/// How somebody behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nature {
    Healthy,
    Dead,
    Broke,
    /// For one model.
    Barred(usize),
    /// So many per second; whether it says when to come back.
    Limited(f64, bool),
    /// Fails so often.
    Flaky(f64),
    Failing,
    Overloaded,
    Silent,
    Slow,
    /// Cuts so many of its answers.
    Cutting(f64),
}

impl Plan {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let facts_only = dice.chance(0.3);
        let count = 1 + dice.below(3);
        let size = [3, 8, 60][dice.below(3)];
        let providers: Vec<Provider> = (0..count).map(|index| provider(dice, index, size, facts_only)).collect();
        let tiers = match count {
            1 => vec![vec![0]],
            _ if dice.chance(0.5) => vec![(0..count).collect()],
            _ => (0..count).map(|index| vec![index]).collect(),
        };
        let times = |dice: &mut Dice, most: usize| {
            let count = dice.below(most + 1);
            (0..count).map(|_| dice.unit() * LENGTH).collect::<Vec<f64>>()
        };
        let reloads = if dice.chance(0.4) { times(dice, 4) } else { Vec::new() };
        let jumps = if dice.chance(0.3) { times(dice, 2) } else { Vec::new() };
        Self {
            providers,
            tiers,
            route: Arc::new(route(dice, facts_only)),
            facts_only,
            rate: [0.5, 2.0, 5.0][dice.below(3)],
            models: 1 + dice.below(MODELS.len()),
            leaving: if dice.chance(0.5) { 0.15 } else { 0.0 },
            malformed: if dice.chance(0.3) { 0.1 } else { 0.0 },
            reloads,
            jumps: jumps.into_iter().map(|at| (at, dice.unit() * 8.0)).collect(),
        }
    }

    /// The configuration as it is now.
    pub(crate) fn wanted(&self) -> Vec<ProviderSpec> {
        let all = self.providers.iter().enumerate();
        all.map(|(index, provider)| ProviderSpec {
            id: format!("p{index}"),
            strategy: provider.strategy,
            health: provider.health,
            credentials: provider.credentials.iter().filter(|c| c.present).map(|c| c.spec.clone()).collect(),
        })
        .collect()
    }

    /// Some come, some go, some weigh more than before.
    pub(crate) fn reload(&mut self, dice: &mut Dice) {
        for (p, provider) in self.providers.iter_mut().enumerate() {
            for (c, credential) in provider.credentials.iter_mut().enumerate() {
                if (p, c) != (0, 0) && dice.chance(0.2) {
                    credential.present = !credential.present;
                }
                if dice.chance(0.2) {
                    credential.spec.weight = 1 + dice.below(9) as u32;
                }
            }
        }
    }
}

fn route(dice: &mut Dice, facts_only: bool) -> Route {
    let limited = !facts_only && dice.chance(0.1);
    Route {
        name: "history".to_owned(),
        matcher: Matcher::default(),
        tiers: Vec::new(),
        deadline: Duration::from_millis(3_000 + dice.below(20_000) as u64),
        max_wait: Duration::from_millis([0, 2_000, 5_000][dice.below(3)]),
        patience: Duration::from_millis(2_500),
        first_token_timeout: Duration::from_millis(1_000 + dice.below(9_000) as u64),
        stream_idle_timeout: Duration::from_secs(60),
        guess_budget: 4,
        max_attempts: limited.then(|| 1 + dice.below(3) as u32),
        reuse_failed: !facts_only && dice.chance(0.1),
        strict_translation: false,
    }
}

fn provider(dice: &mut Dice, index: usize, size: usize, facts_only: bool) -> Provider {
    let strategies = [
        Strategy::Weighted,
        Strategy::Priority,
        Strategy::LeastLatency,
        Strategy::RoundRobin,
        Strategy::Random,
        Strategy::Sticky,
    ];
    let strategy = if dice.chance(0.5) { Strategy::Weighted } else { strategies[dice.below(strategies.len())] };
    let mut credentials: Vec<Credential> =
        (0..1 + dice.below(size)).map(|number| credential(dice, (index, number), facts_only)).collect();
    if facts_only && index == 0 {
        credentials[0].nature = Nature::Healthy;
        credentials[0].spec = CredentialSpec::new(credentials[0].spec.fingerprint);
    }
    let kinds = [Nature::Failing, Nature::Overloaded, Nature::Silent, Nature::Flaky(0.5)];
    let outages = if facts_only { 0 } else { dice.below(3) };
    let outage = |_| {
        let from = dice.unit() * LENGTH;
        (from, from + dice.unit() * 12.0, kinds[dice.below(kinds.len())])
    };
    let outages = (0..outages).map(outage).collect();
    Provider { strategy, health: health(dice), credentials, outages }
}

fn health(dice: &mut Dice) -> Health {
    if !dice.chance(0.2) {
        return Health::default();
    }
    Health {
        failure_threshold: Some(1 + dice.below(4) as u32),
        success_threshold: Some(1 + dice.below(3) as u32),
        interval: Some(Duration::from_secs(1 + dice.below(10) as u64)),
        ..Health::default()
    }
}

fn credential(dice: &mut Dice, (provider, number): (usize, usize), facts_only: bool) -> Credential {
    let mut spec = CredentialSpec::new(Secret::new(format!("key-{provider}-{number}")).fingerprint());
    spec.weight = 1 + dice.below(9) as u32;
    if dice.chance(0.2) {
        spec.account = Some(format!("a{}", dice.below(3)));
    }
    if dice.chance(0.1) {
        spec.models = vec![MODELS[dice.below(MODELS.len())].to_owned()];
    }
    if dice.chance(0.1) {
        spec.limits = Limits {
            concurrency: dice.chance(0.5).then(|| 1 + dice.below(3) as u32),
            rpm: dice.chance(0.5).then(|| 5 + dice.below(100) as u64),
            ..Limits::default()
        };
    }
    let facts = [
        Nature::Healthy,
        Nature::Dead,
        Nature::Broke,
        Nature::Barred(dice.below(MODELS.len())),
        Nature::Limited(0.2 + dice.unit() * 3.0, dice.chance(0.5)),
    ];
    let guesses =
        [Nature::Flaky(dice.unit()), Nature::Failing, Nature::Silent, Nature::Slow, Nature::Cutting(dice.unit())];
    let nature = match dice.below(10) {
        0..4 => Nature::Healthy,
        4..7 => facts[dice.below(facts.len())],
        _ if facts_only => facts[dice.below(facts.len())],
        _ => guesses[dice.below(guesses.len())],
    };
    let from = if dice.chance(0.4) { 0.0 } else { dice.unit() * LENGTH };
    let during = (from, from + if dice.chance(0.3) { 1e9 } else { dice.unit() * 20.0 });
    Credential { spec, nature, during, present: (provider, number) == (0, 0) || dice.chance(0.9) }
}
