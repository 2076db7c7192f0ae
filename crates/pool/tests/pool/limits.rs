//! Limits: stated by the operator, told by the provider, learned.

use std::time::Duration;

use claviger_pool::{CredentialSpec, End, Lease, Limits, Need, Refusal};
use claviger_types::{Allowance, Budget, Class, Verdict};

use crate::world::{Sim, provider, spec};

fn limited(limits: Limits) -> Sim {
    Sim::of(provider(vec![CredentialSpec { limits, ..spec("key-0", 1) }]))
}

fn said(remaining: u64, reset: Duration) -> Allowance {
    Allowance { requests: Some(Budget { limit: Some(10), remaining, reset: Some(reset) }), usage: None }
}

#[test]
fn stated_limits_hold_for_all_models_together_and_for_those_who_cannot_wait() {
    let mut sim = limited(Limits { concurrency: Some(2), ..Limits::default() });
    let one = sim.ask_with("a", |need| need).unwrap();
    let two = sim.ask_with("b", |need| need).unwrap();
    let hasty = |need: Need<'static>| Need { patient: false, last: true, ..need };
    let refused = sim.ask_with("a", hasty).unwrap_err();
    assert!(matches!(refused, Refusal::Resting { census, .. } if census.limited == 1), "{refused:?}");
    sim.settle(one, End::Good);
    let three = sim.ask_with("b", |need| need).unwrap();
    sim.settle(two, End::Cancelled);
    sim.settle(three, End::Good);
    assert!(sim.first().is_ok());
}

#[test]
fn a_minutes_attempts_used_up_are_waited_for() {
    let mut sim = limited(Limits { rpm: Some(3), ..Limits::default() });
    for _ in 0..3 {
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
    }
    let Err(Refusal::Resting { until, .. }) = sim.first() else { panic!("used up") };
    let wait = until.since(sim.now);
    assert!((55..=61).contains(&wait.as_secs()), "{wait:?}");
    sim.now = until;
    assert!(sim.first().is_ok());
}

#[test]
fn usage_is_reserved_and_corrected_by_what_came_back() {
    let mut sim = limited(Limits { tpm: Some(1000), ..Limits::default() });
    let costs = |cost| move |need: Need<'static>| Need { cost, ..need };
    let mut lease = sim.ask_with("m", costs(800)).unwrap();
    assert!(sim.ask_with("m", costs(300)).is_err(), "reserved");
    let small = sim.ask_with("m", costs(100)).unwrap();
    sim.settle(small, End::Cancelled);
    lease.used(50);
    sim.settle(lease, End::Good);
    let next = sim.ask_with("m", costs(700)).unwrap();
    sim.settle(next, End::Said(Verdict::of(Class::RateLimited, "test")));
}

#[test]
fn who_has_nothing_left_is_not_asked_until_the_reset() {
    let mut sim = Sim::with(&[1, 1]);
    let mut lease = sim.first().unwrap();
    sim.pool.progressed(sim.now, &mut lease);
    sim.pool.allowance(sim.now, &lease, &said(0, Duration::from_millis(700)));
    let spent = sim.index(&lease);
    for _ in 0..20 {
        let other = sim.first().unwrap();
        assert_ne!(sim.index(&other), spent);
        sim.settle(other, End::Good);
    }
    sim.settle(lease, End::Good);
    sim.advance(800);
    let asked: Vec<usize> = (0..4)
        .map(|_| {
            let lease = sim.first().unwrap();
            let index = sim.index(&lease);
            sim.settle(lease, End::Good);
            index
        })
        .collect();
    assert!(asked.contains(&spent), "{asked:?}");
}

#[test]
fn requests_sent_since_are_counted_off_what_was_left() {
    let mut sim = Sim::with(&[1]);
    let mut first = sim.first().unwrap();
    let others: Vec<Lease> = (0..3).map(|_| sim.first().unwrap()).collect();
    sim.pool.progressed(sim.now, &mut first);
    sim.pool.allowance(sim.now, &first, &said(5, Duration::from_millis(900)));
    let more: Vec<Lease> = std::iter::from_fn(|| sim.first().ok()).collect();
    assert_eq!(more.len(), 2, "three of the five were on their way");
    for lease in others.into_iter().chain(more).chain([first]) {
        sim.settle(lease, End::Good);
    }
}

#[test]
fn a_nearly_used_up_quota_costs_share() {
    let mut sim = Sim::with(&[1, 1]);
    let mut lease = sim.first().unwrap();
    sim.pool.progressed(sim.now, &mut lease);
    let thin = Budget { limit: Some(10_000), remaining: 200, reset: Some(Duration::from_secs(30)) };
    sim.pool.allowance(sim.now, &lease, &Allowance { requests: Some(thin), usage: None });
    let index = sim.index(&lease);
    sim.settle(lease, End::Good);
    let mut count = 0;
    for _ in 0..120 {
        sim.advance(1);
        let lease = sim.first().unwrap();
        count += u32::from(sim.index(&lease) == index);
        sim.settle(lease, End::Good);
    }
    assert!((10..=30).contains(&count), "{count} of 120 with a fifth of the share");
}

#[test]
fn where_the_reset_comes_as_a_whole_it_is_waited_for_after_one_refusal() {
    let mut sim = Sim::with(&[1]);
    let told = |sim: &mut Sim| {
        let mut lease = sim.first().unwrap();
        sim.pool.progressed(sim.now, &mut lease);
        sim.pool.allowance(sim.now, &lease, &said(0, Duration::from_secs(20)));
        sim.settle(lease, End::Good);
        let Err(Refusal::Resting { until, .. }) = sim.first() else { panic!("nothing is left") };
        until.since(sim.now)
    };
    assert_eq!(told(&mut sim), Duration::from_secs(1), "many refill bit by bit");
    sim.advance(1100);
    let lease = sim.first().unwrap();
    let hint = Some(Duration::from_secs(19));
    sim.settle(lease, End::Said(Verdict::of(Class::RateLimited, "test").hinted(hint)));
    sim.advance(30_000);
    assert_eq!(told(&mut sim), Duration::from_secs(20));
}
