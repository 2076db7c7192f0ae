//! Random histories: faults, clock jumps, reloads, cancellations, drops; invariants after every step.

use std::collections::HashMap;
use std::time::Duration;

use claviger_pool::{
    CredentialId, CredentialSpec, End, Lease, Limits, Need, Pool, ProviderId, ProviderSpec, Say, Turn,
};
use claviger_types::{Class, Moment, Scope, Secret, Verdict};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Lease { model: u8, tried: u8 },
    Progress(u8),
    Settle { which: u8, class: u8, scope: u8, hint: Option<u16> },
    Good(u8),
    Cancel(u8),
    Advance(u32),
    Reload { keep: u8 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..3_u8, any::<u8>()).prop_map(|(model, tried)| Act::Lease { model, tried }),
        2 => any::<u8>().prop_map(Act::Progress),
        4 => (any::<u8>(), 0..13_u8, 0..5_u8, proptest::option::of(any::<u16>()))
            .prop_map(|(which, class, scope, hint)| Act::Settle { which, class, scope, hint }),
        3 => any::<u8>().prop_map(Act::Good),
        1 => any::<u8>().prop_map(Act::Cancel),
        2 => (0..100_000_u32).prop_map(Act::Advance),
        1 => any::<u8>().prop_map(|keep| Act::Reload { keep }),
    ]
}

fn specs(keep: u8) -> Vec<CredentialSpec> {
    (0..8)
        .filter(|i| keep & (1 << i) != 0 || *i == 0)
        .map(|i| CredentialSpec {
            fingerprint: Secret::new(format!("key-{i}")).fingerprint(),
            weight: 1 + i,
            account: (i % 3 == 0).then(|| "shared".to_owned()),
            models: Vec::new(),
            limits: Limits {
                concurrency: (i % 4 == 1).then_some(2),
                rpm: (i % 5 == 2).then_some(30),
                ..Limits::default()
            },
        })
        .collect()
}

fn provider(credentials: Vec<CredentialSpec>) -> ProviderSpec {
    ProviderSpec { id: "p".to_owned(), credentials, ..ProviderSpec::default() }
}

fn breaker_open(pool: &mut Pool, now: Moment, targets: &[(ProviderId, &str)]) -> bool {
    pool.explain(now, targets).0.iter().any(|endpoint| endpoint.breaker.is_open() || endpoint.pace.is_some())
}

fn end_of(class: u8, scope: u8, hint: Option<u16>) -> End {
    const SCOPES: [Scope; 5] = [Scope::Token, Scope::TokenModel, Scope::Account, Scope::Provider, Scope::Request];
    let verdict = Verdict::of(Class::ALL[usize::from(class)], "history").scoped(SCOPES[usize::from(scope)]);
    End::Said(verdict.hinted(hint.map(|ms| Duration::from_millis(u64::from(ms)))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn every_history_keeps_the_books(acts in proptest::collection::vec(act(), 1..200), seed in any::<u64>()) {
        let mut pool = Pool::new();
        let mut roster = pool.reconcile(Moment::START, &[provider(specs(255))]);
        let (mut now, mut dice) = (Moment::START, seed);
        let mut open: Vec<Lease> = Vec::new();
        for act in acts {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match act {
                Act::Lease { model, tried } => {
                    let ids = &roster.credentials[0];
                    let tried: Vec<CredentialId> =
                        ids.iter().enumerate().filter(|(i, _)| tried & (1 << i) != 0).map(|(_, id)| *id).collect();
                    let model = format!("m{model}");
                    let targets = [(roster.providers[0], model.as_str())];
                    let turn = if tried.is_empty() { Turn::First } else { Turn::Rescue };
                    let need = Need { tried: &tried, turn, cost: 10, ..Need::first(&targets) };
                    // counted anew, cell by cell, while the choice goes by what it remembers
                    let (_, explained) = pool.explain(now, &targets);
                    let untried = || explained.iter().filter(|one| !tried.contains(&one.credential));
                    match pool.lease(now, &need, dice) {
                        Ok(lease) => {
                            prop_assert!(!tried.contains(&lease.credential()), "a tried credential was given again");
                            let said = untried().find(|one| one.credential == lease.credential());
                            let say = said.map(|one| one.say);
                            let guess = matches!(say, Some(Say::Resting { cause, .. }) if cause.is_guess());
                            let free = matches!(say, Some(Say::Ready | Say::Due { .. } | Say::Endpoint));
                            prop_assert!(free || guess, "{:?} was given", say);
                            if guess {
                                prop_assert!(!untried().any(|one| one.say == Say::Ready), "somebody healthy was there");
                            }
                            open.push(lease);
                        }
                        Err(_) => {
                            let waits = untried().filter(|one| one.pace.is_none() && one.window.is_none());
                            let ready = waits.filter(|one| one.say == Say::Ready).count();
                            prop_assert!(ready == 0 || breaker_open(&mut pool, now, &targets), "{ready} were ready");
                        }
                    }
                }
                Act::Progress(which) if !open.is_empty() => {
                    let which = usize::from(which) % open.len();
                    pool.progressed(now, &mut open[which]);
                }
                Act::Settle { which, class, scope, hint } if !open.is_empty() => {
                    let lease = open.swap_remove(usize::from(which) % open.len());
                    pool.settle(now, lease, end_of(class, scope, hint), dice);
                }
                Act::Good(which) if !open.is_empty() => {
                    let lease = open.swap_remove(usize::from(which) % open.len());
                    pool.settle(now, lease, End::Good, dice);
                }
                Act::Cancel(which) if !open.is_empty() => {
                    let lease = open.swap_remove(usize::from(which) % open.len());
                    pool.settle(now, lease, End::Cancelled, dice);
                }
                Act::Advance(ms) => now = now.plus(Duration::from_millis(u64::from(ms))),
                Act::Reload { keep } => roster = pool.reconcile(now, &[provider(specs(keep))]),
                Act::Progress(_) | Act::Settle { .. } | Act::Good(_) | Act::Cancel(_) => {}
            }
            let mut mine: HashMap<CredentialId, u32> = HashMap::new();
            for lease in &open {
                *mine.entry(lease.credential()).or_default() += 1;
            }
            for view in pool.snapshot(now) {
                let expected = mine.get(&view.id).copied().unwrap_or(0);
                prop_assert!(view.in_flight <= expected, "{} in flight of {} leases", view.in_flight, expected);
                for model in &view.models {
                    prop_assert!((0.0..=1.0).contains(&model.score) && (0.0..=1.0 + 1e-9).contains(&model.share));
                }
            }
        }
    }
}
