//! The scripted provider: told the time and which request meets which token, it says what that attempt is going to
//! experience. All chance is a hash of seeds, request, token and how often they met, so everybody meets the same luck.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::chance::{coin, mix, normal_quantile};
use crate::limiter::{EPSILON, Limiter};
use crate::scenario::{Fault, Phase, Place, RateLimit, Reject, Scenario};
use crate::span::Span;

/// What one attempt meets.
#[derive(Clone, Debug)]
pub struct Fate {
    /// How it goes.
    pub kind: Kind,
    /// Of the answer; empty where there is none.
    pub headers: HeaderMap,
    /// Of an error.
    pub body: Vec<u8>,
    /// Seconds from the send to the first byte; infinite when there is none.
    pub head: f64,
    /// Seconds from the send to the end.
    pub end: f64,
    /// Whether it could not have succeeded, whatever the coin.
    pub certain: bool,
    /// What decided.
    pub why: Why,
}

/// How an attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole good answer.
    Good,
    /// A good beginning, then a broken stream.
    Cut,
    /// An error with this status.
    Status(u16),
    /// A broken connection.
    Reset,
    /// Nothing, ever.
    Stall,
}

impl Kind {
    /// Whether the attempt occupies one of the token's concurrent answers.
    pub const fn holds(self) -> bool {
        match self {
            Self::Good | Self::Cut | Self::Stall => true,
            Self::Status(_) | Self::Reset => false,
        }
    }

    /// Whether it brings a first byte of an answer.
    pub const fn begins(self) -> bool {
        match self {
            Self::Good | Self::Cut => true,
            Self::Status(_) | Self::Reset | Self::Stall => false,
        }
    }
}

/// What decided an attempt's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing special.
    Healthy,
    /// The whole endpoint.
    Endpoint,
    /// The token.
    Token,
    /// A limit of endpoint or token.
    Limit,
    /// A coin.
    Luck,
    /// The caller's mistake.
    Client,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// Index into the pool.
    pub token: usize,
    /// The model asked for.
    pub model: &'a str,
    /// Which request.
    pub request: u64,
    /// How often this request met this token before.
    pub nth: u64,
    /// Whether the request is malformed.
    pub malformed: bool,
    /// Whether it asks for a stream.
    pub stream: bool,
}

/// The provider of a scenario.
#[derive(Debug)]
pub struct Script<'s> {
    scenario: &'s Scenario,
    seed: u64,
    limiters: HashMap<(Bucket, String), Limiter>,
    spent: Vec<u32>,
    /// Open answers of each token.
    pub active: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    Named(String),
    Token(usize),
    Endpoint,
}

