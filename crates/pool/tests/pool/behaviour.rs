//! What the pool promises, one sentence a test.

use std::collections::HashMap;

use claviger_pool::{CredentialSpec, End, Need, Pool, Refusal, State, Turn};
use claviger_types::{Class, Moment, Scope, Verdict};

use crate::world::{Sim, provider, spec};

#[test]
fn shares_follow_the_weights_within_two_percent() {
    for weights in [vec![1, 1], vec![1, 2, 7], vec![5], vec![1, 100], vec![3, 3, 3, 1]] {
        let mut sim = Sim::with(&weights);
        let mut counts = HashMap::<usize, u32>::new();
        for _ in 0..100_000 {
            sim.advance(1);
            let lease = sim.first().expect("healthy");
            *counts.entry(sim.index(&lease)).or_default() += 1;
            sim.settle(lease, End::Good);
        }
        let all: u32 = weights.iter().sum();
        for (index, weight) in weights.iter().enumerate() {
            let share = f64::from(counts[&index]) / 100_000.0;
            let want = f64::from(*weight) / f64::from(all);
            assert!((share - want).abs() < 0.02 * want.max(0.05), "{weights:?}: {index} got {share}, wants {want}");
        }
    }
}

#[test]
fn a_fact_is_believed_at_once_and_nobody_asks_the_dead_again() {
    let mut sim = Sim::with(&[1, 1]);
    let lease = sim.first().unwrap();
    let dead = sim.index(&lease);
    sim.say(lease, Class::InvalidCredential);
    for _ in 0..100 {
        let lease = sim.first().unwrap();
        assert_ne!(sim.index(&lease), dead);
        sim.settle(lease, End::Good);
    }
    assert_eq!(sim.pool.snapshot(sim.now)[dead].state.name(), "quarantined");
}

#[test]
fn a_quarantined_credential_gets_one_probe_and_returns_when_it_succeeds() {
    let mut sim = Sim::with(&[1]);
    let lease = sim.first().unwrap();
    sim.say(lease, Class::InvalidCredential);
    assert!(matches!(sim.first(), Err(Refusal::Resting { .. })));
    sim.advance(20_000);
    let probe = sim.first().expect("one probe");
    assert!(probe.probe);
    assert!(sim.first().is_err(), "others wait for its verdict");
    sim.settle(probe, End::Good);
    assert!(!sim.first().expect("back").probe);
}

#[test]
fn a_tried_credential_is_not_given_again_to_the_same_request() {
    let mut sim = Sim::with(&[1, 1, 1]);
    let mut tried = Vec::new();
    for turn in [Turn::First, Turn::Rescue, Turn::Rescue] {
        let lease = sim.ask("m", &tried, turn).unwrap();
        assert!(!tried.contains(&lease.credential()));
        tried.push(lease.credential());
        sim.settle(lease, End::Cancelled);
    }
    assert!(matches!(sim.ask("m", &tried, Turn::Rescue), Err(Refusal::Tried { .. })));
}

#[test]
fn a_lost_permission_bars_the_model_only() {
    let mut sim = Sim::with(&[1]);
    let lease = sim.first().unwrap();
    sim.say(lease, Class::Permission);
    assert!(matches!(sim.first(), Err(Refusal::Resting { .. })));
    let lease = sim.ask("other", &[], Turn::First).expect("other models are fine");
    sim.settle(lease, End::Good);
}

#[test]
fn the_callers_mistake_harms_nobody() {
    let mut sim = Sim::with(&[1]);
    for class in [Class::BadRequest, Class::ContentPolicy, Class::PayloadTooLarge, Class::Unsupported] {
        for _ in 0..50 {
            let lease = sim.first().expect("still in");
            sim.say(lease, class);
        }
    }
    let view = &sim.pool.snapshot(sim.now)[0];
    assert_eq!((view.state, view.models[0].state, view.in_flight), (State::Ready, State::Ready, 0));
    assert!((view.models[0].score - 1.0).abs() < 1e-9);
}

#[test]
fn one_sick_credential_is_out_after_a_few_requests_while_its_neighbours_stay() {
    let mut sim = Sim::with(&[1, 1, 1]);
    let mut hits = 0;
    for _ in 0..200 {
        sim.advance(50);
        let lease = sim.first().unwrap();
        if sim.index(&lease) == 0 && !lease.probe {
            hits += 1;
            sim.say(lease, Class::ServerError);
        } else if sim.index(&lease) == 0 {
            sim.say(lease, Class::ServerError);
        } else {
            sim.settle(lease, End::Good);
        }
    }
    assert!(hits <= 4, "{hits} users met the sick one");
}

