//! The metrics: names, label sets, and what a receipt adds to them.
//!
//! Labels are closed sets (`&'static str` from enums) or names of the configuration ([`Names`]); no label holds text
//! that a caller chose.

mod pool;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use claviger_types::Usage;
use foldhash::fast::RandomState;
use parking_lot::RwLock;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::names::Names;
use crate::receipt::{End, Receipt};

pub use pool::CredentialGauge;
pub(crate) use pool::PoolGauges;

/// Seconds; from a cached embedding to a long reasoning stream.
const SECONDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0];
/// Seconds; the first bucket counts those that did not wait.
const WAITS: [f64; 9] = [0.0, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Attempts; the last bounds are for pools of mostly dead credentials.
const ATTEMPTS: [f64; 10] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 16.0, 32.0, 64.0];

/// The label of requests that no route took.
const NONE: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Arc<str>,
    operation: &'static str,
    status: StatusClass,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Arc<str>,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: Arc<str>,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    provider: Arc<str>,
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UsageLabels {
    provider: Arc<str>,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// The first digit of the status a caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum StatusClass {
    /// The caller left before any.
    None,
    Informational,
    Success,
    Redirection,
    ClientError,
    ServerError,
}

impl StatusClass {
    const fn of(status: u16) -> Self {
        match status {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500.. => Self::ServerError,
            0..=99 => Self::None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }
}

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.name().encode(encoder)
    }
}

impl EncodeLabelValue for End {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.name().encode(encoder)
    }
}

/// A family of metrics, and handles to those that exist: finding one costs a hash, not a walk through the family.
#[derive(Debug)]
struct Series<L, M, C = fn() -> M> {
    family: Family<L, M, C>,
    known: RwLock<HashMap<L, M, RandomState>>,
}

type Counters<L> = Series<L, Counter>;
type Histograms<L> = Series<L, Histogram>;

impl<L: Clone + Eq + Hash, M: Clone> Series<L, M> {
    fn new(make: fn() -> M) -> Self {
        Self { family: Family::new_with_constructor(make), known: RwLock::default() }
    }

    fn with<R>(&self, labels: &L, change: impl Fn(&M) -> R) -> R {
        if let Some(metric) = self.known.read().get(labels) {
            return change(metric);
        }
        let metric = self.family.get_or_create_owned(labels);
        let changed = change(&metric);
        self.known.write().insert(labels.clone(), metric);
        changed
    }
}

/// Counts a request as being served until it is dropped.
#[derive(Debug)]
#[must_use = "the request counts as in flight only while this lives"]
pub struct InFlightGuard(Gauge);

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Handles to every metric but those of the pool.
#[derive(Debug)]
pub(crate) struct Metrics {
    names: Names,
    none: Arc<str>,
    requests: Counters<RequestLabels>,
    seconds: Histograms<RouteLabels>,
    first_content: Histograms<RouteLabels>,
    attempts: Counters<AttemptLabels>,
    checks: Family<CheckLabels, Counter>,
    attempts_per_request: Histogram,
    wait: Histogram,
    usage: Counters<UsageLabels>,
    in_flight: Gauge,
    pub(crate) connections: Gauge,
    reloads: Family<ReloadLabels, Counter>,
    pub(crate) lines_dropped: Counter,
}

impl Metrics {
    /// All metrics at zero, none registered.
    pub(crate) fn new() -> Self {
        let names = Names::default();
        let none = names.get(NONE);
        Self {
            names,
            none,
            requests: Series::new(Counter::default),
            seconds: Series::new(|| Histogram::new(SECONDS)),
            first_content: Series::new(|| Histogram::new(SECONDS)),
            attempts: Series::new(Counter::default),
            checks: Family::default(),
            attempts_per_request: Histogram::new(ATTEMPTS),
            wait: Histogram::new(WAITS),
            usage: Series::new(Counter::default),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            reloads: Family::default(),
            lines_dropped: Counter::default(),
        }
    }

    /// Gives every metric its name and help. Counters get `_total` and the build `_info` from the encoder.
    pub(crate) fn register(&self, to: &mut Registry) {
        to.register("requests", "Requests by how they ended", self.requests.family.clone());
        to.register("request_seconds", "Arrival to end of a request", self.seconds.family.clone());
        to.register(
            "first_content_seconds",
            "Arrival to the first content for the caller",
            self.first_content.family.clone(),
        );
        to.register("attempts", "Sends to one credential by what came of them", self.attempts.family.clone());
        to.register("checks", "Requests of the gateway's own that try a credential", self.checks.clone());
        to.register("attempts_per_request", "Attempts that one request took", self.attempts_per_request.clone());
        to.register("wait_seconds", "Time one request waited for a credential", self.wait.clone());
        to.register("usage", "LLM tokens as providers counted them", self.usage.family.clone());
        to.register("in_flight", "Requests being served", self.in_flight.clone());
        to.register("connections", "Open client connections", self.connections.clone());
        to.register("reloads", "Configuration reloads", self.reloads.clone());
        to.register("log_lines_dropped", "Receipts not written because the log was slow", self.lines_dropped.clone());
        to.register("build", "The running version", Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") }));
    }

    /// Adds one request.
    pub(crate) fn record(&self, receipt: &Receipt) {
        let route = receipt.route.as_deref().map_or_else(|| Arc::clone(&self.none), |route| self.names.get(route));
        let labels = RouteLabels { route: Arc::clone(&route), operation: receipt.operation };
        self.seconds.with(&labels, |histogram| histogram.observe(seconds(receipt.total_ms)));
        if let Some(first) = receipt.first_content_ms {
            self.first_content.with(&labels, |histogram| histogram.observe(seconds(first)));
        }
        let status = StatusClass::of(receipt.status);
        let labels = RequestLabels { route, operation: receipt.operation, status, end: receipt.end };
        self.requests.with(&labels, Counter::inc);
        self.wait.observe(seconds(receipt.wait_ms));
        self.attempts_per_request.observe(f64::from(u32::try_from(receipt.attempts.len()).unwrap_or(u32::MAX)));
        for attempt in &receipt.attempts {
            let labels = AttemptLabels { provider: self.names.get(&attempt.provider), verdict: attempt.verdict };
            self.attempts.with(&labels, Counter::inc);
        }
        if let Some(provider) = receipt.provider.as_deref().filter(|_| receipt.usage.is_known()) {
            self.count_usage(&self.names.get(provider), receipt.usage);
        }
    }

    fn count_usage(&self, provider: &Arc<str>, usage: Usage) {
        let kinds = [
            ("input", usage.input),
            ("output", usage.output),
            ("cached", usage.cached),
            ("reasoning", usage.reasoning),
        ];
        for (kind, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
            let labels = UsageLabels { provider: Arc::clone(provider), kind };
            self.usage.with(&labels, |counter| counter.inc_by(count));
        }
    }

    pub(crate) fn in_flight(&self) -> InFlightGuard {
        self.in_flight.inc();
        InFlightGuard(self.in_flight.clone())
    }

    pub(crate) fn checked(&self, provider: &str, kind: &'static str, outcome: &'static str) {
        self.checks.get_or_create(&CheckLabels { provider: self.names.get(provider), kind, outcome }).inc();
    }

    pub(crate) fn reloaded(&self, ok: bool) {
        self.reloads.get_or_create(&ReloadLabels { result: if ok { "ok" } else { "failed" } }).inc();
    }
}

fn seconds(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}
