//! How each strategy chooses.

use std::collections::HashMap;
use std::time::Duration;

use claviger_pool::{CredentialId, CredentialSpec, End, Lease, Need, ProviderSpec, Strategy};
use claviger_types::{Class, Secret};

use crate::world::{Sim, provider, spec};

fn sim(strategy: Strategy, weights: &[u32]) -> Sim {
    let specs = weights.iter().enumerate().map(|(i, w)| spec(&format!("key-{i}"), *w)).collect();
    Sim::of(ProviderSpec { strategy, ..provider(specs) })
}

fn counts(sim: &mut Sim, requests: usize) -> Vec<usize> {
    let mut counts = vec![0; sim.roster.credentials[0].len()];
    for _ in 0..requests {
        sim.advance(1);
        let Ok(lease) = sim.first() else { panic!("everybody is healthy") };
        counts[sim.index(&lease)] += 1;
        sim.settle(lease, End::Good);
    }
    counts
}

#[test]
fn priority_uses_up_one_before_the_next() {
    let mut sim = sim(Strategy::Priority, &[1, 100, 1]);
    assert_eq!(counts(&mut sim, 100), [100, 0, 0]);
    let lease = sim.first().unwrap();
    sim.say(lease, Class::QuotaExhausted);
    assert_eq!(counts(&mut sim, 100), [0, 100, 0]);
}

#[test]
fn priority_follows_the_configuration_after_a_reload_too() {
    let mut sim = sim(Strategy::Priority, &[1, 1]);
    let specs = vec![spec("new", 1), spec("key-1", 1), spec("key-0", 1)];
    sim.roster = sim.pool.reconcile(sim.now, &[ProviderSpec { strategy: Strategy::Priority, ..provider(specs) }]);
    assert_eq!(counts(&mut sim, 10), [10, 0, 0]);
}

#[test]
fn round_robin_takes_turns_whatever_the_weights() {
    let mut sim = sim(Strategy::RoundRobin, &[1, 50, 7]);
    let counts = counts(&mut sim, 300);
    assert!(counts.iter().all(|count| (99..=101).contains(count)), "{counts:?}");
}

#[test]
fn random_is_even_and_passes_over_those_who_are_out() {
    let mut sim = sim(Strategy::Random, &[1, 9, 1, 1]);
    let lease = sim.first().unwrap();
    let out = sim.index(&lease);
    sim.say(lease, Class::InvalidCredential);
    let counts = counts(&mut sim, 3000);
    for (index, count) in counts.iter().enumerate() {
        let expected = if index == out { 0..=0 } else { 880..=1120 };
        assert!(expected.contains(count), "{counts:?}");
    }
}

#[test]
fn least_latency_prefers_who_speaks_first_and_goes_on_looking() {
    let mut sim = sim(Strategy::LeastLatency, &[1, 1, 1]);
    let mut counts = [0; 3];
    for _ in 0..300 {
        let mut lease = sim.first().unwrap();
        let index = sim.index(&lease);
        counts[index] += 1;
        sim.advance(if index == 1 { 100 } else { 400 });
        sim.pool.progressed(sim.now, &mut lease);
        sim.settle(lease, End::Good);
    }
    assert!(counts[1] > 250, "{counts:?}");
    assert!(counts[0] > 0 && counts[2] > 0, "{counts:?}");
}

fn of_conversation(sim: &mut Sim, key: u64) -> Lease {
    let Ok(lease) = sim.ask_with("m", |need| Need { affinity: Some(key), ..need }) else { panic!("nobody is free") };
    lease
}

/// Where each of a thousand conversations goes, one at a time.
fn homes(sim: &mut Sim) -> HashMap<u64, CredentialId> {
    let mut homes = HashMap::new();
    for key in 0..1000 {
        sim.advance(1);
        let lease = of_conversation(sim, key);
        homes.insert(key, lease.credential());
        sim.settle(lease, End::Good);
    }
    homes
}

#[test]
fn sticky_keeps_a_conversation_where_it_is() {
    let mut sim = sim(Strategy::Sticky, &[1; 8]);
    let first = homes(&mut sim);
    assert_eq!(first, homes(&mut sim));
    let mut counts = HashMap::<_, u32>::new();
    first.values().for_each(|id| *counts.entry(*id).or_default() += 1);
    assert!(counts.len() == 8 && counts.values().all(|count| (40..=260).contains(count)), "{counts:?}");
}

#[test]
fn sticky_moves_only_what_it_must_when_credentials_come_and_go() {
    let mut sim = sim(Strategy::Sticky, &[1; 8]);
    let before = homes(&mut sim);
    let specs = (0..9).filter(|i| *i != 3).map(|i| spec(&format!("key-{i}"), 1)).collect();
    let gone = sim.credential(3);
    sim.roster = sim.pool.reconcile(sim.now, &[ProviderSpec { strategy: Strategy::Sticky, ..provider(specs) }]);
    let newcomer = sim.roster.credentials[0][7];
    for (key, home) in homes(&mut sim) {
        let was = before[&key];
        assert!(home == was || was == gone || home == newcomer, "conversation {key} moved for nothing");
    }
}

#[test]
fn sticky_spreads_what_is_more_than_a_fair_share() {
    let mut sim = sim(Strategy::Sticky, &[1; 4]);
    let leases: Vec<Lease> = (0..100).map(|_| of_conversation(&mut sim, 7)).collect();
    let mut counts = HashMap::<_, u32>::new();
    leases.iter().for_each(|lease| *counts.entry(lease.credential()).or_default() += 1);
    assert!(counts.values().all(|count| *count <= 33), "{counts:?}");
}

#[test]
fn weights_hold_among_ten_thousand() {
    let specs: Vec<CredentialSpec> = (0..10_000_u32)
        .map(|i| CredentialSpec {
            weight: 1 + i % 3,
            ..CredentialSpec::new(Secret::new(format!("key-{i}")).fingerprint())
        })
        .collect();
    let mut sim = Sim::of(provider(specs));
    let mut by_weight = [0_u32; 3];
    for _ in 0..60_000 {
        sim.now = sim.now.plus(Duration::from_micros(50));
        let lease = sim.first().unwrap();
        by_weight[sim.index(&lease) % 3] += 1;
        sim.settle(lease, End::Good);
    }
    for (index, count) in by_weight.iter().enumerate() {
        let expected = 10_000.0 * (index + 1) as f64;
        assert!((f64::from(*count) / expected - 1.0).abs() < 0.02, "{by_weight:?}");
    }
}
