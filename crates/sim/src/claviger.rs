//! Claviger in the world: one provider of type `openai` with all tokens of the scenario and one route, as the exam
//! configures it, with the defaults of the configuration everywhere else. Failures are read as the gateway reads them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use bytes::Bytes;
use claviger_flow::{Answer, AttemptId, Candidate, Failed, Flow, Matcher, Route, Target, Terms, Tier};
use claviger_pool::{CredentialId, CredentialSpec, End, Pool, ProviderId, ProviderSpec};
use claviger_providers::{Failure, Provider, Settings};
use claviger_types::{Class, Moment, Secret, WallTime};
use http::StatusCode;

use crate::drive::{self, Driver};
use crate::gateway::{Asked, Gateway, Order};
use crate::scenario::Scenario;
use crate::script::{Fate, Kind};

/// The real pool and flow behind the world's interface.
#[derive(Debug)]
pub struct Claviger {
    driver: Driver,
    provider: Provider,
    id: ProviderId,
    tokens: HashMap<CredentialId, usize>,
    route: Arc<Route>,
}

impl Claviger {
    /// A gateway that has just started.
    ///
    /// # Errors
    /// When the provider cannot be built.
    pub fn new(scenario: &Scenario, seed: u64) -> Result<Self> {
        let spec = |token: &crate::scenario::Token| CredentialSpec {
            weight: token.weight,
            ..CredentialSpec::new(Secret::new(token.key.as_str()).fingerprint())
        };
        let credentials: Vec<CredentialSpec> = scenario.pool.iter().map(spec).collect();
        let settings = Settings { kind: "openai".to_owned(), tokens: credentials.len(), ..Settings::default() };
        let provider = Provider::build(&settings).map_err(|problems| anyhow!("{problems:?}"))?;
        let mut pool = Pool::new();
        let wanted = [ProviderSpec { id: "exam".to_owned(), credentials, ..ProviderSpec::default() }];
        let roster = pool.reconcile(Moment::START, &wanted);
        let tokens = roster.credentials[0].iter().enumerate().map(|(token, id)| (*id, token)).collect();
        let route = route(scenario.traffic.deadline, scenario.traffic.max_wait);
        let driver = Driver::new(pool, seed.wrapping_mul(7_919).wrapping_add(scenario.seed));
        Ok(Self { driver, provider, id: roster.providers[0], tokens, route: Arc::new(route) })
    }

    fn verdict(&self, fate: &Fate) -> Failed {
        let Kind::Status(status) = fate.kind else {
            let failure = if fate.kind == Kind::Cut { Failure::Cut } else { Failure::Reset };
            return Failed::silent(self.provider.classify(&failure), false);
        };
        let (headers, body) = (&fate.headers, &fate.body[..]);
        let verdict = self.provider.classify(&Failure::Status { status, headers, body, wall: WallTime::default() });
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
            headers: headers.clone(),
            body: Bytes::copy_from_slice(body),
        };
        // a refusal of credential or rate proves that nothing was done
        let untouched = !verdict.class.is_guess() || verdict.class == Class::Overloaded;
        Failed { verdict, untouched, answer: Some(answer), absent: false }
    }
}

/// The route of the exam, with the configuration's defaults; times in seconds.
fn route(deadline: f64, max_wait: f64) -> Route {
    Route {
        name: "route-1".to_owned(),
        matcher: Matcher { models: vec!["*".to_owned()], ..Matcher::default() },
        tiers: vec![Tier { targets: vec![Target { provider: 0, model: None }] }],
        deadline: Duration::from_secs_f64(deadline),
        max_wait: Duration::from_secs_f64(max_wait),
        patience: Duration::from_millis(2500),
        first_token_timeout: Duration::from_secs(10),
        stream_idle_timeout: Duration::from_secs(60),
        guess_budget: 4,
        max_attempts: None,
        reuse_failed: false,
        strict_translation: false,
    }
}

impl Gateway for Claviger {
    fn arrived(&mut self, now: Moment, request: usize, asked: Asked<'_>) {
        let terms = Terms {
            arrived: now,
            stream: asked.stream,
            creates: false,
            once: false,
            pinned: None,
            affinity: None,
            cost: 0,
            seek: false,
            verbatim: false,
        };
        let candidate = Candidate { provider: 0, id: self.id, model: asked.model.to_owned() };
        let flow = Flow::new(Arc::clone(&self.route), vec![vec![candidate]], terms);
        self.driver.arrive(now, request, flow);
    }

    fn called(&mut self, now: Moment, request: usize, turn: u64) {
        self.driver.call(now, request, turn);
    }

    fn failed(&mut self, now: Moment, request: usize, attempt: usize, fate: &Fate) {
        let failed = self.verdict(fate);
        self.driver.failed(now, request, AttemptId::nth(attempt), failed);
    }

    fn content(&mut self, now: Moment, request: usize, attempt: usize, fate: &Fate) {
        let allowance = self.provider.allowance(&fate.headers, WallTime::default());
        self.driver.content(now, request, AttemptId::nth(attempt), allowance);
    }

    fn ended(&mut self, now: Moment, request: usize, cut: bool) {
        let end = if cut { End::Said(self.provider.classify(&Failure::Cut)) } else { End::Good };
        self.driver.ended(now, request, end);
    }

    fn left(&mut self, now: Moment, request: usize) {
        self.driver.leave(now, request);
    }

    fn orders(&mut self) -> Vec<Order> {
        let orders = self.driver.orders();
        let translated = orders.into_iter().filter_map(|(request, order)| {
            Some(match order {
                drive::Order::Send(start) => {
                    let token = *self.tokens.get(&start.credential)?;
                    Order::Send { request, attempt: start.attempt.index(), token }
                }
                drive::Order::Drop(attempt) => Order::Drop { request, attempt: attempt.index() },
                drive::Order::Call { at, turn } => Order::Call { request, at, turn },
                drive::Order::Fail(ending) => {
                    let own = ending.reason.status();
                    Order::Fail { request, status: ending.answer.map_or(own, |answer| answer.status.as_u16()) }
                }
            })
        });
        translated.collect()
    }
}
