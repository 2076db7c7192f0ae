//! How those who are out come back.

use std::time::Duration;

use claviger_pool::{Checks, End, Health, Need, Pool, ProviderSpec, Refusal, State, Turn};
use claviger_types::{Class, Moment, Verdict};

use crate::world::{Sim, provider, spec};

fn with_health(health: Health, credentials: usize) -> Sim {
    let specs = (0..credentials).map(|i| spec(&format!("key-{i}"), 1)).collect();
    Sim::of(ProviderSpec { health, ..provider(specs) })
}

fn state(sim: &Sim, index: usize) -> State {
    sim.pool.snapshot(sim.now)[index].state
}

#[test]
fn a_listing_brings_a_key_back_without_any_callers_request() {
    let mut sim = with_health(Health { checks: Checks::Keys, ..Health::default() }, 2);
    let lease = sim.first().unwrap();
    let dead = sim.index(&lease);
    sim.say(lease, Class::InvalidCredential);
    assert!(sim.pool.checks_of(sim.now, sim.roster.providers[0], 8).is_empty(), "it rests");
    sim.advance(20_000);
    for _ in 0..20 {
        let lease = sim.first().unwrap();
        assert_ne!(sim.index(&lease), dead, "left to the check while others are there");
        sim.settle(lease, End::Good);
    }
    let checks = sim.pool.checks_of(sim.now, sim.roster.providers[0], 8);
    assert_eq!(checks.len(), 1);
    assert!(sim.pool.checks_of(sim.now, sim.roster.providers[0], 8).is_empty(), "one probe at a time");
    let refused = End::Said(Verdict::of(Class::InvalidCredential, "test"));
    assert!(!sim.pool.checked(sim.now, &checks[0], refused, 7));
    sim.advance(20_000);
    assert!(sim.pool.checks_of(sim.now, sim.roster.providers[0], 8).is_empty(), "the second rest is longer");
    sim.advance(20_000);
    let checks = sim.pool.checks_of(sim.now, sim.roster.providers[0], 8);
    assert!(sim.pool.checked(sim.now, &checks[0], End::Good, 7));
    assert_eq!(state(&sim, dead), State::Ready);
}

#[test]
fn a_provider_without_listings_is_probed_by_requests() {
    let mut sim = with_health(Health { checks: Checks::Keys, ..Health::default() }, 1);
    let lease = sim.first().unwrap();
    sim.say(lease, Class::InvalidCredential);
    sim.pool.uncheckable(sim.roster.providers[0]);
    sim.advance(20_000);
    assert!(sim.pool.checks_of(sim.now, sim.roster.providers[0], 8).is_empty());
    let lease = sim.first().unwrap();
    assert!(lease.probe);
    sim.settle(lease, End::Good);
    assert_eq!(state(&sim, 0), State::Ready);
}

#[test]
fn a_prompt_proves_everything_the_credential_was_out_for() {
    let mut sim = with_health(Health { checks: Checks::Everything, ..Health::default() }, 2);
    let lease = sim.first().unwrap();
    let empty = sim.index(&lease);
    sim.say(lease, Class::QuotaExhausted);
    sim.advance(80_000);
    let checks = sim.pool.checks_of(sim.now, sim.roster.providers[0], 8);
    assert_eq!((checks.len(), checks[0].kind), (1, Checks::Everything));
    assert!(sim.pool.checked(sim.now, &checks[0], End::Good, 7));
    assert_eq!(state(&sim, empty), State::Ready);
}

#[test]
fn as_many_failures_eject_as_the_operator_set() {
    for threshold in [1, 6] {
        let mut sim = with_health(Health { failure_threshold: Some(threshold), ..Health::default() }, 1);
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
        let mut failures = 0;
        while let Ok(lease) = sim.first() {
            sim.say(lease, Class::ServerError);
            failures += 1;
            if sim.pool.snapshot(sim.now)[0].models[0].state != State::Ready {
                break;
            }
            assert!(failures < 50);
        }
        // with nobody to compare it with, half of each failure is its own
        assert!(failures >= threshold && failures <= 2 * threshold + 1, "{failures} for {threshold}");
    }
}

#[test]
fn keys_refused_together_are_tried_together_when_one_is_known_again() {
    let mut sim = Sim::with(&[1, 1, 1]);
    for _ in 0..3 {
        let lease = sim.ask("m", &[], Turn::Careful).unwrap();
        sim.say(lease, Class::InvalidCredential);
        sim.advance(100);
    }
    let mut lease = None;
    while lease.is_none() {
        sim.advance(200);
        lease = sim.first().ok();
    }
    sim.settle(lease.take().unwrap(), End::Good);
    let states: Vec<&str> = (0..3).map(|index| state(&sim, index).name()).collect();
    assert!(!states.contains(&"quarantined"), "{states:?}");
}

