//! What the script does to whom: deaths, recoveries and outages, which some figures are about.

use crate::limiter::EPSILON;
use crate::scenario::{Phase, Scenario};

/// The trouble of a scenario; times are seconds.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    /// Token, from, to: dead for at least eight seconds.
    pub deaths: Vec<(usize, f64, f64)>,
    /// Token, when it is back, when it dies again.
    pub recoveries: Vec<(usize, f64, f64)>,
    /// The whole endpoint, from, to.
    pub outages: Vec<(f64, f64)>,
}

/// Shorter deaths are not counted.
const DEATH: f64 = 8.0;
/// Recoveries nearer than this to the next death, or to the end, are not counted.
const RECOVERY: f64 = 5.0;

impl Trouble {
    /// Reads it from the scenario.
    pub fn of(scenario: &Scenario) -> Self {
        let duration = scenario.traffic.duration;
        let span = |phase: &Phase| (phase.start, phase.end.unwrap_or(duration));
        let broken = |phases: &[Phase]| phases.iter().filter(|phase| phase.is_broken()).map(span).collect::<Vec<_>>();
        let mut trouble = Self::default();
        for (index, token) in scenario.pool.iter().enumerate() {
            let merged = merge(broken(&token.place.phases));
            for (from, to) in &merged {
                if to - from < DEATH || *from >= duration {
                    continue;
                }
                trouble.deaths.push((index, *from, *to));
                let again =
                    merged.iter().map(|(from, _)| *from).filter(|from| from >= to).fold(f64::INFINITY, f64::min);
                let again = if again.is_finite() { again } else { duration };
                if *to < duration - RECOVERY && again - to >= RECOVERY {
                    trouble.recoveries.push((index, *to, again));
                }
            }
        }
        trouble.outages = broken(&scenario.endpoint.phases);
        trouble.outages.retain(|(from, _)| *from < duration);
        trouble
    }

    /// Whether the whole endpoint is down at this second.
    pub fn is_outage(&self, at: f64) -> bool {
        self.outages.iter().any(|(from, to)| *from <= at && at < *to)
    }
}

fn merge(mut spans: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 + EPSILON => last.1 = last.1.max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}