impl<'s> Script<'s> {
    /// The provider as it is before the first request.
    pub fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let tokens = scenario.pool.len();
        Self {
            scenario,
            seed: mix(seed.wrapping_mul(1_000_003).wrapping_add(scenario.seed)),
            limiters: HashMap::new(),
            spent: vec![0; tokens],
            active: vec![0; tokens],
        }
    }

    fn seconds(&self, span: Span, salt: u64, of: &Try<'_>) -> f64 {
        let chance = || coin(self.seed, &[salt, of.request, of.token as u64, of.nth]);
        match span {
            Span::Fixed(seconds) => seconds,
            Span::Uniform { min, max } => min + chance() * (max - min),
            Span::LogNormal { median, sigma } => median * (sigma * normal_quantile(chance())).exp(),
        }
    }

    fn limiter(&mut self, spec: &RateLimit, token: Option<usize>, model: &str) -> &mut Limiter {
        let bucket = match (&spec.bucket, token) {
            (Some(name), _) => Bucket::Named(name.clone()),
            (None, Some(token)) => Bucket::Token(token),
            (None, None) => Bucket::Endpoint,
        };
        let own = if spec.scope.as_deref() == Some("token_model") { model } else { "" };
        self.limiters.entry((bucket, own.to_owned())).or_insert_with(|| Limiter::new(spec))
    }

    fn refusal(&self, reject: &Reject, certain: bool, why: Why, limiter: Option<&Limiter>, now: f64) -> Fate {
        let seconds = reject.delay.map_or(self.scenario.defaults.error_delay, Span::usual);
        let broken = |kind, seconds| Fate {
            kind,
            headers: HeaderMap::new(),
            body: Vec::new(),
            head: seconds,
            end: seconds,
            certain,
            why,
        };
        match reject.fault {
            Some(Fault::Stall) => broken(Kind::Stall, f64::INFINITY),
            Some(Fault::Reset | Fault::Refuse) => broken(Kind::Reset, seconds),
            Some(Fault::Cut) | None => {
                let (headers, body) = answer(&reject.headers, reject.body.as_ref(), reject.status, limiter, now);
                Fate { headers, body, ..broken(Kind::Status(reject.status), seconds) }
            }
        }
    }

    /// The fate of one attempt that arrives now.
    pub fn answer(&mut self, of: &Try<'_>, now: f64) -> Fate {
        self.meet(of, now, true)
    }

    /// The fate that an attempt would have; changes nothing.
    pub fn look(&mut self, of: &Try<'_>, now: f64) -> Fate {
        self.meet(of, now, false)
    }

    fn meet(&mut self, of: &Try<'_>, now: f64, real: bool) -> Fate {
        let scenario = self.scenario;
        let endpoint = scenario.endpoint.phase(of.model, now);
        let token = scenario.pool[of.token].place.phase(of.model, now);
        let turned_away = self.at_endpoint(endpoint, of, now, real).or_else(|| self.at_token(token, of, now, real));
        if let Some(fate) = turned_away {
            return fate;
        }
        if real {
            if let Some(spec) = endpoint.and_then(|phase| phase.rate_limit.as_ref()) {
                self.limiter(spec, None, of.model).take(now);
            }
            if let Some(spec) = token.and_then(|phase| phase.rate_limit.as_ref()) {
                self.limiter(spec, Some(of.token), of.model).take(now);
            }
            if token.is_some_and(|phase| phase.quota.is_some()) {
                self.spent[of.token] += 1;
            }
        }
        self.good(token, of, now)
    }

    fn at_endpoint(&mut self, phase: Option<&Phase>, of: &Try<'_>, now: f64, real: bool) -> Option<Fate> {
        let phase = phase?;
        if phase.is_broken() {
            return Some(self.refusal(&Reject::of(phase), true, Why::Endpoint, None, now));
        }
        if self.unlucky(11, phase, of) {
            return Some(self.refusal(&phase.error, false, Why::Luck, None, now));
        }
        self.limited(phase.rate_limit.as_ref()?, None, of, now, real)
    }

    fn at_token(&mut self, phase: Option<&Phase>, of: &Try<'_>, now: f64, real: bool) -> Option<Fate> {
        if let Some(phase) = phase {
            if phase.is_broken() {
                return Some(self.refusal(&Reject::of(phase), true, Why::Token, None, now));
            }
            if let Some(quota) = phase.quota.as_ref().filter(|quota| self.spent[of.token] >= quota.requests) {
                return Some(self.refusal(&quota.reject, true, Why::Limit, None, now));
            }
            if let Some(limit) = phase.concurrency_limit.as_ref().filter(|limit| self.active[of.token] >= limit.max) {
                return Some(self.refusal(&limit.reject, true, Why::Limit, None, now));
            }
            if let Some(spec) = &phase.rate_limit
                && let Some(fate) = self.limited(spec, Some(of.token), of, now, real)
            {
                return Some(fate);
            }
        }
        if of.malformed {
            return Some(malformed());
        }
        let phase = phase.filter(|phase| self.unlucky(12, phase, of))?;
        Some(self.refusal(&phase.error, false, Why::Luck, None, now))
    }

    fn unlucky(&self, salt: u64, phase: &Phase, of: &Try<'_>) -> bool {
        let names = &self.scenario.traffic.shares;
        let model = names.iter().position(|(name, _)| name == of.model).unwrap_or(0);
        let parts = [salt, of.request, of.token as u64, of.nth, model as u64];
        phase.error_probability > 0.0 && coin(self.seed, &parts) < phase.error_probability
    }

    fn limited(&mut self, spec: &RateLimit, token: Option<usize>, of: &Try<'_>, now: f64, real: bool) -> Option<Fate> {
        let limiter = self.limiter(spec, token, of.model);
        if limiter.wait(now) <= EPSILON {
            return None;
        }
        if real {
            limiter.take(now);
        }
        let limiter = limiter.clone();
        Some(self.refusal(&spec.reject, true, Why::Limit, Some(&limiter), now))
    }

    fn good(&mut self, phase: Option<&Phase>, of: &Try<'_>, now: f64) -> Fate {
        let defaults = &self.scenario.defaults;
        let delay = self.seconds(phase.and_then(|phase| phase.delay).unwrap_or(defaults.delay), 13, of);
        let stream = self.seconds(phase.and_then(|phase| phase.stream).unwrap_or(defaults.stream), 14, of);
        let mut headers = HeaderMap::new();
        if let Some(spec) = phase.and_then(|phase| phase.rate_limit.as_ref()).filter(|spec| !spec.advertise.is_empty())
        {
            let limiter = self.limiter(spec, Some(of.token), of.model).clone();
            headers = filled(&spec.advertise, Some(&limiter), now);
        }
        let fate = |kind, head, end, certain, why| Fate { kind, headers, body: Vec::new(), head, end, certain, why };
        if let Some(phase) = phase.filter(|phase| phase.fault == Some(Fault::Cut)) {
            let share = phase.cut_probability.unwrap_or(1.0);
            if coin(self.seed, &[15, of.request, of.token as u64, of.nth]) < share {
                let at = delay + phase.cut_after.unwrap_or(0.5).min(stream);
                let why = if share >= 1.0 { Why::Token } else { Why::Luck };
                return match of.stream {
                    true => fate(Kind::Cut, delay, at, share >= 1.0, why),
                    false => fate(Kind::Reset, at, at, share >= 1.0, why),
                };
            }
        }
        let end = delay + stream;
        fate(Kind::Good, if of.stream { delay } else { end }, end, false, Why::Healthy)
    }

    /// The next moment at which this token's answer to `model` may differ: a phase's edge or a limiter's refill.
    pub fn next_change(&mut self, token: usize, model: &str, now: f64) -> f64 {
        let scenario = self.scenario;
        let mut soonest = f64::INFINITY;
        let edges = |place: &Place| {
            let phases = place.phases.iter().chain(place.own(model));
            let edges = phases.flat_map(|phase| std::iter::once(phase.start).chain(phase.end));
            edges.filter(|edge| *edge > now + EPSILON).fold(f64::INFINITY, f64::min)
        };
        for (place, token) in [(&scenario.pool[token].place, Some(token)), (&scenario.endpoint, None)] {
            soonest = soonest.min(edges(place));
            if let Some(spec) = place.phase(model, now).and_then(|phase| phase.rate_limit.as_ref()) {
                let wait = self.limiter(spec, token, model).wait(now);
                if wait > EPSILON {
                    soonest = soonest.min(now + wait + 1e-6);
                }
            }
        }
        soonest
    }
}