#[test]
fn who_breaks_its_streams_is_back_only_after_a_whole_answer() {
    let mut sim = Sim::with(&[1, 1, 1]);
    let broken = End::Said(Verdict::of(Class::Connection, "test"));
    let mut out = None;
    for _ in 0..2000 {
        sim.advance(50);
        let mut lease = sim.first().unwrap();
        sim.pool.progressed(sim.now, &mut lease);
        let sick = sim.index(&lease) == 0;
        sim.settle(lease, if sick { broken } else { End::Good });
        if sim.pool.snapshot(sim.now)[0].models[0].state != State::Ready {
            out = Some(sim.now);
            break;
        }
    }
    assert!(out.is_some(), "ejected");
    sim.advance(2000);
    let mut probe = loop {
        let lease = sim.first().unwrap();
        if sim.index(&lease) == 0 {
            break lease;
        }
        sim.settle(lease, End::Good);
    };
    sim.pool.progressed(sim.now, &mut probe);
    assert_ne!(sim.pool.snapshot(sim.now)[0].models[0].state, State::Ready, "its beginning proves nothing");
    sim.settle(probe, End::Good);
    assert_eq!(sim.pool.snapshot(sim.now)[0].models[0].state, State::Ready);
}

#[test]
fn after_an_outage_traffic_returns_with_the_first_good_answer() {
    let mut sim = Sim::with(&[1; 5]);
    for _ in 0..50 {
        sim.advance(10);
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
    }
    let mut attempts = 0;
    for _ in 0..1500 {
        sim.advance(10);
        if let Ok(lease) = sim.first() {
            attempts += 1;
            sim.say(lease, Class::ServerError);
        }
    }
    assert!(attempts < 140, "{attempts} attempts in 15 s of outage");
    let mut probe = None;
    for _ in 0..40 {
        sim.advance(10);
        probe = probe.or_else(|| sim.first().ok());
    }
    sim.settle(probe.expect("a probe within 400 ms"), End::Good);
    let leases: Vec<_> = (0..50).map(|_| sim.first().expect("all traffic")).collect();
    leases.into_iter().for_each(|lease| sim.settle(lease, End::Good));
}

#[test]
fn who_cannot_wait_goes_when_the_probe_that_is_out_is_promising() {
    let mut sim = Sim::with(&[1; 3]);
    let lease = sim.first().unwrap();
    sim.settle(lease, End::Good);
    for _ in 0..40 {
        if let Ok(lease) = sim.first() {
            sim.advance(20);
            sim.say(lease, Class::ServerError);
        }
    }
    sim.advance(500);
    let _probe = sim.first().unwrap();
    let last = |need: Need<'static>| Need { last: true, ..need };
    assert!(sim.ask_with("m", last).is_err(), "it may fail as fast as the others");
    sim.advance(200);
    assert!(sim.ask_with("m", |need| need).is_err(), "who can wait waits");
    assert!(sim.ask_with("m", last).is_ok());
}

#[test]
fn facts_survive_a_restart_and_guesses_do_not() {
    let mut sim = Sim::with(&[1, 1, 1, 1]);
    for class in [Class::InvalidCredential, Class::ModelUnavailable, Class::ServerError] {
        let lease = sim.ask("m", &[], Turn::Careful).unwrap();
        sim.say(lease, class);
    }
    let facts = sim.pool.facts();
    assert_eq!(facts.len(), 2, "{facts:?}");
    let specs = (0..4).map(|i| spec(&format!("key-{i}"), 1)).collect();
    let mut next = Pool::new();
    let roster = next.reconcile(Moment::START, &[provider(specs)]);
    assert_eq!(next.restore(Moment::START, &facts), 2);
    assert_eq!(next.facts(), facts);
    let mut sim = Sim { pool: next, roster, ..sim };
    for _ in 0..20 {
        let lease = sim.first().unwrap();
        sim.settle(lease, End::Good);
    }
    let asked = sim.pool.snapshot(sim.now).iter().filter(|view| view.leases > 0).count();
    assert_eq!(asked, 2);
}

#[test]
fn a_pool_out_by_facts_refuses_with_the_moment_to_come_back() {
    let mut sim = Sim::with(&[1; 3]);
    let hint = Some(Duration::from_secs(30));
    for _ in 0..3 {
        let lease = sim.ask("m", &[], Turn::Careful).unwrap();
        sim.settle(lease, End::Said(Verdict::of(Class::RateLimited, "test").hinted(hint)));
    }
    let Err(Refusal::Resting { until, census }) = sim.first() else { panic!("all rest") };
    assert_eq!((census.limited, census.all), (3, 3));
    let wait = until.since(sim.now);
    assert!((29..=32).contains(&wait.as_secs()), "{wait:?}");
}
