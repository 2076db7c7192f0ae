//! A scripted world: credentials, a route, a clock that is a number.

use std::sync::Arc;
use std::time::Duration;

use claviger_flow::{Answer, Candidate, Ending, Failed, Flow, Matcher, Route, Start, Step, Terms};
use claviger_pool::{CredentialId, CredentialSpec, End, Pool, ProviderSpec, Roster};
use claviger_types::{Class, Moment, Secret, Verdict};
use http::{HeaderMap, StatusCode};

pub(crate) struct World {
    pub(crate) pool: Pool,
    pub(crate) roster: Roster,
    pub(crate) now: Moment,
    pub(crate) route: Route,
    /// Providers of each tier.
    pub(crate) tiers: Vec<Vec<usize>>,
    /// The model of each tier; `m` where there is none.
    pub(crate) models: Vec<&'static str>,
}

fn specs(provider: usize, count: usize) -> ProviderSpec {
    let spec = |i| CredentialSpec::new(Secret::new(format!("key-{provider}-{i}")).fingerprint());
    ProviderSpec { id: format!("p{provider}"), credentials: (0..count).map(spec).collect(), ..ProviderSpec::default() }
}

impl World {
    pub(crate) fn new(counts: &[usize], tiers: &[&[usize]]) -> Self {
        let mut pool = Pool::new();
        let wanted: Vec<_> = counts.iter().enumerate().map(|(p, count)| specs(p, *count)).collect();
        let roster = pool.reconcile(Moment::START, &wanted);
        let route = Route {
            name: "test".to_owned(),
            matcher: Matcher::default(),
            tiers: Vec::new(),
            deadline: Duration::from_secs(60),
            max_wait: Duration::from_secs(5),
            patience: Duration::from_millis(2500),
            first_token_timeout: Duration::from_secs(10),
            stream_idle_timeout: Duration::from_secs(60),
            guess_budget: 4,
            max_attempts: None,
            reuse_failed: false,
            strict_translation: false,
        };
        let now = Moment::START.plus(Duration::from_secs(1));
        Self { pool, roster, now, route, tiers: tiers.iter().map(|tier| tier.to_vec()).collect(), models: Vec::new() }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            arrived: self.now,
            stream: true,
            creates: false,
            once: false,
            pinned: None,
            affinity: None,
            cost: 0,
            seek: false,
            verbatim: false,
        }
    }

    pub(crate) fn flow(&self, terms: Terms) -> Flow {
        let tiers = self.tiers.iter().enumerate().map(|(index, tier)| {
            let model = self.models.get(index).copied().unwrap_or("m");
            let candidate =
                |p: &usize| Candidate { provider: *p, id: self.roster.providers[*p], model: model.to_owned() };
            tier.iter().map(candidate).collect()
        });
        let tiers = tiers.collect();
        Flow::new(Arc::new(self.route.clone()), tiers, terms)
    }

    pub(crate) fn step(&mut self, flow: &mut Flow) -> Step {
        flow.next(self.now, &mut self.pool, 42)
    }

    pub(crate) fn sent(&mut self, flow: &mut Flow) -> Start {
        match self.step(flow) {
            Step::Send(start) => start,
            step @ (Step::Wait { .. } | Step::Fail(_)) => panic!("wanted an attempt, got {step:?}"),
        }
    }

    pub(crate) fn fail(&mut self, flow: &mut Flow, start: &Start, class: Class) {
        self.fail_with(flow, start, Verdict::of(class, "test"), Some(500));
    }

    pub(crate) fn fail_with(&mut self, flow: &mut Flow, start: &Start, verdict: Verdict, status: Option<u16>) {
        let answer = status.map(|status| Answer {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::from_static(b"{}"),
        });
        let absent = status == Some(404);
        let failed = Failed { verdict, untouched: !verdict.class.is_guess(), answer, absent };
        flow.failed(self.now, &mut self.pool, 42, start.attempt, failed);
    }

    /// Plays the request to its end: `world` says what each credential answers; waiting is done by moving the clock.
    pub(crate) fn play(
        &mut self,
        flow: &mut Flow,
        world: impl Fn(usize, CredentialId) -> Option<Class>,
    ) -> Result<usize, Box<Ending>> {
        for _ in 0..10_000 {
            match self.step(flow) {
                Step::Send(start) => match world(start.provider, start.credential) {
                    None => {
                        flow.content(self.now, &mut self.pool, 42, start.attempt, StatusCode::OK);
                        flow.ended(self.now, &mut self.pool, 42, End::Good);
                        return Ok(start.provider);
                    }
                    Some(class) => self.fail(flow, &start, class),
                },
                Step::Wait { until, .. } => self.now = until.max(self.now),
                Step::Fail(ending) => return Err(ending),
            }
        }
        panic!("the request does not end");
    }

    pub(crate) fn credential(&self, provider: usize, index: usize) -> CredentialId {
        self.roster.credentials[provider][index]
    }
}
