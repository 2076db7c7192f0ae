//! What happened, said once.
//!
//! In comes a [`Receipt`] per request and a few gauges; out come one log line on standard output and the metrics of
//! `/metrics`, always together and from the same values. Operational logs go through `tracing` to standard error
//! ([`init_tracing`]).
//!
//! It must never block a request (lines are handed to a writer thread, and dropped and counted when it falls behind),
//! never label a metric with text that callers choose, and never see a secret: credentials arrive masked.

mod line;
mod metrics;
mod names;
mod receipt;
mod settings;
mod telemetry;
mod trace;
mod writer;

pub use line::rfc3339;
pub use metrics::{CredentialGauge, InFlightGuard};
pub use receipt::{AttemptLine, End, Receipt};
pub use settings::{Level, LogFormat, LogSettings};
pub use telemetry::{METRICS_CONTENT_TYPE, Telemetry};
pub use trace::init_tracing;