impl Reject {
    /// What a broken phase does to everything.
    fn of(phase: &Phase) -> Self {
        Self {
            status: phase.status.unwrap_or(500),
            headers: phase.headers.clone(),
            body: phase.body.clone(),
            fault: phase.fault,
            delay: phase.delay,
        }
    }
}

fn malformed() -> Fate {
    let body = serde_json::json!({
        "error": { "type": "invalid_request_error", "message": "messages: expected a list" }
    });
    let (headers, body) = answer(&Map::new(), Some(&body), 400, None, 0.0);
    Fate { kind: Kind::Status(400), headers, body, head: 0.03, end: 0.03, certain: true, why: Why::Client }
}

/// Head and body of an error as they travel.
fn answer(
    headers: &Map<String, Value>,
    body: Option<&Value>,
    status: u16,
    limiter: Option<&Limiter>,
    now: f64,
) -> (HeaderMap, Vec<u8>) {
    let mut headers = filled(headers, limiter, now);
    let (kind, body) = match body {
        Some(Value::String(text)) => ("text/plain", text.clone().into_bytes()),
        Some(value) => ("application/json", value.to_string().into_bytes()),
        None => ("application/json", serde_json::json!({ "error": { "message": reason(status) } }).to_string().into()),
    };
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    (headers, body)
}

fn reason(status: u16) -> &'static str {
    let known = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.unwrap_or("error")
}

fn filled(templates: &Map<String, Value>, limiter: Option<&Limiter>, now: f64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, template) in templates {
        let text = template.as_str().map_or_else(|| template.to_string(), str::to_owned);
        let value = HeaderValue::from_str(&Limiter::fill(limiter, &text, now));
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            headers.insert(name, value);
        }
    }
    headers
}
