//! Who calls when: the same (scenario, seed) gives the same times, models and flags as in the exam over the wire.

use crate::scenario::Scenario;
use crate::twister::Twister;

/// One request of a client.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Counts from 0.
    pub id: usize,
    /// Seconds.
    pub at: f64,
    /// Index into [`crate::scenario::Traffic::shares`].
    pub model: usize,
    /// Whether it asks for a stream.
    pub stream: bool,
    /// Whether it is malformed.
    pub malformed: bool,
}

/// All requests of a run, by time within each stretch.
pub fn arrivals(scenario: &Scenario, seed: u64) -> Vec<Arrival> {
    let traffic = &scenario.traffic;
    let mut random = Twister::new(seed * 104_729 + scenario.seed * 31 + 5);
    let weights: Vec<f64> = traffic.shares.iter().map(|(_, share)| *share).collect();
    let mut all = Vec::new();
    for stretch in &traffic.arrivals {
        let poisson = stretch.process.as_deref().is_none_or(|process| process == "poisson");
        let mut at = stretch.start;
        loop {
            at += if poisson { random.exponential(stretch.rps) } else { 1.0 / stretch.rps };
            if at >= stretch.end {
                break;
            }
            let model = if weights.len() == 1 { 0 } else { random.pick(&weights) };
            let stream = random.unit() < traffic.stream_fraction;
            let malformed = random.unit() < traffic.bad_request_fraction;
            all.push(Arrival { id: all.len(), at, model, stream, malformed });
        }
    }
    all
}
