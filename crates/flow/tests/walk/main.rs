//! How a request walks, one sentence a test: a scripted world answers, time is a number.

mod world;

use std::time::Duration;

use claviger_flow::{Reason, Start, Step, Terms};
use claviger_pool::CredentialId;
use claviger_types::{Class, Moment, Verdict};
use http::StatusCode;

use crate::world::World;

#[test]
fn ninety_nine_dead_keys_do_not_hide_the_hundredth() {
    let mut world = World::new(&[100], &[&[0]]);
    let good = world.credential(0, 63);
    let mut flow = world.flow(world.terms());
    let served = world.play(&mut flow, |_, id| (id != good).then_some(Class::InvalidCredential));
    assert_eq!(served.unwrap(), 0);
    let mut asked: Vec<_> = flow.attempts().iter().map(|attempt| attempt.credential).collect();
    let attempts = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), attempts, "nobody was asked twice");
}

#[test]
fn the_callers_mistake_costs_one_attempt_and_is_passed_on() {
    let mut world = World::new(&[5], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let ending = world.play(&mut flow, |_, _| Some(Class::BadRequest)).unwrap_err();
    assert_eq!((ending.reason, flow.attempts().len()), (Reason::Upstream, 1));
    assert!(ending.answer.is_some());
}

#[test]
fn a_dead_tier_gives_way_to_the_next() {
    let mut world = World::new(&[3, 1], &[&[0], &[1]]);
    let mut flow = world.flow(world.terms());
    let served = world.play(&mut flow, |provider, _| (provider == 0).then_some(Class::QuotaExhausted));
    assert_eq!(served.unwrap(), 1);
    assert_eq!(flow.attempts().len(), 4);
}

#[test]
fn when_nobody_is_left_the_end_is_immediate_and_names_the_moment_to_come_back() {
    let mut world = World::new(&[2], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let began = world.now;
    let ending = world.play(&mut flow, |_, _| Some(Class::InvalidCredential)).unwrap_err();
    assert_eq!((ending.reason, ending.reason.status()), (Reason::NoCredential, 503));
    assert!(ending.retry_after.is_some_and(|after| after > Duration::from_secs(5)));
    assert_eq!(world.now, began, "nothing was waited for");
    let mut next = world.flow(world.terms());
    let ending = world.play(&mut next, |_, _| panic!("the dead are not asked")).unwrap_err();
    assert!(ending.retry_after.is_some_and(|after| after > Duration::from_secs(5)));
    assert!(ending.message.contains("2 refused"), "{}", ending.message);
}

#[test]
fn a_short_rate_hint_is_waited_for_and_that_is_not_reuse() {
    let mut world = World::new(&[1], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    let hinted = Verdict::of(Class::RateLimited, "test").hinted(Some(Duration::from_secs(2)));
    world.fail_with(&mut flow, &start, hinted, Some(429));
    let served = world.play(&mut flow, |_, _| None);
    assert!(served.is_ok());
    assert!(world.now.since(Moment::START) >= Duration::from_secs(3));
}

#[test]
fn a_rate_limit_beyond_max_wait_ends_at_once_with_429() {
    let mut world = World::new(&[1], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    let hinted = Verdict::of(Class::RateLimited, "test").hinted(Some(Duration::from_secs(60)));
    world.fail_with(&mut flow, &start, hinted, Some(429));
    let ending = world.play(&mut flow, |_, _| None).unwrap_err();
    assert_eq!((ending.reason, ending.reason.status()), (Reason::RateLimited, 429));
}

#[test]
fn an_outage_ends_after_the_guess_budget_with_the_providers_own_words() {
    let mut world = World::new(&[20], &[&[0]]);
    for _ in 0..40 {
        let mut flow = world.flow(world.terms());
        assert!(world.play(&mut flow, |_, _| None).is_ok());
    }
    world.now = world.now.plus(Duration::from_secs(60));
    let mut flow = world.flow(world.terms());
    let ending = world.play(&mut flow, |_, _| Some(Class::ServerError)).unwrap_err();
    assert_eq!((ending.reason, flow.attempts().len()), (Reason::ProviderFailing, 4));
    assert!(ending.answer.is_some());
}

#[test]
fn before_the_first_success_each_may_fail_once_without_costing_the_request_anything() {
    let mut world = World::new(&[20], &[&[0]]);
    let good = world.credential(0, 19);
    let mut flow = world.flow(world.terms());
    assert!(world.play(&mut flow, |_, id| (id != good).then_some(Class::ServerError)).is_ok());
    let mut world = World::new(&[20], &[&[0]]);
    let mut flow = world.flow(world.terms());
    assert!(world.play(&mut flow, |_, _| Some(Class::ServerError)).is_err());
    assert_eq!(flow.attempts().len(), 20, "a whole outage at the very start costs one attempt per credential, once");
}

#[test]
fn a_lone_credential_may_be_asked_again_after_a_guess_but_not_after_silence() {
    let mut world = World::new(&[1], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    world.fail(&mut flow, &start, Class::Connection);
    assert!(world.play(&mut flow, |_, _| None).is_ok());
    let mut world = World::new(&[1], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    world.fail_with(&mut flow, &start, Verdict::of(Class::Timeout, "test"), None);
    assert!(world.play(&mut flow, |_, _| panic!("asked after silence")).is_err());
}

#[test]
fn what_creates_something_is_not_repeated_when_its_fate_is_unknown() {
    let mut world = World::new(&[3], &[&[0]]);
    let terms = Terms { creates: true, ..world.terms() };
    let mut flow = world.flow(terms);
    let ending = world.play(&mut flow, |_, _| Some(Class::ServerError)).unwrap_err();
    assert_eq!((ending.reason, flow.attempts().len()), (Reason::NotRepeatable, 1));
    let mut flow = world.flow(Terms { arrived: world.now, ..terms });
    let first = world.sent(&mut flow);
    world.fail(&mut flow, &first, Class::InvalidCredential);
    assert!(world.play(&mut flow, |_, _| None).is_ok(), "a refusal proves that nothing was done");
}

#[test]
fn a_slow_first_token_starts_a_second_attempt_and_the_first_content_wins() {
    let mut world = World::new(&[2], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let slow = world.sent(&mut flow);
    let Step::Wait { until, .. } = world.step(&mut flow) else { panic!("waits for it") };
    world.now = until;
    let mut second = None;
    for _ in 0..20 {
        match world.step(&mut flow) {
            Step::Send(start) => {
                second = Some(start);
                break;
            }
            Step::Wait { until, .. } => world.now = until,
            Step::Fail(ending) => panic!("{ending:?}"),
        }
    }
    let second = second.expect("a second attempt");
    assert_ne!(second.credential, slow.credential);
    assert!(matches!(world.step(&mut flow), Step::Wait { .. }), "nobody else is left");
    let (losers, _) = flow.content(world.now, &mut world.pool, 42, second.attempt, StatusCode::OK);
    assert_eq!(losers, vec![slow.attempt]);
    assert_eq!(flow.attempts()[0].outcome.map(|o| o.name()), Some("timeout"), "the silent one is to blame");
}

#[test]
fn a_request_that_looks_for_its_state_asks_the_next_after_not_found() {
    let mut world = World::new(&[3], &[&[0]]);
    let mut flow = world.flow(Terms { seek: true, ..world.terms() });
    for _ in 0..2 {
        let start = world.sent(&mut flow);
        let verdict = Verdict { retry_elsewhere: false, ..Verdict::of(Class::BadRequest, "test") };
        world.fail_with(&mut flow, &start, verdict, Some(404));
    }
    assert!(world.play(&mut flow, |_, _| None).is_ok());
}

#[test]
fn a_client_that_leaves_settles_everything() {
    let mut world = World::new(&[2], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let _running = world.sent(&mut flow);
    flow.abandon(world.now, &mut world.pool, 1);
    assert!(world.pool.snapshot(world.now).iter().all(|view| view.in_flight == 0));
}

#[test]
fn explicit_attempt_limits_are_kept() {
    let mut world = World::new(&[9], &[&[0]]);
    world.route.max_attempts = Some(2);
    let mut flow = world.flow(world.terms());
    let ending = world.play(&mut flow, |_, _| Some(Class::InvalidCredential)).unwrap_err();
    assert_eq!(flow.attempts().len(), 2);
    assert!(ending.reason == Reason::NoCredential && ending.answer.is_none(), "a 401 of ours is not passed on");
}

#[test]
fn with_reuse_a_failed_credential_is_asked_again_when_nothing_else_is_left() {
    let mut world = World::new(&[2], &[&[0]]);
    world.route.reuse_failed = true;
    let mut flow = world.flow(world.terms());
    let first = world.sent(&mut flow);
    world.fail(&mut flow, &first, Class::ServerError);
    while !matches!(world.step(&mut flow), Step::Send(_)) {
        world.now = world.now.plus(Duration::from_millis(100));
    }
    let second = flow.attempts().last().map(|attempt| attempt.credential).unwrap();
    assert_ne!(second, first.credential, "others come first");
    let start = Start {
        attempt: claviger_flow::AttemptId::nth(1),
        place: (0, 0),
        provider: 0,
        credential: second,
        instead_of: None,
    };
    world.fail(&mut flow, &start, Class::ServerError);
    assert!(world.play(&mut flow, |_, _| None).is_ok());
}

#[test]
fn a_request_too_long_for_one_model_goes_to_a_tier_with_another() {
    let mut world = World::new(&[5, 1], &[&[0], &[1]]);
    world.models = vec!["small", "large"];
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    world.fail_with(&mut flow, &start, Verdict::of(Class::BadRequest, "context_length"), Some(400));
    assert_eq!(world.play(&mut flow, |_, _| None).unwrap(), 1);
    assert_eq!(flow.attempts().len(), 2, "no other credential of the small model was asked");
    let mut world = World::new(&[5], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let start = world.sent(&mut flow);
    world.fail_with(&mut flow, &start, Verdict::of(Class::BadRequest, "context_length"), Some(400));
    assert_eq!(world.play(&mut flow, |_, _| None).unwrap_err().reason, Reason::Upstream);
}

#[test]
fn a_third_token_is_asked_when_two_are_silent() {
    let mut world = World::new(&[3], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let began = world.now;
    let mut starts = Vec::new();
    while starts.len() < 3 {
        match world.step(&mut flow) {
            Step::Send(start) => starts.push(start),
            Step::Wait { until, .. } => world.now = until,
            Step::Fail(ending) => panic!("{ending:?}"),
        }
    }
    assert!(world.now.since(began) < Duration::from_secs(31), "{:?}", world.now.since(began));
    let (losers, _) = flow.content(world.now, &mut world.pool, 42, starts[2].attempt, StatusCode::OK);
    assert_eq!(losers.len(), 2);
}

#[test]
fn a_model_that_nobody_has_is_not_found_rather_than_unavailable() {
    let mut world = World::new(&[2], &[&[0]]);
    let mut flow = world.flow(world.terms());
    let ending = world.play(&mut flow, |_, _| Some(Class::ModelUnavailable)).unwrap_err();
    assert!(ending.reason == Reason::Upstream && ending.answer.is_some(), "the provider's own words");
    let mut next = world.flow(world.terms());
    let ending = world.play(&mut next, |_, _| panic!("known already")).unwrap_err();
    assert_eq!((ending.reason, ending.reason.status()), (Reason::ModelNotFound, 404));
}

#[test]
fn creations_are_spread_by_weight_and_are_no_probes() {
    let mut world = World::new(&[3], &[&[0]]);
    let mut asked = std::collections::HashMap::<CredentialId, u32>::new();
    for _ in 0..9 {
        let mut flow = world.flow(Terms { creates: true, ..world.terms() });
        assert!(world.play(&mut flow, |_, _| None).is_ok());
        *asked.entry(flow.attempts()[0].credential).or_default() += 1;
    }
    assert!(asked.values().all(|count| *count == 3), "{asked:?}");
}

#[test]
fn a_better_tier_whose_return_was_named_to_this_request_is_waited_for() {
    let mut world = World::new(&[2, 1], &[&[0], &[1]]);
    let mut flow = world.flow(world.terms());
    for _ in 0..2 {
        let start = world.sent(&mut flow);
        let hinted = Verdict::of(Class::RateLimited, "test").hinted(Some(Duration::from_millis(1500)));
        world.fail_with(&mut flow, &start, hinted, Some(429));
    }
    assert_eq!(world.play(&mut flow, |_, _| None).unwrap(), 0, "not the other tier");
}

#[test]
fn many_silent_tokens_do_not_hide_the_one_that_speaks() {
    let mut world = World::new(&[12], &[&[0]]);
    world.route.first_token_timeout = Duration::from_millis(500);
    let good = world.credential(0, 11);
    let mut flow = world.flow(world.terms());
    let mut running = std::collections::HashSet::new();
    loop {
        match world.step(&mut flow) {
            Step::Send(start) if start.credential == good => break,
            Step::Send(start) => {
                running.insert(start.attempt);
                start.instead_of.map(|ended| running.remove(&ended));
                assert!(running.len() <= 16, "{} at once", running.len());
            }
            Step::Wait { until, .. } => world.now = until,
            Step::Fail(ending) => panic!("{ending:?}"),
        }
    }
}
