//! One client request and what becomes of it. Owns the flow and the receipt; dropped unfinished, it cancels what runs
//! and accounts for it: leaving is an ending too.

use std::sync::Arc;
use std::time::Duration;

use claviger_dialects::model::Dropped;
use claviger_flow::{AttemptId, Ending, Failed, Flow, Outcome, Reason, Step};
use claviger_pool::End as PoolEnd;
use claviger_telemetry::{AttemptLine, End, InFlightGuard, Receipt};
use claviger_types::{Moment, Usage};
use claviger_wire::Ask;
use claviger_wire::failure::AttemptNote;
use http::{HeaderMap, StatusCode};

use crate::live::Live;
use crate::shared::Shared;

/// A request in progress.
pub(crate) struct Exchange {
    pub(crate) shared: Arc<Shared>,
    pub(crate) live: Arc<Live>,
    pub(crate) arrived: Moment,
    flow: Option<Flow>,
    receipt: Receipt,
    wait: Duration,
    /// No receipt: the gateway asks on its own behalf.
    internal: bool,
    over: bool,
    _in_flight: InFlightGuard,
}

impl Exchange {
    pub(crate) fn new(shared: Arc<Shared>, live: Arc<Live>, request_id: String) -> Self {
        let arrived = shared.clock.now();
        let receipt = Receipt {
            at: shared.clock.wall(),
            request_id,
            client: None,
            route: None,
            operation: claviger_types::Operation::Other.name(),
            dialect: claviger_types::Dialect::OpenAi.name(),
            model: None,
            upstream_model: None,
            stream: false,
            status: 0,
            end: End::ClientLeft,
            provider: None,
            credential: None,
            attempts: Vec::new(),
            wait_ms: 0,
            first_content_ms: None,
            total_ms: 0,
            usage: Usage::default(),
            dropped: Vec::new(),
            body_streamed: false,
            bytes_in: 0,
            bytes_out: 0,
            error: None,
        };
        let in_flight = shared.telemetry.in_flight();
        Self {
            shared,
            live,
            arrived,
            flow: None,
            receipt,
            wait: Duration::ZERO,
            internal: false,
            over: false,
            _in_flight: in_flight,
        }
    }

    /// A request that the gateway makes on its own behalf.
    pub(crate) fn internal(shared: Arc<Shared>, live: Arc<Live>) -> Self {
        let mut exchange = Self::new(shared, live, String::new());
        exchange.internal = true;
        exchange
    }

    pub(crate) fn request_id(&self) -> &str {
        &self.receipt.request_id
    }

    /// Who asks, by name.
    pub(crate) fn client(&self) -> Option<&str> {
        self.receipt.client.as_deref()
    }

    pub(crate) fn caller(&mut self, client: Option<String>) {
        self.receipt.client = client;
    }

    pub(crate) fn asked(&mut self, ask: &Ask) {
        self.receipt.operation = ask.operation.name();
        self.receipt.dialect = ask.dialect.name();
        self.receipt.model.clone_from(&ask.model);
        self.receipt.stream = ask.stream;
        self.receipt.body_streamed = ask.truncated;
        self.receipt.bytes_in = ask.body.len() as u64;
    }

    pub(crate) fn routed(&mut self, route: &str, flow: Flow) {
        self.receipt.route = Some(route.to_owned());
        self.flow = Some(flow);
    }

