//! The one door: a receipt given to [`Telemetry::record`] becomes its log line and its metrics together.

use std::io::Write;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

use crate::line;
use crate::metrics::{CredentialGauge, InFlightGuard, Metrics, PoolGauges};
use crate::receipt::Receipt;
use crate::settings::LogSettings;
use crate::writer::Writer;

#[cfg(test)]
mod tests;

/// The `content-type` of [`Telemetry::encode`].
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Receipts to the log, counts to the metrics. Shared by all threads; no call blocks on output.
#[derive(Debug)]
pub struct Telemetry {
    log: LogSettings,
    metrics: Metrics,
    pool: PoolGauges,
    registry: Registry,
    writer: Writer,
}

impl Telemetry {
    /// Receipts go to standard output, from a thread of its own.
    pub fn new(log: LogSettings) -> Self {
        Self::with_output(log, Box::new(std::io::stdout()))
    }

    /// Receipts go to `output`, from a thread of its own.
    pub fn with_output(log: LogSettings, output: Box<dyn Write + Send>) -> Self {
        let metrics = Metrics::new();
        let pool = PoolGauges::default();
        let mut registry = Registry::default();
        metrics.register(registry.sub_registry_with_prefix("claviger"));
        registry.register_collector(Box::new(pool.clone()));
        let writer = Writer::start(output, metrics.lines_dropped.clone());
        Self { log, metrics, pool, registry, writer }
    }

    /// Says what one request did: once per request, when it is over.
    pub fn record(&self, receipt: &Receipt) {
        self.metrics.record(receipt);
        if self.log.receipts {
            self.writer.put(line::of(receipt, self.log.format));
        }
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn in_flight(&self) -> InFlightGuard {
        self.metrics.in_flight()
    }

    /// Counts a request of the gateway's own that tried a credential of `provider`. `kind` and `outcome` are closed sets.
    pub fn checked(&self, provider: &str, kind: &'static str, outcome: &'static str) {
        self.metrics.checked(provider, kind, outcome);
    }

    /// Counts a reload of the configuration: taken over, or refused as a whole.
    pub fn reloaded(&self, ok: bool) {
        self.metrics.reloaded(ok);
    }

    /// A client connected.
    pub fn connection_opened(&self) {
        self.metrics.connections.inc();
    }

    /// A client connection ended; exactly once per [`Telemetry::connection_opened`].
    pub fn connection_closed(&self) {
        self.metrics.connections.dec();
    }

    /// Replaces the picture of the pool that the next [`Telemetry::encode`] shows.
    pub fn set_pool(&self, pool: &[CredentialGauge]) {
        self.pool.set(pool);
    }

    /// All metrics as OpenMetrics text ([`METRICS_CONTENT_TYPE`]).
    pub fn encode(&self) -> String {
        let mut out = String::new();
        // Writing to a `String` cannot fail, and none of our metrics refuses to be written.
        if let Err(error) = text::encode(&mut out, &self.registry) {
            tracing::error!(%error, "metrics are incomplete");
        }
        out
    }

    /// Waits until every receipt recorded before the call is written, `within` at most; for shutdown. Whether they
    /// are.
    pub fn flush(&self, within: Duration) -> bool {
        self.writer.flush(within)
    }
}