#[test]
fn an_outage_opens_the_endpoint_and_traffic_returns_with_the_first_good_probe() {
    let mut sim = Sim::with(&[1, 1, 1]);
    for _ in 0..30 {
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
    }
    sim.advance(20_000);
    let mut sent = 0;
    for _ in 0..400 {
        sim.advance(25);
        if let Ok(lease) = sim.first() {
            sent += 1;
            sim.say(lease, Class::ServerError);
        }
    }
    assert!(sent < 60, "{sent} attempts in a ten-second outage");
    sim.advance(600);
    let probe = sim.first().expect("a probe");
    sim.settle(probe, End::Good);
    let served = (0..10).filter(|_| sim.first().map(|lease| sim.settle(lease, End::Good)).is_ok()).count();
    assert_eq!(served, 10);
}

#[test]
fn accounts_share_a_quota_fact() {
    let mut pool = Pool::new();
    let of = |name: &str| CredentialSpec { account: Some("acme".to_owned()), ..spec(name, 1) };
    let roster = pool.reconcile(Moment::START, &[provider(vec![of("a"), of("b"), spec("c", 1)])]);
    let targets = [(roster.providers[0], "m")];
    let need = Need::first(&targets);
    let pinned = Need { pinned: Some(roster.credentials[0][0]), ..need };
    let lease = pool.lease(Moment::START, &pinned, 1).unwrap();
    let verdict = Verdict::of(Class::QuotaExhausted, "test").scoped(Scope::Account);
    pool.settle(Moment::START, lease, End::Said(verdict), 1);
    for dice in 0..20 {
        let lease = pool.lease(Moment::START, &need, dice).unwrap();
        assert_eq!(lease.credential(), roster.credentials[0][2]);
        pool.settle(Moment::START, lease, End::Good, dice);
    }
}

#[test]
fn a_reload_keeps_what_was_learned_and_forgets_who_is_gone() {
    let mut sim = Sim::with(&[1, 1]);
    let lease = sim.first().unwrap();
    let dead = sim.index(&lease);
    let flying = sim.first().unwrap();
    sim.say(lease, Class::InvalidCredential);
    let keep = spec(&format!("key-{dead}"), 1);
    let before = sim.credential(dead);
    let roster = sim.pool.reconcile(sim.now, &[provider(vec![spec("new", 1), keep])]);
    assert_eq!(roster.credentials[0][1], before);
    sim.settle(flying, End::Good);
    sim.roster = roster;
    for _ in 0..20 {
        let lease = sim.first().unwrap();
        assert_eq!(sim.index(&lease), 0, "the dead one stays out");
        sim.settle(lease, End::Good);
    }
}

#[test]
fn made_up_model_names_do_not_fill_the_memory() {
    let mut sim = Sim::with(&[1]);
    for i in 0..3000 {
        let lease = sim.ask(&format!("made-up-{i}"), &[], Turn::First).unwrap();
        sim.say(lease, Class::ModelUnavailable);
    }
    assert!(sim.pool.snapshot(sim.now)[0].models.len() <= 512);
}

#[test]
fn ninety_nine_broken_ones_do_not_hide_the_hundredth() {
    let classes =
        [Class::InvalidCredential, Class::QuotaExhausted, Class::ServerError, Class::Connection, Class::Permission];
    let mut sim = Sim::with(&[1; 100]);
    for _ in 0..50 {
        let (mut tried, mut guesses) = (Vec::new(), 0);
        loop {
            let turn = if tried.is_empty() { Turn::First } else { Turn::Rescue };
            let lease = sim.ask("m", &tried, turn).expect("the hundredth is free");
            let index = sim.index(&lease);
            if index == 37 {
                sim.settle(lease, End::Good);
                break;
            }
            let class = classes[index % classes.len()];
            guesses += u32::from(class.is_guess());
            tried.push(lease.credential());
            sim.say(lease, class);
        }
        assert!(tried.len() < 100 && guesses <= 40);
    }
}

#[test]
fn no_credential_speaks_for_the_whole_provider() {
    let mut sim = Sim::with(&[1; 30]);
    let refused = Verdict::of(Class::Permission, "test").scoped(Scope::Provider);
    for _ in 0..29 {
        let lease = sim.first().expect("the others are still asked");
        sim.settle(lease, End::Said(refused));
    }
    let last = sim.first().expect("one may still be welcome");
    sim.settle(last, End::Good);
    assert!(sim.first().is_ok());
}

#[test]
fn after_an_outage_that_called_itself_overload_all_traffic_returns_at_once() {
    let mut sim = Sim::with(&[1, 1, 1]);
    for _ in 0..60 {
        sim.advance(50);
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
    }
    for _ in 0..400 {
        sim.advance(50);
        if let Ok(lease) = sim.first() {
            sim.say(lease, Class::Overloaded);
        }
    }
    sim.advance(1500);
    let probe = sim.first().expect("a probe");
    sim.settle(probe, End::Good);
    let served = (0..50).filter(|_| {
        sim.advance(20);
        sim.first().map(|lease| sim.settle(lease, End::Good)).is_ok()
    });
    assert_eq!(served.count(), 50);
}
