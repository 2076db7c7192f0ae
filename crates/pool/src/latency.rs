//! How long an endpoint usually takes to its first content.

use std::time::Duration;

/// Running mean and variance of the logarithm of seconds, streams and whole answers apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    stream: LogNormal,
    whole: LogNormal,
}

#[derive(Clone, Copy, Debug, Default)]
struct LogNormal {
    mean: f64,
    variance: f64,
    samples: u32,
}

/// Below this many samples nothing is said.
const ENOUGH: u32 = 5;
/// Weight of a new sample once there are many.
const STEP: f64 = 0.05;

impl Latency {
    pub(crate) fn add(&mut self, took: Duration, stream: bool) {
        let of = if stream { &mut self.stream } else { &mut self.whole };
        let x = took.as_secs_f64().max(1e-4).ln();
        let step = (1.0 / f64::from(of.samples + 1)).max(STEP);
        let off = x - of.mean;
        of.mean += step * off;
        of.variance = (1.0 - step) * (of.variance + step * off * off);
        of.samples = of.samples.saturating_add(1);
    }

    /// The usual time to the first content in seconds: of streams, or else of whole answers; 1 while nothing is known.
    pub(crate) fn usual(&self) -> f64 {
        let of = if self.stream.samples > 0 { &self.stream } else { &self.whole };
        of.mean.exp()
    }

    /// How many times longer than usual an answer took.
    pub(crate) fn ratio(&self, took: Duration, stream: bool) -> Option<f64> {
        let of = if stream { &self.stream } else { &self.whole };
        (of.samples >= ENOUGH).then(|| (took.as_secs_f64().max(1e-4).ln() - of.mean).exp())
    }

    /// The 99th percentile, when enough is known.
    pub(crate) fn p99(&self, stream: bool) -> Option<Duration> {
        let of = if stream { &self.stream } else { &self.whole };
        (of.samples >= ENOUGH).then(|| {
            // few samples say little about the spread: assume at least 0.35, usual for language models
            let sigma = of.variance.sqrt().max(0.35);
            Duration::from_secs_f64((of.mean + 2.33 * sigma).exp().min(3600.0))
        })
    }
}