    pub(crate) const fn flow(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    pub(crate) const fn waited(&self) -> Duration {
        self.wait
    }

    /// The longest silence within the answer.
    pub(crate) fn idle_limit(&self) -> Duration {
        self.flow.as_ref().map_or(Duration::from_secs(60), |flow| flow.route().stream_idle_timeout)
    }

    pub(crate) fn add_wait(&mut self, waited: Duration) {
        self.wait += waited;
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.receipt.bytes_out += bytes as u64;
    }

    /// Adds what an answer or an event reports; some dialects spread it over several events.
    pub(crate) fn used(&mut self, usage: Usage) {
        self.receipt.usage = self.receipt.usage.merged(usage);
    }

    /// The caller's fields that were not carried to the provider.
    pub(crate) fn dropped(&mut self, dropped: &Dropped) {
        self.receipt.dropped = dropped.names().map(str::to_owned).collect();
    }

    /// What to do now; `None` before routing.
    pub(crate) fn step(&mut self) -> Option<Step> {
        let now = self.shared.clock.now();
        let dice = self.shared.clock.dice();
        let flow = self.flow.as_mut()?;
        let step = flow.next(now, &mut self.shared.pool.lock(), dice);
        self.shared.wake(flow.take_moved());
        Some(step)
    }

    pub(crate) fn failed(&mut self, attempt: AttemptId, failed: Failed) {
        let (now, dice) = (self.shared.clock.now(), self.shared.clock.dice());
        if let Some(flow) = self.flow.as_mut() {
            let improved = flow.failed(now, &mut self.shared.pool.lock(), dice, attempt, failed);
            self.shared.wake(improved);
        }
    }

    /// The attempt's answer is the client's. Returns the attempts to drop.
    pub(crate) fn commit(&mut self, attempt: AttemptId, status: StatusCode, headers: &HeaderMap) -> Vec<AttemptId> {
        let (now, dice) = (self.shared.clock.now(), self.shared.clock.dice());
        let Some(flow) = self.flow.as_mut() else { return Vec::new() };
        let provider = &self.live.plan.providers[flow.attempts()[attempt.index()].provider].provider;
        let allowance = provider.allowance(headers, self.shared.clock.wall());
        let mut pool = self.shared.pool.lock();
        let (losers, improved) = flow.content(now, &mut pool, dice, attempt, status);
        if let Some(allowance) = allowance {
            flow.allowance(now, &mut pool, &allowance);
        }
        drop(pool);
        self.shared.wake(improved);
        self.receipt.status = status.as_u16();
        self.receipt.first_content_ms = Some(millis(now.since(self.arrived)));
        let winner = &flow.attempts()[attempt.index()];
        self.receipt.upstream_model = Some(winner.model.clone()).filter(|model| !model.is_empty());
        self.receipt.provider = Some(self.live.plan.providers[winner.provider].provider.id().to_owned());
        self.receipt.credential = self.live.key(winner.credential).map(|key| key.shown.clone());
        losers
    }

    /// The committed answer ended.
    pub(crate) fn end(&mut self, pool: PoolEnd, end: End) {
        let (now, dice) = (self.shared.clock.now(), self.shared.clock.dice());
        let used = self.receipt.usage;
        if let Some(flow) = self.flow.as_mut() {
            if used.is_known() {
                flow.used(used.total());
            }
            let improved = flow.ended(now, &mut self.shared.pool.lock(), dice, pool);
            self.shared.wake(improved);
        }
        self.close(end);
    }

    /// Nobody could serve: what the client got instead.
    pub(crate) fn fail(&mut self, ending: &Ending, status: u16) {
        self.receipt.status = status;
        self.receipt.error = Some(ending.reason.code());
        let attempted = self.flow.as_ref().is_some_and(|flow| !flow.attempts().is_empty());
        let end = match ending.reason {
            Reason::Upstream if status < 500 => End::ClientError,
            Reason::ModelNotFound => End::ClientError,
            Reason::NoCredential | Reason::RateLimited | Reason::NoneServes if !attempted => End::Refused,
            Reason::Upstream
            | Reason::NoCredential
            | Reason::RateLimited
            | Reason::NoneServes
            | Reason::ProviderFailing
            | Reason::Deadline
            | Reason::NotRepeatable => End::Failed,
        };
        self.close(end);
    }

    /// Turned away before routing.
    pub(crate) fn refuse(&mut self, status: u16, code: &'static str) {
        self.receipt.status = status;
        self.receipt.error = Some(code);
        self.close(if status < 500 { End::ClientError } else { End::Refused });
    }

    /// Answered by the gateway itself.
    pub(crate) fn answered(&mut self, status: u16) {
        self.receipt.status = status;
        self.close(End::Complete);
    }

    /// The trail of attempts, masked, for error bodies.
    pub(crate) fn notes(&self) -> Vec<AttemptNote> {
        self.lines()
            .into_iter()
            .map(|line| AttemptNote {
                provider: line.provider,
                credential: line.credential,
                verdict: line.verdict,
                status: line.status,
                ms: line.ms,
            })
            .collect()
    }

    fn close(&mut self, end: End) {
        if std::mem::replace(&mut self.over, true) || self.internal {
            return;
        }
        let now = self.shared.clock.now();
        self.receipt.end = end;
        self.receipt.wait_ms = millis(self.wait);
        self.receipt.total_ms = millis(now.since(self.arrived));
        self.receipt.attempts = self.lines();
        self.shared.telemetry.record(&self.receipt);
    }

    fn lines(&self) -> Vec<AttemptLine> {
        let now = self.shared.clock.now();
        let attempts = self.flow.as_ref().map_or(&[][..], Flow::attempts);
        let line = |attempt: &claviger_flow::Attempt| {
            let (scope, rule) = match attempt.outcome {
                Some(Outcome::Failed(verdict)) => (Some(verdict.scope.name()), verdict.rule),
                Some(Outcome::Good | Outcome::Cancelled) | None => (None, ""),
            };
            AttemptLine {
                provider: self.live.plan.providers[attempt.provider].provider.id().to_owned(),
                credential: self.live.key(attempt.credential).map_or_else(String::new, |key| key.shown.clone()),
                model: Some(attempt.model.clone()).filter(|model| !model.is_empty()),
                verdict: attempt.outcome.map_or("running", |outcome| outcome.name()),
                scope,
                status: attempt.status.map(|status| status.as_u16()),
                ms: millis(attempt.ended.unwrap_or(now).since(attempt.started)),
                first_content_ms: attempt.content.map(|at| millis(at.since(attempt.started))),
                probe: attempt.probe,
                rule,
                hedge: attempt.hedge,
            }
        };
        attempts.iter().map(line).collect()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (now, dice) = (self.shared.clock.now(), self.shared.clock.dice());
        if let Some(flow) = self.flow.as_mut() {
            flow.abandon(now, &mut self.shared.pool.lock(), dice);
            // a probe's place may have become free
            self.shared.waiting.wake();
        }
        self.close(End::ClientLeft);
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
